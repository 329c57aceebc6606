package io.breakwater.location;

import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.admission.InMemoryApiServer;
import io.breakwater.api.BackupLocation;
import io.breakwater.api.BackupLocationSpec.Namespaces;
import io.breakwater.config.TestConfig;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class QuickstartLocationTest {
    private final InMemoryApiServer cluster = new InMemoryApiServer();

    @AfterEach
    void close() {
        cluster.close();
    }

    @Test
    void createsTheLocationOnceAndNeverChangesIt() {
        var quickstart =
                new QuickstartLocation(cluster.client(), TestConfig.of(Map.of("breakwater.namespace", "backup")));
        quickstart.create();
        assertThat(location().getSpec().filesystem.path).isEqualTo("quickstart");
        assertThat(location().getSpec().usagePolicy.namespaces).isEqualTo(Namespaces.All);
        String uid = location().getMetadata().getUid();

        BackupLocation changed = location();
        changed.getSpec().usagePolicy.namespaces = Namespaces.Same;
        cluster.client().resource(changed).update();
        quickstart.create();
        assertThat(location().getSpec().usagePolicy.namespaces).isEqualTo(Namespaces.Same);
        assertThat(location().getMetadata().getUid()).isEqualTo(uid);
    }

    private BackupLocation location() {
        return cluster.client()
                .resources(BackupLocation.class)
                .inNamespace("backup")
                .withName(QuickstartLocation.NAME)
                .get();
    }
}
