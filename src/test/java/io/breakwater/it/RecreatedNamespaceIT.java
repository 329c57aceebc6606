package io.breakwater.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.breakwater.api.BackupPolicy;
import io.breakwater.api.Condition;
import io.breakwater.api.RestorePoint;
import io.breakwater.api.RestoreSpec.OnConflict;
import io.breakwater.store.ObjectStore;
import io.breakwater.store.TestStores;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * A namespace is deleted, and another user gets one of the same name, with all rights in it. That user sees no point of the
 * earlier namespace, and cannot adopt them. An administrator can.
 */
@ExtendWith(RigExtension.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Tag("long")
class RecreatedNamespaceIT {
    private static final String NAMESPACE = "recreated";
    private static final String LOCATION = "recreated";
    private static final String POLICY = "daily";
    private static final String ADOPT = "breakwater.io/adopt";
    private static final String HISTORY = Rig.WEST + "/" + NAMESPACE;
    private static final Duration SOON = Duration.ofMinutes(2);

    private final Rig rig;
    private final Site site;
    private final RecoveryFixture fixture;
    private RecoveryFixture.Content before;

    RecreatedNamespaceIT(Rig rig) {
        this.rig = rig;
        this.site = rig.west();
        this.fixture = new RecoveryFixture(rig, site);
    }

    @BeforeAll
    void capture() {
        site.cluster().apply(Rig.SYSTEM, fixture.manifests(LOCATION));
        site.awaitLocation(Rig.SYSTEM, LOCATION);
        fixture.deploy(NAMESPACE);
        site.client().resource(Examples.policy(NAMESPACE, POLICY, LOCATION)).create();
        site.createPoint(NAMESPACE, "secret", POLICY);
        site.awaitPoint(NAMESPACE, "secret");
        before = fixture.content(NAMESPACE);
    }

    @AfterAll
    void remove() {
        site.client().namespaces().withName(NAMESPACE).delete();
        site.cluster()
                .kubectl("delete", "backuplocations", LOCATION, "-n", Rig.SYSTEM, "--ignore-not-found", "--wait=false");
    }

    @Test
    void showsAnEarlierNamespaceOnlyAfterAnAdministratorAdoptsIt() {
        Map<String, String> earlier = repositories();
        assertThat(earlier).isNotEmpty();
        site.cluster().deleteNamespace(NAMESPACE, rig.progress());
        fixture.deploy(NAMESPACE);
        site.cluster().apply(NAMESPACE, RIGHTS);
        site.client().resource(Examples.policy(NAMESPACE, POLICY, LOCATION)).create();

        assertThat(awaitReport()).contains("1 point of an earlier namespace recreated is not shown");
        assertThat(points()).isZero();
        site.createPoint(NAMESPACE, "next", POLICY);
        site.awaitPoint(NAMESPACE, "next");
        Map<String, String> after = repositories();
        after.keySet().removeIf(key -> !directories(earlier).contains(directory(key)));
        assertThat(after).as("the repository of the earlier namespace").isEqualTo(earlier);

        try (KubernetesClient jane = jane()) {
            assertThatThrownBy(() -> jane.namespaces().withName(NAMESPACE).edit(n -> {
                        n.getMetadata().setAnnotations(new TreeMap<>(Map.of(ADOPT, HISTORY)));
                        return n;
                    }))
                    .hasMessageContaining("user jane may not set " + ADOPT);
        }
        assertThat(points()).as("her own").isOne();

        site.cluster().kubectl("annotate", "namespace", NAMESPACE, ADOPT + "=" + HISTORY);
        RestorePoint adopted = site.awaitListed(NAMESPACE, Rig.WEST, NAMESPACE, "secret");
        site.restore(NAMESPACE, "adopted", adopted.getMetadata().getName(), null, OnConflict.Replace);
        assertThat(fixture.content(NAMESPACE)).isEqualTo(before);
        rig.progress()
                .await(
                        "the policy reports no earlier history any more",
                        SOON,
                        () -> site.describe(BackupPolicy.class, NAMESPACE, POLICY),
                        () -> Optional.of(report().isEmpty()));
    }

    private String awaitReport() {
        return rig.progress()
                .awaitValue(
                        "the policy reports the earlier history",
                        SOON,
                        () -> site.describe(BackupPolicy.class, NAMESPACE, POLICY),
                        this::report)
                .message;
    }

    private Optional<Condition> report() {
        return site.get(BackupPolicy.class, NAMESPACE, POLICY)
                .map(BackupPolicy::getStatus)
                .flatMap(s -> s.condition(Condition.EARLIER_HISTORY));
    }

    private long points() {
        return site.client()
                .resources(RestorePoint.class)
                .inNamespace(NAMESPACE)
                .list()
                .getItems()
                .size();
    }

    /** The objects of all repositories of the location, except restic's locks, with their ETags. */
    private Map<String, String> repositories() {
        var spec = fixture.location(LOCATION).getSpec().azureBlob;
        spec.endpoint = rig.reachedFromHere(Rig.WEST);
        ObjectStore store = TestStores.azure(spec, rig.accountKey(Rig.WEST));
        Map<String, String> objects = new TreeMap<>();
        store.list("breakwater/repos/", o -> {
            if (!o.key().contains("/locks/")) {
                objects.put(o.key(), o.etag());
            }
        });
        return objects;
    }

    private static Set<String> directories(Map<String, String> objects) {
        return objects.keySet().stream().map(RecreatedNamespaceIT::directory).collect(Collectors.toSet());
    }

    private static String directory(String key) {
        return key.split("/")[2];
    }

    private KubernetesClient jane() {
        return new KubernetesClientBuilder()
                .withConfig(new ConfigBuilder(site.client().getConfiguration())
                        .withImpersonateUsername("jane")
                        .build())
                .build();
    }

    /** Every right in the namespace, the verb adopt included. */
    private static final String RIGHTS = """
        ---
        apiVersion: rbac.authorization.k8s.io/v1
        kind: Role
        metadata: {name: everything}
        rules: [{apiGroups: ["*"], resources: ["*"], verbs: ["*"]}]
        ---
        apiVersion: rbac.authorization.k8s.io/v1
        kind: RoleBinding
        metadata: {name: jane}
        roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: everything}
        subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: jane}]
        """;
}
