package io.breakwater.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.api.BackupLocation;
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
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/** Small applications with a volume and a Secret, to lose and to recover, and a location of their own. */
record RecoveryFixture(Rig rig, Site site) {
    private static final int BYTES = 4 << 20;
    private static final Duration SCHEDULED = Duration.ofMinutes(4);

    /** What a namespace contains. */
    record Content(String digest, String note, Map<String, String> secret) {}

    /** Creates the namespace, and writes random data into its volume. */
    void deploy(String namespace) {
        site.cluster().createNamespace(namespace);
        site.cluster()
                .apply(
                        namespace,
                        APPLICATION
                                .replace("IMAGE", Rig.environment("BREAKWATER_SHOP_IMAGE"))
                                .replace("TOKEN", newKey()));
        awaitApplication(namespace);
        exec(namespace, "head -c " + BYTES + " /dev/urandom > /data/random; echo " + namespace + " > /data/note; sync");
    }

    /** Waits until the application runs, and reads its data. */
    Content content(String namespace) {
        awaitApplication(namespace);
        return new Content(
                exec(namespace, "sha256sum /data/random"),
                exec(namespace, "cat /data/note"),
                site.client()
                        .secrets()
                        .inNamespace(namespace)
                        .withName("token")
                        .require()
                        .getData());
    }

    private void awaitApplication(String namespace) {
        site.cluster().kubectl("rollout", "status", "deployment/writer", "-n", namespace, "--timeout=120s");
    }

    private String exec(String namespace, String command) {
        return site.cluster()
                .kubectl("exec", "deploy/writer", "-n", namespace, "--", "sh", "-c", command)
                .strip();
    }

    /** Fails if a Restore in the operator's namespace did not succeed. */
    void assertRestores() {
        List<Restore> restores =
                site.client().resources(Restore.class).inNamespace(Rig.SYSTEM).list().getItems().stream()
                        .filter(r -> r.getMetadata().getName().startsWith("recover-"))
                        .toList();
        assertThat(restores).isNotEmpty().allSatisfy(restore -> {
            String name = restore.getMetadata().getName();
            assertThat(restore.getStatus().holds(Condition.SUCCEEDED))
                    .as(name + ": " + site.describe(Restore.class, Rig.SYSTEM, name))
                    .isTrue();
        });
    }

    /** Waits for a point of the namespace that exists now, and checks that it added little to the repository. */
    void awaitDelta(String namespace) {
        String uid = site.client()
                .namespaces()
                .withName(namespace)
                .require()
                .getMetadata()
                .getUid();
        RestorePointStatus point = site.progress()
                .awaitValue(
                        "a point of the new namespace " + namespace,
                        SCHEDULED,
                        () -> site.cluster().kubectl("get", "backuppolicies,restorepoints", "-n", namespace),
                        () -> points(namespace).stream()
                                .filter(p -> uid.equals(p.getStatus().namespaceUid))
                                .filter(p -> p.getStatus().holds(Condition.SUCCEEDED))
                                .findFirst())
                .getStatus();
        assertThat(point.logicalBytes).as("bytes of the volumes").isGreaterThanOrEqualTo(BYTES);
        assertThat(point.addedBytes)
                .as("bytes that the first point after the recovery of %s added", namespace)
                .isLessThan(BYTES / 8);
    }

    private List<RestorePoint> points(String namespace) {
        return site.client().resources(RestorePoint.class).inNamespace(namespace).list().getItems().stream()
                .filter(p -> p.getStatus() != null)
                .toList();
    }

    /** The commands of docs/recover-a-cluster.md with these values of its variables. */
    static PageCommands page(Map<String, String> values) {
        return PageCommands.read(Path.of("docs/recover-a-cluster.md"), values);
    }

    /** Location and credentials as a file for kubectl. */
    String manifests(String location) {
        Secret credentials = Rig.credentials("blob-" + location, rig.accountKey(Rig.WEST));
        return Serialization.asYaml(credentials) + "\n---\n" + Serialization.asYaml(location(location));
    }

    /** A location with a container of its name, for all namespaces. */
    BackupLocation location(String name) {
        BackupLocation location = rig.location(Rig.WEST);
        location.getMetadata().setName(name);
        location.getSpec().azureBlob.container = name;
        location.getSpec().azureBlob.credentialsSecretRef = new NamedRef("blob-" + name);
        return location;
    }

    /** Directories of the repositories in a location. */
    Set<String> repositories(String location) {
        var spec = location(location).getSpec().azureBlob;
        spec.endpoint = rig.reachedFromHere(Rig.WEST);
        ObjectStore store = TestStores.azure(spec, rig.accountKey(Rig.WEST));
        Set<String> directories = new TreeSet<>();
        store.list("breakwater/repos/", o -> directories.add(o.key().split("/")[2]));
        return directories;
    }

    /** 32 random bytes in base64. */
    static String newKey() {
        byte[] key = new byte[32];
        new SecureRandom().nextBytes(key);
        return Base64.getEncoder().encodeToString(key);
    }

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
