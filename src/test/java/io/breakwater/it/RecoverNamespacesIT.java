package io.breakwater.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.api.BackupPolicy;
import io.breakwater.api.RestorePoint;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Two namespaces are deleted, volumes and all, and the steps of docs/recover-a-cluster.md that list and restore namespaces recover
 * them. Then they adopt their history by annotation, continue in the same repositories, and delete an earlier point. {@link RecoverClusterIT} loses the
 * whole cluster; this test takes a minute.
 */
@ExtendWith(RigExtension.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Tag("long")
class RecoverNamespacesIT {
    private static final String SITE = Rig.WEST;
    private static final String LOCATION = "recover-namespaces";
    private static final String FIRST = "recover-first";
    private static final String SECOND = "recover-second";
    private static final List<String> NAMESPACES = List.of(FIRST, SECOND);
    private static final String POLICY = "daily";
    private static final String FILES = "/recover-namespaces";

    private final Rig rig;
    private final Site site;
    private final RecoveryFixture fixture;
    private final Map<String, RecoveryFixture.Content> before = new LinkedHashMap<>();
    private Set<String> repositories;

    RecoverNamespacesIT(Rig rig) {
        this.rig = rig;
        this.site = rig.west();
        this.fixture = new RecoveryFixture(rig, site);
    }

    @BeforeAll
    void protect() {
        site.cluster().apply(Rig.SYSTEM, fixture.manifests(LOCATION));
        site.awaitLocation(Rig.SYSTEM, LOCATION);
        Rig.inParallel(() -> fixture.deploy(FIRST), () -> fixture.deploy(SECOND));
        for (String namespace : NAMESPACES) {
            BackupPolicy policy = Examples.policy(namespace, POLICY, LOCATION);
            site.client().resource(policy).create();
            site.createPoint(namespace, "last", POLICY);
        }
        for (String namespace : NAMESPACES) {
            site.awaitPoint(namespace, "last");
            before.put(namespace, fixture.content(namespace));
        }
        repositories = fixture.repositories(LOCATION);
        assertThat(repositories).hasSize(NAMESPACES.size());
    }

    @AfterAll
    void remove() {
        NAMESPACES.forEach(n -> site.client().namespaces().withName(n).delete());
        site.cluster()
                .kubectl(
                        "delete",
                        "restores.breakwater.io",
                        "-n",
                        Rig.SYSTEM,
                        "--ignore-not-found",
                        "recover-" + FIRST,
                        "recover-" + SECOND);
        site.cluster()
                .kubectl("delete", "backuplocations", LOCATION, "-n", Rig.SYSTEM, "--ignore-not-found", "--wait=false");
    }

    @Test
    void restoresDeletedNamespacesAndContinuesTheirRepositories() {
        NAMESPACES.forEach(n -> site.cluster().deleteNamespace(n, rig.progress()));
        for (String namespace : NAMESPACES) {
            site.awaitListed(Rig.SYSTEM, SITE, namespace, "last");
        }

        commands("4. List the newest points");
        commands("6. Restore the namespaces");

        fixture.assertRestores();
        for (String namespace : NAMESPACES) {
            assertThat(fixture.content(namespace))
                    .as("content of namespace " + namespace)
                    .isEqualTo(before.get(namespace));
            assertThat(site.get(BackupPolicy.class, namespace, POLICY)).isPresent();
            site.cluster().kubectl("annotate", "namespace", namespace, "breakwater.io/adopt=" + SITE + "/" + namespace);
            RestorePoint earlier = site.awaitListed(namespace, SITE, namespace, "last");
            assertThat(earlier.getSpec().policyRef.name).isEqualTo(POLICY);
            site.createPoint(namespace, "next", POLICY);
        }
        NAMESPACES.forEach(fixture::awaitDelta);
        assertThat(fixture.repositories(LOCATION))
                .as("repositories in the store")
                .isEqualTo(repositories);
        deleteEarlierPoint();
    }

    /** The retention of a policy deletes an earlier point the same way, a day after it appeared. */
    private void deleteEarlierPoint() {
        String earlier =
                site.awaitListed(FIRST, SITE, FIRST, "last").getMetadata().getName();
        String point = "restorepoint/" + earlier;
        site.cluster()
                .kubectl(
                        "patch",
                        point,
                        "-n",
                        FIRST,
                        "--type=merge",
                        "-p",
                        "{\"spec\":{\"deletionPolicy\":\"Delete\"}}");
        site.cluster().kubectl("delete", point, "-n", FIRST, "--timeout=180s");

        assertThat(site.cluster().kubectl("get", "events", "-n", FIRST, "-o", "jsonpath={.items[*].message}"))
                .contains("deleted the data of point " + SITE + "/" + FIRST + "/last");
        assertThat(site.get(RestorePoint.class, FIRST, "next")).isPresent();
    }

    private void commands(String section) {
        Map<String, String> values = Map.of("site", SITE, "old", site.cluster().uid(), "first", FIRST, "rest", SECOND);
        List<PageCommands.Block> blocks = RecoveryFixture.page(values).blocks().stream()
                .filter(b -> b.section().equals(section))
                .toList();
        assertThat(blocks).as(section).isNotEmpty();
        site.cluster().write(FILES, "section", section);
        blocks.forEach(b -> rig.progress().quote(site.cluster().shell(FILES, b.script())));
    }
}
