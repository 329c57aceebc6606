package io.breakwater.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.api.Condition;
import io.breakwater.api.Reason;
import io.breakwater.api.Restore;
import io.breakwater.api.RestorePoint;
import io.breakwater.api.RestoreSpec.OnConflict;
import io.breakwater.store.ObjectStore;
import io.breakwater.store.ObjectStore.Precondition;
import io.breakwater.store.StoreLayout;
import io.fabric8.kubernetes.client.CustomResource;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * An attacker that can write to the store alters its objects: the restore reports it, and running workloads are not
 * changed.
 */
@ExtendWith(RigExtension.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class TamperingIT {
    private static final String NAMESPACE = "tampering";
    private static final Duration SOON = Duration.ofMinutes(1);

    private final Rig rig;
    private final Site site;
    private ObjectStore store;

    TamperingIT(Rig rig) {
        this.rig = rig;
        this.site = rig.west();
    }

    @BeforeAll
    void capture() {
        rig.locate();
        store = rig.store(Rig.WEST);
        site.cluster().createNamespace(NAMESPACE);
        site.cluster().apply(NAMESPACE, NOTE.replace("IMAGE", Rig.environment("BREAKWATER_SHOP_IMAGE")));
        site.cluster().kubectl("wait", "pod/writer", "-n", NAMESPACE, "--for=condition=Ready", "--timeout=120s");
        site.cluster()
                .kubectl(
                        "exec",
                        "writer",
                        "-n",
                        NAMESPACE,
                        "--",
                        "sh",
                        "-c",
                        "head -c 300000 /dev/urandom > /data/note; sync");
        site.client()
                .resource(Examples.policy(NAMESPACE, "note", "blob-" + Rig.WEST))
                .create();
        made("first");
    }

    @AfterAll
    void remove() {
        site.client().namespaces().withName(NAMESPACE).delete();
    }

    @Test
    @Order(1)
    void refusesAnArchiveWithAFlippedBit() {
        String key = archive(".enc");
        whileAltered(key, flipped(content(key)), () -> refused("flipped", key));
    }

    @Test
    @Order(2)
    void refusesAPointWithAMissingObject() {
        String key = archive(".enc");
        byte[] content = content(key);
        store.delete(key);
        try {
            refused("missing", key);
        } finally {
            store.write(key, content, Precondition.NONE);
        }
    }

    @Test
    @Order(3)
    void refusesTheSealOfAnotherPoint() {
        made("second");
        whileAltered(seal("first"), content(seal("second")), () -> refused("exchanged", seal("first")));
    }

    /** Both archives are those of signed points of the same namespace. */
    @Test
    @Order(4)
    void refusesTheArchiveOfAnotherPoint() {
        String key = archive(".enc");
        whileAltered(key, content(archive("second", ".enc")), () -> refused("swapped", key));
    }

    @Test
    @Order(4)
    void capturesNothingIntoARepositoryWhoseRecordWasAltered() {
        String key = repository() + "repository.json";
        whileAltered(key, flipped(content(key)), () -> notCaptured("record", key));
    }

    @Test
    @Order(4)
    void capturesNothingWithAnAlteredOwnerEntry() {
        String key = StoreLayout.owner(site.identity(NAMESPACE));
        whileAltered(key, flipped(content(key)), () -> notCaptured("owner", key));
    }

    @Test
    @Order(4)
    void refusesAnOlderSealOfTheSameName() {
        made("twice");
        byte[] older = content(seal("twice"));
        site.cluster().kubectl("delete", "restorepoint/twice", "-n", NAMESPACE, "--timeout=120s");
        made("twice");
        whileAltered(seal("twice"), older, () -> refused("replayed", seal("twice"), "twice"));
    }

    @Test
    @Order(5)
    void refusesAPointWithAMissingSnapshot() {
        String key = repository()
                + "snapshots/"
                + site.get(RestorePoint.class, NAMESPACE, "first")
                        .orElseThrow()
                        .getStatus()
                        .volumes
                        .getFirst()
                        .repositorySnapshot;
        byte[] content = content(key);
        store.delete(key);
        try {
            refused("snapshotless", key);
        } finally {
            store.write(key, content, Precondition.NONE);
        }
    }

    /**
     * The mover finds it before anything is changed. Otherwise the claim would have neither the old content nor the new
     * one.
     */
    @Test
    @Tag("long")
    @Order(6)
    void changesNothingWhenEveryPackHasAFlippedBit() {
        List<String> packs = new ArrayList<>();
        store.list(repository() + "data/", o -> packs.add(o.key()));
        assertThat(packs).isNotEmpty();
        packs.forEach(key -> store.write(key, flipped(content(key)), Precondition.NONE));

        site.cluster().kubectl("delete", "configmap/settings", "-n", NAMESPACE);
        String pod = pod();
        String note = note();
        Restore restore = site.createRestore(NAMESPACE, "packs", "first", null, OnConflict.Replace);
        Condition condition = awaitFailure(restore);

        assertThat(condition.reason).as(condition.message).isEqualTo(Reason.Tampered.name());
        assertThat(condition.message).contains("claims note are unchanged");
        assertThat(pod()).isEqualTo(pod);
        assertThat(note()).isEqualTo(note);
        assertThat(site.client()
                        .configMaps()
                        .inNamespace(NAMESPACE)
                        .withName("settings")
                        .get())
                .as("objects are restored after volumes")
                .isNull();
    }

    private void refused(String name, String key) {
        refused(name, key, "first");
    }

    /** The Restore names the object, and the pod that it would have replaced was not changed. */
    private void refused(String name, String key, String of) {
        String before = pod();
        Condition condition = awaitFailure(site.createRestore(NAMESPACE, name, of, null, OnConflict.Replace));

        assertThat(condition.reason).as(condition.message).isEqualTo(Reason.Tampered.name());
        assertThat(condition.message).contains(key);
        assertThat(pod()).isEqualTo(before);
    }

    private Condition awaitFailure(Restore restore) {
        String name = restore.getMetadata().getName();
        return rig.progress()
                .awaitValue(
                        "Restore " + name + " is refused",
                        SOON,
                        () -> site.describe(Restore.class, NAMESPACE, name),
                        () -> site.get(Restore.class, NAMESPACE, name)
                                .map(CustomResource::getStatus)
                                .flatMap(s -> s.condition(Condition.SUCCEEDED))
                                .filter(c -> !"Unknown".equals(c.status)));
    }

    /** Digest of the content of the volume. */
    private String note() {
        return site.cluster().kubectl("exec", "writer", "-n", NAMESPACE, "--", "sha256sum", "/data/note");
    }

    private RestorePoint made(String name) {
        site.createPoint(NAMESPACE, name, "note");
        return site.awaitPoint(NAMESPACE, name);
    }

    private String pod() {
        return site.client()
                .pods()
                .inNamespace(NAMESPACE)
                .withName("writer")
                .get()
                .getMetadata()
                .getUid();
    }

    private void whileAltered(String key, byte[] altered, Runnable check) {
        byte[] original = content(key);
        store.write(key, altered, Precondition.NONE);
        try {
            check.run();
        } finally {
            store.write(key, original, Precondition.NONE);
        }
    }

    /** The operator may know a document from an earlier capture, so a capture may also succeed, in the same repository. */
    private void notCaptured(String name, String key) {
        Set<String> before = store.directories(StoreLayout.repositories());
        site.createPoint(NAMESPACE, name, "note");
        Condition condition = rig.progress()
                .awaitValue(
                        "RestorePoint " + name + " ends",
                        SOON.multipliedBy(2),
                        () -> site.describe(RestorePoint.class, NAMESPACE, name),
                        () -> site.get(RestorePoint.class, NAMESPACE, name)
                                .map(CustomResource::getStatus)
                                .flatMap(s -> s.condition(Condition.SUCCEEDED))
                                .filter(c -> !"Unknown".equals(c.status)));
        assertThat(store.directories(StoreLayout.repositories())).isEqualTo(before);
        if (!condition.holds()) {
            assertThat(condition.message).contains(key);
        }
    }

    private String archive(String suffix) {
        return archive("first", suffix);
    }

    private String archive(String point, String suffix) {
        String uid = site.get(RestorePoint.class, NAMESPACE, point)
                .orElseThrow()
                .getMetadata()
                .getUid();
        return store
                .gather(StoreLayout.archive(site.identity(NAMESPACE), point, uid), o -> Optional.of(o.key()))
                .stream()
                .filter(key -> key.endsWith(suffix))
                .findFirst()
                .orElseThrow();
    }

    private String seal(String name) {
        return StoreLayout.seal(site.identity(NAMESPACE), name);
    }

    private String repository() {
        return StoredRepository.prefix(store, site.identity(NAMESPACE));
    }

    private byte[] content(String key) {
        return store.read(key)
                .orElseThrow(() -> new AssertionError(key + " does not exist"))
                .content();
    }

    private static byte[] flipped(byte[] content) {
        byte[] altered = content.clone();
        altered[altered.length / 2] ^= 1;
        return altered;
    }

    static final String NOTE = """
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: settings}
        data: {colour: blue}
        ---
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: {name: note}
        spec:
          accessModes: [ReadWriteOnce]
          resources: {requests: {storage: 1Gi}}
        ---
        apiVersion: v1
        kind: Pod
        metadata: {name: writer}
        spec:
          terminationGracePeriodSeconds: 1
          containers:
          - name: writer
            image: IMAGE
            imagePullPolicy: IfNotPresent
            command: [sleep, "3600"]
            volumeMounts: [{name: data, mountPath: /data}]
          volumes: [{name: data, persistentVolumeClaim: {claimName: note}}]
        """;
}
