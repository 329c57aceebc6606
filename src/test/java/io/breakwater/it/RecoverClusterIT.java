package io.breakwater.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.api.BackupLocation;
import io.breakwater.api.BackupPolicy;
import io.breakwater.api.BackupPolicySpec;
import io.breakwater.api.Condition;
import io.breakwater.api.NamedRef;
import io.breakwater.api.Restore;
import io.breakwater.api.RestorePoint;
import io.breakwater.api.RestorePointStatus;
import io.breakwater.store.ObjectStore;
import io.breakwater.store.TestStores;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * A cluster with two namespaces is deleted, volumes and all. The commands of docs/recover-a-cluster.md restore both into a new
 * cluster, and their schedules continue in the same repositories. The test uses clusters of its own, and stores of the rig.
 */
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
    private static final int BYTES = 4 << 20;
    private static final Duration SCHEDULED = Duration.ofMinutes(4);

    private final Rig rig;
    private final Progress progress;
    private final String masterKey = newKey();
    private final Map<String, Content> before = new LinkedHashMap<>();
    private Cluster cluster;
    private Site site;
    private String oldCluster;
    private Set<String> repositories;

    /** What a namespace contains, by its files and its Secret. */
    private record Content(String digest, String note, Map<String, String> secret) {}

    RecoverClusterIT(Rig rig) {
        this.rig = rig;
        this.progress = rig.progress();
    }

    /** The commands of the page. */
    static PageCommands page(Map<String, String> values) {
        return PageCommands.read(Path.of("docs/recover-a-cluster.md"), values);
    }

    @BeforeAll
    void protect() {
        start();
        rig.install(cluster, "catalog.interval=5S");
        oldCluster = cluster.uid();
        commands().stream()
                .filter(b -> b.text().contains("locations.yaml"))
                .forEach(b -> progress.quote(cluster.shell(FILES, b.script())));
        NAMESPACES.forEach(this::run);
        cluster.apply("default", PRIORITY);
        cluster.client().resource(policy()).create();
        cluster.client().resource(template()).create();
        cluster.client().resource(clusterPolicy()).create();
        awaitManagedPolicy();
        site.createPoint(LEDGER, POINT, LEDGER);
        site.createPoint(PAPERS, POINT, TEMPLATE);
        site.createPoint(Rig.SYSTEM, POINT, "cluster");
        for (String namespace : List.of(LEDGER, PAPERS, Rig.SYSTEM)) {
            site.awaitPoint(namespace, POINT);
        }
        NAMESPACES.forEach(n -> before.put(n, content(n)));
        repositories = repositories();
        assertThat(repositories).isNotEmpty();
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
            NAMESPACES.forEach(this::awaitDelta);
            phase("all namespaces have a new point", begin);
            assertThat(repositories()).as("repositories in the store").isEqualTo(repositories);
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
        cluster.write(FILES, "masterKey", masterKey);
        cluster.write(FILES, "locations.yaml", locations());
    }

    private List<PageCommands.Block> commands() {
        return page(Map.of("site", SITE, "old", oldCluster, "first", LEDGER, "rest", PAPERS))
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
        for (Restore restore : cluster.client()
                .resources(Restore.class)
                .inNamespace(Rig.SYSTEM)
                .list()
                .getItems()) {
            String name = restore.getMetadata().getName();
            assertThat(restore.getStatus().holds(Condition.SUCCEEDED))
                    .as(name + ": " + site.describe(Restore.class, Rig.SYSTEM, name))
                    .isTrue();
        }
        assertThat(cluster.kubectl("get", "priorityclass", "recovered", "-o", "jsonpath={.value}"))
                .isEqualTo("4321");
        for (String namespace : NAMESPACES) {
            assertThat(content(namespace))
                    .as("content of namespace " + namespace)
                    .isEqualTo(before.get(namespace));
        }
        assertThat(site.get(BackupPolicy.class, LEDGER, LEDGER).orElseThrow().getSpec().schedule.cron)
                .isEqualTo(policy().getSpec().schedule.cron);
        awaitManagedPolicy();
    }

    /** Waits for a point that this cluster captured by schedule, and that added little to the repository. */
    private void awaitDelta(String namespace) {
        RestorePointStatus point = progress.awaitValue(
                        "a scheduled point of namespace " + namespace + " in the new cluster",
                        SCHEDULED,
                        () -> cluster.kubectl("get", "backuppolicies,restorepoints", "-n", namespace),
                        () -> points(namespace).stream()
                                .filter(p -> !oldCluster.equals(p.getStatus().cluster))
                                .filter(p -> p.getStatus().holds(Condition.SUCCEEDED))
                                .findFirst())
                .getStatus();
        assertThat(point.cluster).isEqualTo(cluster.uid());
        assertThat(point.logicalBytes).as("bytes of the volumes").isGreaterThanOrEqualTo(BYTES);
        assertThat(point.addedBytes)
                .as("bytes that the first point after the recovery added")
                .isLessThan(BYTES / 8);
    }

    private List<RestorePoint> points(String namespace) {
        return cluster.client().resources(RestorePoint.class).inNamespace(namespace).list().getItems().stream()
                .filter(p -> p.getStatus() != null)
                .toList();
    }

    private void awaitManagedPolicy() {
        progress.await(
                "the template creates its policy in namespace " + PAPERS,
                Duration.ofMinutes(1),
                () -> site.describe(BackupPolicy.class, Rig.SYSTEM, TEMPLATE),
                () -> Optional.of(site.get(BackupPolicy.class, PAPERS, TEMPLATE).isPresent()));
    }

    private void run(String namespace) {
        cluster.createNamespace(namespace);
        cluster.apply(
                namespace,
                APPLICATION
                        .replace("IMAGE", Rig.environment("BREAKWATER_SHOP_IMAGE"))
                        .replace("TOKEN", newKey()));
        cluster.kubectl("rollout", "status", "deployment/writer", "-n", namespace, "--timeout=120s");
        exec(namespace, "head -c " + BYTES + " /dev/urandom > /data/random; echo " + namespace + " > /data/note; sync");
    }

    private Content content(String namespace) {
        cluster.kubectl("rollout", "status", "deployment/writer", "-n", namespace, "--timeout=120s");
        return new Content(
                exec(namespace, "sha256sum /data/random"),
                exec(namespace, "cat /data/note"),
                cluster.client()
                        .secrets()
                        .inNamespace(namespace)
                        .withName("token")
                        .require()
                        .getData());
    }

    private String exec(String namespace, String command) {
        return cluster.kubectl("exec", "deploy/writer", "-n", namespace, "--", "sh", "-c", command)
                .strip();
    }

    private BackupPolicy policy() {
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

    private String locations() {
        Secret credentials = Rig.credentials("blob-recover", rig.accountKey(Rig.WEST));
        return Serialization.asYaml(credentials) + "\n---\n" + Serialization.asYaml(location());
    }

    private BackupLocation location() {
        BackupLocation location = rig.location(Rig.WEST);
        location.getMetadata().setName(LOCATION);
        location.getSpec().azureBlob.container = LOCATION;
        location.getSpec().azureBlob.credentialsSecretRef = new NamedRef("blob-recover");
        return location;
    }

    /** Directories of the repositories in the store. */
    private Set<String> repositories() {
        var spec = location().getSpec().azureBlob;
        spec.endpoint = rig.reachedFromHere(Rig.WEST);
        ObjectStore store = TestStores.azure(spec, rig.accountKey(Rig.WEST));
        Set<String> directories = new TreeSet<>();
        store.list("breakwater/repos/", o -> directories.add(o.key().split("/")[2]));
        return directories;
    }

    private static String newKey() {
        byte[] key = new byte[32];
        new SecureRandom().nextBytes(key);
        return Base64.getEncoder().encodeToString(key);
    }

    private static final String PRIORITY = """
        apiVersion: scheduling.k8s.io/v1
        kind: PriorityClass
        metadata: {name: recovered}
        value: 4321
        """;

    private static final String APPLICATION = """
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: {name: data}
        spec:
          accessModes: [ReadWriteOnce]
          resources: {requests: {storage: 64Mi}}
        ---
        apiVersion: v1
        kind: Secret
        metadata: {name: token}
        stringData: {token: "TOKEN"}
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: writer}
        spec:
          strategy: {type: Recreate}
          selector: {matchLabels: {app: writer}}
          template:
            metadata: {labels: {app: writer}}
            spec:
              terminationGracePeriodSeconds: 1
              containers:
              - name: writer
                image: IMAGE
                imagePullPolicy: IfNotPresent
                command: [sleep, "36000"]
                volumeMounts: [{name: data, mountPath: /data}]
              volumes: [{name: data, persistentVolumeClaim: {claimName: data}}]
        """;
}
