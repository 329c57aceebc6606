package io.breakwater.location;

import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.admission.InMemoryApiServer;
import io.breakwater.api.BackupLocation;
import io.breakwater.api.BackupLocationSpec;
import io.breakwater.api.BackupLocationSpec.AzureBlob;
import io.breakwater.api.BackupLocationSpec.S3;
import io.breakwater.api.NamedRef;
import io.breakwater.config.TestConfig;
import io.breakwater.trust.AuthorReview;
import io.breakwater.trust.StampFixture;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.rbac.PolicyRule;
import io.fabric8.kubernetes.api.model.rbac.PolicyRuleBuilder;
import io.fabric8.kubernetes.api.model.rbac.Role;
import io.fabric8.kubernetes.api.model.rbac.RoleBinding;
import io.fabric8.kubernetes.api.model.rbac.RoleBuilder;
import io.fabric8.kubernetes.api.model.rbac.Subject;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A separate gateway reads the Secrets that locations reference, and no other. */
class CredentialGrantsTest {
    private final InMemoryApiServer cluster = new InMemoryApiServer();
    private Optional<AuthorReview.Objection> objection = Optional.empty();
    private final CredentialGrants grants = grants(false);

    @AfterEach
    void close() {
        cluster.close();
    }

    @Test
    void grantsExactlyTheReferencedSecrets() {
        BackupLocationSpec locked = s3("store-b");
        locked.immutability = new BackupLocationSpec.Immutability();
        locked.s3.caBundleSecretRef = new NamedRef("ca-b");
        cluster.add(location("shop", "a", azure("store-a")), location("shop", "b", locked));
        cluster.add(location("sys", "shared", s3("shared")), location("sys", "identity", s3(null)));
        cluster.add(location("bank", "identity", s3(null)));

        grants.maintain();

        assertThat(role("shop").getRules()).containsExactly(get("breakwater-master-key", "ca-b", "store-a", "store-b"));
        assertThat(role("sys").getRules()).containsExactly(get("breakwater-master-key", "shared"));
        assertThat(role("bank").getRules()).containsExactly(get("breakwater-master-key"));
        assertThat(binding("shop").getRoleRef().getName()).isEqualTo(CredentialGrants.NAME);
        assertThat(binding("shop").getSubjects())
                .containsExactly(new Subject(null, "ServiceAccount", "breakwater-gateway", "sys"));
    }

    @Test
    void grantsNoSecretThatAnUnknownAuthorNames() {
        cluster.add(location("shop", "a", s3("store")));
        grants.maintain();
        assertThat(role("shop")).isNotNull();
        objection = Optional.of(new AuthorReview.Objection(true, "unknown"));
        grants.maintain();
        assertThat(role("shop")).isNull();
        assertThat(binding("shop")).isNull();
    }

    @Test
    void followsChangesAndRepairsItsObjects() {
        BackupLocation location = location("shop", "a", s3("before"));
        cluster.add(location);
        grants.maintain();
        location.setSpec(s3("after"));
        cluster.client().resource(location).update();
        cluster.client().resource(binding("shop")).delete();

        grants.maintain();

        assertThat(role("shop").getRules()).containsExactly(get("after", "breakwater-master-key"));
        assertThat(binding("shop")).isNotNull();
    }

    @Test
    void deletesRightsWithTheLastLocation() {
        BackupLocation location = location("shop", "a", s3("store"));
        cluster.add(location);
        cluster.add(new RoleBuilder()
                .withMetadata(new ObjectMetaBuilder()
                        .withNamespace("bank")
                        .withName("other")
                        .withLabels(Map.of("breakwater.io/component", "gateway-credentials"))
                        .build())
                .build());
        grants.maintain();
        cluster.client().resource(location).delete();

        grants.maintain();

        assertThat(role("shop")).isNull();
        assertThat(binding("shop")).isNull();
        assertThat(cluster.client()
                        .rbac()
                        .roles()
                        .inNamespace("bank")
                        .withName("other")
                        .get())
                .as("a Role of another name")
                .isNotNull();
    }

    @Test
    void deletesRightsWhenTheGatewayIsEmbedded() {
        cluster.add(location("shop", "a", s3("store")));
        grants.maintain();

        grants(true).maintain();

        assertThat(role("shop")).isNull();
        assertThat(binding("shop")).isNull();
    }

    private CredentialGrants grants(boolean embedded) {
        return new CredentialGrants(
                cluster.client(),
                TestConfig.of(Map.of(
                        "breakwater.namespace", "sys", "breakwater.gateway.embedded", Boolean.toString(embedded))),
                StampFixture.reviewing(() -> objection));
    }

    private Role role(String namespace) {
        return cluster.client()
                .rbac()
                .roles()
                .inNamespace(namespace)
                .withName(CredentialGrants.NAME)
                .get();
    }

    private RoleBinding binding(String namespace) {
        return cluster.client()
                .rbac()
                .roleBindings()
                .inNamespace(namespace)
                .withName(CredentialGrants.NAME)
                .get();
    }

    private static PolicyRule get(String... secrets) {
        return new PolicyRuleBuilder()
                .withApiGroups("")
                .withResources("secrets")
                .withResourceNames(secrets)
                .withVerbs("get")
                .build();
    }

    private static BackupLocationSpec s3(String secret) {
        BackupLocationSpec spec = new BackupLocationSpec();
        spec.s3 = new S3();
        spec.s3.credentialsSecretRef = secret == null ? null : new NamedRef(secret);
        return spec;
    }

    private static BackupLocationSpec azure(String secret) {
        BackupLocationSpec spec = new BackupLocationSpec();
        spec.azureBlob = new AzureBlob();
        spec.azureBlob.credentialsSecretRef = new NamedRef(secret);
        return spec;
    }

    private static BackupLocation location(String namespace, String name, BackupLocationSpec spec) {
        BackupLocation location = new BackupLocation();
        location.setMetadata(
                new ObjectMetaBuilder().withNamespace(namespace).withName(name).build());
        location.setSpec(spec);
        return location;
    }
}
