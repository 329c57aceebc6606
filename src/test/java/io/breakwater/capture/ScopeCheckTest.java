package io.breakwater.capture;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.breakwater.api.BackupPolicy;
import io.breakwater.api.BackupPolicySpec;
import io.breakwater.api.BackupPolicySpec.ClusterResources;
import org.junit.jupiter.api.Test;

class ScopeCheckTest {
    @Test
    void refusesAllClusterScopedObjectsOfATenant() {
        assertThatThrownBy(() -> ScopeCheck.check(policy("shop", ClusterResources.All), "ops"))
                .hasMessageContaining("BackupPolicy shop/p")
                .hasMessageContaining("is allowed in namespace ops only");
        assertThatCode(() -> ScopeCheck.check(policy("ops", ClusterResources.All), "ops"))
                .doesNotThrowAnyException();
        assertThatCode(() -> ScopeCheck.check(policy("shop", ClusterResources.Referenced), "ops"))
                .doesNotThrowAnyException();
    }

    private static BackupPolicy policy(String namespace, ClusterResources resources) {
        BackupPolicy policy = new BackupPolicy();
        policy.getMetadata().setNamespace(namespace);
        policy.getMetadata().setName("p");
        policy.setSpec(new BackupPolicySpec());
        policy.getSpec().source = new BackupPolicySpec.Source();
        policy.getSpec().source.includeClusterResources = resources;
        return policy;
    }
}
