package io.breakwater.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.breakwater.api.BackupLocation;
import io.breakwater.api.BackupPolicy;
import io.breakwater.api.Condition;
import io.breakwater.api.JournalEntry;
import io.breakwater.api.Quota;
import io.breakwater.api.Reason;
import io.breakwater.api.RestorePoint;
import io.breakwater.api.RestoreSpec.OnConflict;
import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * A namespace uses up its quota: new points are refused with a report, old ones can be restored, and a larger quota
 * helps.
 */
@ExtendWith(RigExtension.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Tag("long")
class QuotaIT {
    private static final String NAMESPACE = "quota";
    private static final String LOCATION = "metered";
    private static final Duration SOON = Duration.ofMinutes(2);

    private final Rig rig;
    private final Site site;

    QuotaIT(Rig rig) {
        this.rig = rig;
        this.site = rig.west();
    }

    @BeforeAll
    void protect() {
        rig.locate();
        site.client().resource(location("20Mi")).create();
        site.awaitLocation(Rig.SYSTEM, LOCATION);
        site.cluster().createNamespace(NAMESPACE);
        site.cluster().apply(NAMESPACE, TamperingIT.NOTE.replace("IMAGE", Rig.environment("BREAKWATER_SHOP_IMAGE")));
        site.cluster().kubectl("wait", "pod/writer", "-n", NAMESPACE, "--for=condition=Ready", "--timeout=120s");
        site.client().resource(Examples.policy(NAMESPACE, "note", LOCATION)).create();
    }

    @AfterAll
    void remove() {
        site.client().namespaces().withName(NAMESPACE).delete();
        site.client().resource(location("20Mi")).delete();
    }

    @Test
    void stopsOnlyBackupsOfANamespaceOverQuota() {
        shell("head -c 2000000 /dev/urandom > /data/note; sync");
        String digest = note();
        site.createPoint(NAMESPACE, "first", "note");
        site.awaitPoint(NAMESPACE, "first");
        rig.progress()
                .awaitValue(
                        "the policy reports the usage",
                        SOON,
                        () -> site.describe(BackupPolicy.class, NAMESPACE, "note"),
                        () -> site.get(BackupPolicy.class, NAMESPACE, "note")
                                .map(p -> p.getStatus().quota)
                                .filter(q -> q.allowedBytes == 20 << 20 && q.usedBytes > 2_000_000));

        shell("head -c 250000000 /dev/urandom > /data/more; sync");
        site.createPoint(NAMESPACE, "large", "note");
        RestorePoint large = site.awaitFailure(RestorePoint.class, NAMESPACE, "large");
        assertRefused(large);
        assertThat(large.getStatus().journal)
                .as("the gateway refused a mover")
                .filteredOn(entry -> entry.state == JournalEntry.State.Failed)
                .extracting(entry -> entry.step)
                .containsExactly("Move");
        assertThat(site.metric("breakwater_quota_refused_total", NAMESPACE, LOCATION))
                .hasValueSatisfying(n -> assertThat(n).isPositive());
        assertThat(site.metric("breakwater_restore_points_total", NAMESPACE, Reason.QuotaExceeded.name()))
                .hasValueSatisfying(n -> assertThat(n).isPositive());

        site.createPoint(NAMESPACE, "next", "note");
        RestorePoint next = site.awaitFailure(RestorePoint.class, NAMESPACE, "next");
        assertRefused(next);
        assertThat(next.getStatus().capturedAt).as("no snapshot was taken").isNull();
        rig.progress()
                .awaitValue(
                        "the policy reports the reason",
                        SOON,
                        () -> site.describe(BackupPolicy.class, NAMESPACE, "note"),
                        () -> Optional.of(ready())
                                .filter(c -> Reason.QuotaExceeded.name().equals(c.reason)));

        shell("rm /data/more; echo altered > /data/note; sync");
        site.restore(NAMESPACE, "back", "first", null, OnConflict.Replace);
        site.cluster().kubectl("wait", "pod/writer", "-n", NAMESPACE, "--for=condition=Ready", "--timeout=120s");
        assertThat(note()).isEqualTo(digest);

        site.cluster()
                .kubectl(
                        "patch",
                        "backuplocation/" + LOCATION,
                        "-n",
                        Rig.SYSTEM,
                        "--type=merge",
                        "-p",
                        "{\"spec\":{\"quota\":{\"namespaces\":[{\"name\":\"" + NAMESPACE + "\",\"size\":\"1Gi\"}]}}}");
        site.createPoint(NAMESPACE, "raised", "note");
        site.awaitPoint(NAMESPACE, "raised");
        rig.progress()
                .awaitValue(
                        "policy and location are ready",
                        SOON,
                        () -> site.describe(BackupPolicy.class, NAMESPACE, "note")
                                + site.describe(BackupLocation.class, Rig.SYSTEM, LOCATION),
                        () -> site.get(BackupLocation.class, Rig.SYSTEM, LOCATION)
                                .filter(l -> l.getStatus().holds(Condition.WITHIN_QUOTA)
                                        && l.getStatus().quota.over == 0
                                        && ready().holds()));
        site.awaitSeriesOf("BreakwaterQuotaNear", "BreakwaterRestorePointsFail");
        assertThat(site.metric("breakwater_quota_bytes", NAMESPACE, LOCATION)).contains((double) (1 << 30));
    }

    @Test
    void refusesInvalidQuotas() {
        List<Quota> wrong = new ArrayList<>();
        for (String size : List.of("-1", "ten", "1e3", "5 Gi", "1ki")) {
            wrong.add(quota(size));
        }
        wrong.add(new Quota());
        Quota twice = new Quota();
        twice.namespaces = List.of(share("shop", "1Gi"), share("shop", "2Gi"));
        wrong.add(twice);
        for (Quota quota : wrong) {
            BackupLocation location = location("1Gi");
            location.getMetadata().setName("wrong");
            location.getSpec().quota = quota;
            assertThatThrownBy(() -> site.client().resource(location).create())
                    .isInstanceOf(KubernetesClientException.class)
                    .hasMessageContaining("spec.quota");
        }
    }

    private void assertRefused(RestorePoint point) {
        Condition condition = point.getStatus().condition(Condition.SUCCEEDED).orElseThrow();
        assertThat(condition.reason).as(condition.message).isEqualTo(Reason.QuotaExceeded.name());
        assertThat(condition.message)
                .contains("namespace " + NAMESPACE, Rig.SYSTEM + "/" + LOCATION, "20971520", "spec.quota");
        rig.progress() // events arrive shortly after the status
                .await(
                        "an event reports that " + point.getMetadata().getName() + " was refused",
                        SOON,
                        () -> reasons(point).toString(),
                        () -> Optional.of(reasons(point).contains(Reason.QuotaExceeded.name())));
    }

    /** Messages of the events of a point. */
    private List<String> reasons(RestorePoint point) {
        String name = point.getMetadata().getName();
        return site.client().v1().events().inNamespace(NAMESPACE).list().getItems().stream()
                .filter(e -> name.equals(e.getInvolvedObject().getName()))
                .map(Event::getReason)
                .toList();
    }

    /** Condition Ready of the policy. */
    private Condition ready() {
        return site.get(BackupPolicy.class, NAMESPACE, "note")
                .flatMap(p -> p.getStatus().condition(Condition.READY))
                .orElseThrow();
    }

    private BackupLocation location(String perNamespace) {
        BackupLocation location = rig.location(Rig.WEST);
        location.getMetadata().setName(LOCATION);
        location.getSpec().azureBlob.prefix = LOCATION;
        location.getSpec().quota = quota(perNamespace);
        return location;
    }

    private static Quota quota(String perNamespace) {
        Quota quota = new Quota();
        quota.perNamespace = perNamespace;
        return quota;
    }

    private static Quota.Share share(String name, String size) {
        Quota.Share share = new Quota.Share();
        share.name = name;
        share.size = size;
        return share;
    }

    private void shell(String script) {
        site.cluster().kubectl("exec", "writer", "-n", NAMESPACE, "--", "sh", "-c", script);
    }

    private String note() {
        return site.cluster().kubectl("exec", "writer", "-n", NAMESPACE, "--", "sha256sum", "/data/note");
    }
}
