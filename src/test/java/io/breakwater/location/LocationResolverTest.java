package io.breakwater.location;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.breakwater.admission.InMemoryApiServer;
import io.breakwater.api.Api;
import io.breakwater.api.BackupLocation;
import io.breakwater.api.BackupLocationSpec;
import io.breakwater.api.BackupLocationSpec.Namespaces;
import io.breakwater.api.BackupPolicy;
import io.breakwater.api.BackupPolicySpec;
import io.breakwater.api.NamedRef;
import io.breakwater.config.TestConfig;
import io.breakwater.observe.StatusWriter;
import io.breakwater.watch.ObjectCache;
import io.breakwater.watch.SharedInformers;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Which location a name means. */
class LocationResolverTest {
    private final InMemoryApiServer cluster = new InMemoryApiServer();
    private final LocationResolver locations =
            TestLocations.of(cluster.client(), TestConfig.of(Map.of("breakwater.namespace", "ops")));

    @AfterEach
    void close() {
        cluster.close();
    }

    @Test
    void prefersTheLocationOfTheNamespace() {
        location("ops", Namespaces.All);
        assertThat(meant("shop")).isEqualTo("ops");
        location("shop", Namespaces.Same);
        assertThat(meant("shop")).isEqualTo("shop");
        assertThat(meant("blog")).isEqualTo("ops");
    }

    @Test
    void prefersTheSharedLocationForTemplateManagedPolicies() {
        location("ops", Namespaces.All);
        location("shop", Namespaces.Same);
        policy("shop", null);
        assertThat(meant("shop")).isEqualTo("shop");
        policy("blog", Map.of(Api.TEMPLATE, "all"));
        assertThat(meant("shop"))
                .as("a template manages the policy of another namespace")
                .isEqualTo("shop");

        policy("shop", Map.of(Api.TEMPLATE, "all"));
        assertThat(meant("shop")).isEqualTo("ops");
    }

    @Test
    void ignoresSharedLocationsThatDoNotAdmitTheNamespace() {
        location("ops", Namespaces.Same);
        location("shop", Namespaces.Same);
        policy("shop", Map.of(Api.TEMPLATE, "all"));
        assertThat(meant("shop")).isEqualTo("shop");
        assertThatThrownBy(() -> meant("blog")).hasMessageContaining("does not admit namespace blog");
        assertThat(meant("ops")).isEqualTo("ops");
    }

    @Test
    void ignoresALocationThatIsBeingDeletedExceptToDeleteData() {
        location("ops", Namespaces.All);
        location("shop", Namespaces.Same);
        delete("shop");
        assertThat(meant("shop")).isEqualTo("ops");
        delete("ops");
        assertThatThrownBy(() -> meant("blog")).hasMessageContaining("exists neither in namespace blog");
        assertThat(locations
                        .resolveToDelete("blog", new NamedRef("blob"))
                        .getMetadata()
                        .getNamespace())
                .isEqualTo("ops");
    }

    @Test
    void findsALocationThatIsNewerThanTheCache() {
        location("ops", Namespaces.All);
        KubernetesClient client = cluster.client();
        ObjectCache behind = new ObjectCache(client, new SharedInformers(client), new StatusWriter(client)) {
            @Override
            public <T extends HasMetadata> T find(Class<T> type, String namespace, String name) {
                return null;
            }
        };
        LocationResolver resolver = new LocationResolver(behind, TestConfig.of(Map.of("breakwater.namespace", "ops")));

        assertThat(resolver.resolve("shop", new NamedRef("blob")).getMetadata().getNamespace())
                .isEqualTo("ops");
        assertThatThrownBy(() -> resolver.lookUp("shop", new NamedRef("blob")))
                .as("for a report")
                .hasMessageContaining("exists neither");
    }

    /** A finalizer, which any user can add, makes the deletion last. */
    private void delete(String namespace) {
        var location = cluster.client()
                .resources(BackupLocation.class)
                .inNamespace(namespace)
                .withName("blob");
        location.edit(l -> {
            l.getMetadata().setFinalizers(List.of("example.org/mine"));
            return l;
        });
        location.delete();
        assertThat(location.get().getMetadata().getDeletionTimestamp()).isNotNull();
    }

    private String meant(String namespace) {
        return locations.resolve(namespace, new NamedRef("blob")).getMetadata().getNamespace();
    }

    private void location(String namespace, Namespaces usage) {
        BackupLocation location = new BackupLocation();
        location.getMetadata().setName("blob");
        location.getMetadata().setNamespace(namespace);
        location.setSpec(new BackupLocationSpec());
        location.getSpec().usagePolicy = new BackupLocationSpec.UsagePolicy();
        location.getSpec().usagePolicy.namespaces = usage;
        cluster.client().resource(location).create();
    }

    private void policy(String namespace, Map<String, String> labels) {
        BackupPolicy policy = new BackupPolicy();
        policy.getMetadata().setName(labels == null ? "own" : "all");
        policy.getMetadata().setNamespace(namespace);
        policy.getMetadata().setLabels(labels);
        policy.setSpec(new BackupPolicySpec());
        cluster.client().resource(policy).create();
    }
}
