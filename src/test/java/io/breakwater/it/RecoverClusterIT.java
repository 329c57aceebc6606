package io.breakwater.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.api.BackupPolicy;
import io.breakwater.api.BackupPolicySpec;
import io.breakwater.api.NamedRef;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * A cluster with two namespaces is deleted, volumes and all. The commands of docs/recover-a-cluster.md restore both into a new
 * cluster, and their schedules continue in the same repositories. The test uses clusters of its own, and stores of the rig.
 */
@Tag("long")
@ExtendWith(RigExtension.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class RecoverClusterIT {
    private static final String SITE = "south";
    private static final String LOCATION = "recover";
    /** Has its own policy. */
    private static final String LEDGER = "ledger";
    /** Has a policy of a template. */
    private static final String PAPERS = "papers";

    private static final List<String> NAMESPACES = List.of(LEDGER, PAPERS);
    private static final String TEMPLATE = "all-papers";
    private static final String POINT = "last";
    private static final String FILES = "/recover";

    private final Rig rig;
    private final Progress progress;
    private final String masterKey = RecoveryFixture.newKey();
    private final Map<String, RecoveryFixture.Content> before = new LinkedHashMap<>();
    private Cluster cluster;
    private Site site;
    private RecoveryFixture fixture;
    private String oldCluster;
    private Set<String> repositories;

    RecoverClusterIT(Rig rig) {
        this.rig = rig;
        this.progress = rig.progress();
    }

    @BeforeAll
    void protect() {
        start();
        rig.install(cluster, "catalog.interval=5S");
        oldCluster = cluster.uid();
        commands().stream()
                .filter(b -> b.text().contains("locations.yaml"))
                .forEach(b -> progress.quote(cluster.shell(FILES, b.script())));
        NAMESPACES.forEach(fixture::deploy);
        cluster.apply("default", PRIORITY);
        for (BackupPolicy policy : List.of(policy(), template(), clusterPolicy())) {
            cluster.client().resource(policy).create();
        }
        awaitManagedPolicy();
        site.createPoint(LEDGER, POINT, LEDGER);
        site.createPoint(PAPERS, POINT, TEMPLATE);
        site.createPoint(Rig.SYSTEM, POINT, "cluster");
        for (String namespace : List.of(LEDGER, PAPERS, Rig.SYSTEM)) {
            site.awaitPoint(namespace, POINT);
        }
        NAMESPACES.forEach(n -> before.put(n, fixture.content(n)));
        repositories = fixture.repositories(LOCATION);
        assertThat(repositories).hasSize(NAMESPACES.size());
    }

    @AfterAll
    void remove() {
        if (cluster != null) {
            cluster.close();
        }
    }

    @Test
    void restoresAllNamespacesOfALostClusterAndContinuesTheirSchedules() {
        cluster.close();
        progress.print("cluster %s is deleted, with its volumes", SITE);
        long begin = System.nanoTime();
        start();
        assertThat(cluster.uid()).isNotEqualTo(oldCluster);
        phase("a new cluster, empty", begin);
        try {
            Map<String, String> output = new LinkedHashMap<>();
            for (PageCommands.Block block : commands()) {
                long start = System.nanoTime();
                output.merge(block.section(), run(block), String::concat);
                phase(block.section(), start);
            }
            assertThat(output.get("4. List the newest points")).contains(LEDGER, PAPERS, Rig.SYSTEM);
            assertRestored();
            phase("all namespaces are restored", begin);
            NAMESPACES.forEach(fixture::awaitDelta);
            phase("all namespaces have a new point", begin);
            assertThat(fixture.repositories(LOCATION))
                    .as("repositories in the store")
                    .isEqualTo(repositories);
            NAMESPACES.forEach(n -> site.awaitListed(n, SITE, n, POINT));
        } catch (AssertionError | RuntimeException e) {
            progress.quote(cluster.diagnosis(List.of(Rig.SYSTEM, LEDGER, PAPERS)));
            throw e;
        }
    }

    private void phase(String what, long since) {
        progress.print("recovery: %-45s %6.1f s", what, (System.nanoTime() - since) / 1e9);
    }

    /** Starts an empty cluster with the files that a reader of the page has stored. */
    private void start() {
        cluster = rig.startCluster(SITE);
        site = new Site(cluster, progress);
        fixture = new RecoveryFixture(rig, site);
        cluster.write(FILES, "masterKey", masterKey);
        cluster.write(FILES, "locations.yaml", fixture.manifests(LOCATION));
    }

    private List<PageCommands.Block> commands() {
        return RecoveryFixture.page(Map.of("site", SITE, "old", oldCluster, "first", LEDGER, "rest", PAPERS))
                .blocks();
    }

    private String run(PageCommands.Block block) {
        Optional<List<String>> installation = block.installation();
        if (installation.isPresent()) {
            List<String> values = new ArrayList<>(installation.get());
            values.add("catalog.interval=5S");
            rig.install(cluster, values.toArray(String[]::new));
            return "";
        }
        String output = cluster.shell(FILES, block.script());
        progress.quote(output);
        return output;
    }

    private void assertRestored() {
        fixture.assertRestores();
        assertThat(cluster.kubectl("get", "priorityclass", "recovered", "-o", "jsonpath={.value}"))
                .isEqualTo("4321");
        for (String namespace : NAMESPACES) {
            assertThat(fixture.content(namespace))
                    .as("content of namespace " + namespace)
                    .isEqualTo(before.get(namespace));
        }
        assertThat(site.get(BackupPolicy.class, LEDGER, LEDGER).orElseThrow().getSpec().schedule.cron)
                .isEqualTo(policy().getSpec().schedule.cron);
        awaitManagedPolicy();
    }

    private void awaitManagedPolicy() {
        progress.await(
                "the template creates its policy in namespace " + PAPERS,
                Duration.ofMinutes(1),
                () -> site.describe(BackupPolicy.class, Rig.SYSTEM, TEMPLATE),
                () -> Optional.of(site.get(BackupPolicy.class, PAPERS, TEMPLATE).isPresent()));
    }

    private static BackupPolicy policy() {
        BackupPolicy policy = Examples.policy(LEDGER, LEDGER, LOCATION);
        everyMinute(policy);
        return policy;
    }

    private static BackupPolicy template() {
        BackupPolicy template = Examples.policy(Rig.SYSTEM, TEMPLATE, LOCATION);
        everyMinute(template);
        template.getSpec().source = new BackupPolicySpec.Source();
        template.getSpec().source.namespaces = new BackupPolicySpec.NamespaceSelection();
        template.getSpec().source.namespaces.include = List.of(PAPERS);
        return template;
    }

    private static void everyMinute(BackupPolicy policy) {
        policy.getSpec().schedule = new BackupPolicySpec.Schedule();
        policy.getSpec().schedule.cron = "* * * * *";
        policy.getSpec().schedule.jitter = "5s";
    }

    private static BackupPolicy clusterPolicy() {
        BackupPolicy policy = Examples.read("backuppolicy-cluster.yaml", BackupPolicy.class);
        policy.getMetadata().setNamespace(Rig.SYSTEM);
        policy.getSpec().locationRef = new NamedRef(LOCATION);
        policy.getSpec().schedule = null;
        return policy;
    }

    private static final String PRIORITY = """
        apiVersion: scheduling.k8s.io/v1
        kind: PriorityClass
        metadata: {name: recovered}
        value: 4321
        """;
}
