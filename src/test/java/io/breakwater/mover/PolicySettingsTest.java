package io.breakwater.mover;

import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.admission.InMemoryApiServer;
import io.breakwater.api.BackupPolicy;
import io.breakwater.api.BackupPolicySpec;
import io.breakwater.api.MoverSettings;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** A quota of a namespace requires limits of every pod, also of the movers of a restore. */
class PolicySettingsTest {
    @Test
    void usesResourcesOfThePolicyWithoutItsNodes() {
        try (InMemoryApiServer cluster = new InMemoryApiServer()) {
            BackupPolicy policy = new BackupPolicy();
            policy.getMetadata().setNamespace("shop");
            policy.getMetadata().setName("pol");
            policy.setSpec(new BackupPolicySpec());
            policy.getSpec().volumes = new BackupPolicySpec.Volumes();
            MoverSettings mover = new MoverSettings();
            mover.resources = new MoverSettings.Resources();
            mover.resources.limits = new MoverSettings.Amounts();
            mover.resources.limits.cpu = "1";
            mover.nodeSelector = Map.of("pool", "backup");
            policy.getSpec().volumes.mover = mover;
            cluster.add(policy);

            MoverSettings found = PolicySettings.find(cluster.client(), "pol", "copy", "shop");
            assertThat(found.resources.limits.cpu).isEqualTo("1");
            assertThat(found.nodeSelector).isNull();
            assertThat(PolicySettings.find(cluster.client(), "other", "shop").resources)
                    .isNull();
        }
    }
}
