package io.breakwater.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.breakwater.api.RestorePoint;
import io.breakwater.store.ObjectStore;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.assertj.core.api.Assertions;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;

/** A point is held, deleted, undeleted and deleted again, and then its bytes are freed. */
@ExtendWith(RigExtension.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Tag("long")
class DeletionIT {
    private static final String NAMESPACE = "deletion";
    private static final Duration SOON = Duration.ofMinutes(2);

    private final Rig rig;
    private final Site site;
    private ObjectStore store;

    DeletionIT(Rig rig) {
        this.rig = rig;
        this.site = rig.west();
    }

    @BeforeAll
    void capture() {
        rig.locate();
        store = rig.store(Rig.WEST);
        site.cluster().createNamespace(NAMESPACE);
        site.cluster().apply(NAMESPACE, TamperingIT.NOTE.replace("IMAGE", Rig.environment("BREAKWATER_SHOP_IMAGE")));
        site.cluster().kubectl("wait", "pod/writer", "-n", NAMESPACE, "--for=condition=Ready", "--timeout=120s");
        write();
        site.client()
                .resource(Examples.policy(NAMESPACE, "note", "blob-" + Rig.WEST))
                .create();
        made("first");
        write();
        made("second");
    }

    @AfterAll
    void remove() {
        rig.install(site.cluster(), "sweep.grace=24H", "sweep.interval=10M", "sweep.prune.interval=24H");
        site.client().namespaces().withName(NAMESPACE).delete();
    }

    @Test
    void undeletesAPointAndLaterFreesItsBytes() {
        hold(true);
        Assertions.assertThatThrownBy(() -> site.client()
                        .resources(RestorePoint.class)
                        .inNamespace(NAMESPACE)
                        .withName("first")
                        .delete())
                .isInstanceOf(KubernetesClientException.class)
                .hasMessageContaining("spec.hold");
        hold(false);
        long before = bytes();

        delete();
        assertThat(bytes()).as("nothing is freed within the grace period").isGreaterThanOrEqualTo(before);
        site.cluster()
                .kubectl(
                        "annotate",
                        "backuplocation/blob-" + Rig.WEST,
                        "-n",
                        Rig.SYSTEM,
                        "breakwater.io/undelete=" + NAMESPACE + "/first");
        rig.progress()
                .awaitValue(
                        "RestorePoint first is listed again",
                        SOON,
                        () -> site.cluster().kubectl("get", "events", "-n", Rig.SYSTEM, "--sort-by=.lastTimestamp"),
                        () -> site.get(RestorePoint.class, NAMESPACE, "first")
                                .filter(p -> p.getStatus() != null && p.getStatus().digest != null));
        assertThat(audited())
                .as("lines of the audit log: action, result, whether the user is named")
                .contains(
                        "DeletePoint Refused true",
                        "ReleaseHold Requested true",
                        "DeletePoint Requested true",
                        "DeletePoint Finished false",
                        "Undelete Requested true",
                        "Undelete Finished false");

        site.cluster()
                .kubectl(
                        "patch",
                        "restorepoint/first",
                        "-n",
                        NAMESPACE,
                        "--type=merge",
                        "-p",
                        "{\"spec\":{\"deletionPolicy\":\"Delete\"}}");
        delete();
        rig.install(site.cluster(), "sweep.grace=1S", "sweep.interval=1S", "sweep.prune.interval=1S");
        rig.progress()
                .awaitValue(
                        "the bytes of first are freed",
                        SOON,
                        () -> bytes() + " bytes of " + before,
                        () -> bytes() <= before - 250_000 ? Optional.of(true) : Optional.empty());
        assertThat(site.get(RestorePoint.class, NAMESPACE, "second")).isPresent();
    }

    /** The lines about this namespace and its points, of all processes of the site. */
    private List<String> audited() {
        return site.cluster()
                .kubectl("logs", "-n", Rig.SYSTEM, "-l", "app.kubernetes.io/name=breakwater", "--tail=-1")
                .lines()
                .filter(line -> line.startsWith("{") && line.contains(NAMESPACE))
                .map(DeletionIT::parse)
                .map(line -> "%s %s %s"
                        .formatted(
                                line.path("action").asText(),
                                line.path("result").asText(),
                                line.at("/user/username").isTextual()))
                .toList();
    }

    private static JsonNode parse(String line) {
        try {
            return new ObjectMapper().readTree(line);
        } catch (JsonProcessingException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void delete() {
        site.cluster().kubectl("delete", "restorepoint/first", "-n", NAMESPACE, "--timeout=180s");
    }

    private void hold(boolean held) {
        site.cluster()
                .kubectl(
                        "patch",
                        "restorepoint/first",
                        "-n",
                        NAMESPACE,
                        "--type=merge",
                        "-p",
                        "{\"spec\":{\"hold\":" + held + "}}");
    }

    private void made(String name) {
        site.createPoint(NAMESPACE, name, "note");
        site.awaitPoint(NAMESPACE, name);
    }

    private void write() {
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
    }

    private long bytes() {
        AtomicLong sum = new AtomicLong();
        store.list(StoredRepository.prefix(store, site.identity(NAMESPACE)) + "data/", o -> sum.addAndGet(o.size()));
        return sum.get();
    }
}
