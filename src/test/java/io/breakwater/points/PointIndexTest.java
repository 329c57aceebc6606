package io.breakwater.points;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.breakwater.api.Condition;
import io.breakwater.api.NamedRef;
import io.breakwater.api.RestorePoint;
import io.breakwater.api.RestorePointSpec;
import io.breakwater.api.RestorePointSpec.Trigger;
import io.breakwater.api.RestorePointStatus;
import io.breakwater.observe.StatusWriter;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The index against an API server with pages and watches. */
class PointIndexTest {
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private PointApiServer api;
    private StatusWriter writer;
    private PointIndex index;
    private SharedIndexInformer<RestorePoint> informer;

    @BeforeEach
    void start() throws IOException {
        api = new PointApiServer();
        writer = new StatusWriter(api.client());
        index = new PointIndex(api.client(), writer);
    }

    @AfterEach
    void stop() {
        if (informer != null) {
            informer.stop();
        }
        api.close();
    }

    @Test
    void readsPagesOnceAndAnswersWithoutRequests() {
        for (int i = 0; i < 1_200; i++) {
            api.put(point("ns" + i % 3, "p" + i));
        }
        watch();
        assertThat(api.count("LIST")).as("pages of 500").isEqualTo(3);
        assertThat(api.limits()).containsOnly("500");
        api.resetCounts();

        assertThat(names("ns1")).hasSize(400).contains("p1", "p4");
        assertThat(index.all()).hasSize(1_200);
        assertThat(index.find("ns2", "p5")).isPresent();
        assertThat(index.find("ns2", "p6")).isEmpty();
        assertNoReads();
    }

    @Test
    void listsPagesWhileTheFirstListIsIncomplete() {
        for (int i = 0; i < 501; i++) {
            api.put(point("shop", "p" + i));
        }
        assertThat(names("shop")).hasSize(501);
        assertThat(index.all()).hasSize(501);
        assertThat(api.limits()).containsOnly("500").hasSize(4);
    }

    @Test
    void startsAListAgainWhoseTokenExpired() {
        for (int i = 0; i < 501; i++) {
            api.put(point("shop", "p" + i));
        }
        api.expireTokens(2);
        assertThat(index.read("shop")).hasSize(501);

        api.expireTokens(1);
        watch();
        assertThat(names("shop")).hasSize(501);
    }

    @Test
    void followsTheWatch() {
        watch();
        api.put(point("shop", "p1"));
        await(() -> names("shop").equals(List.of("p1")));
        api.put(sealed(point("shop", "p1")));
        await(() -> index.in("shop").getFirst().isSealed());
        api.remove("shop", "p1");
        await(() -> names("shop").isEmpty());
    }

    @Test
    void findsWhatHappenedWhileTheWatchWasDown() {
        api.put(point("shop", "kept"));
        api.put(point("shop", "gone"));
        watch();
        api.hideEvents(true);
        api.remove("shop", "gone");
        api.put(point("shop", "new"));
        api.compact(); // no later watch gets these events: 410
        api.hideEvents(false);

        await(() -> names("shop").equals(List.of("kept", "new")));
        api.put(point("shop", "later"));
        await(() -> names("shop").contains("later"));
    }

    @Test
    void readsAPointWhoseWriteTheWatchHasNotReported() {
        api.put(point("shop", "p1"));
        watch();
        api.hideEvents(true);
        RestorePoint whole = api.whole("p1");
        writer.update(whole, RestorePointStatus.class, s -> succeed(s, "True"));
        index.wrote(api.client().resource(point("shop", "p2")).create());
        index.wrote(api.client().resource(point("bank", "p3")).create());
        api.resetCounts();

        assertThat(index.in("shop")).extracting(RestorePoint::isSealed).containsExactlyInAnyOrder(true, false);
        assertThat(names("shop")).containsExactly("p1", "p2");
        assertThat(index.find("shop", "p2")).isPresent();
        assertThat(index.all()).hasSize(3);
        assertThat(api.count("LIST")).isZero();

        api.hideEvents(false);
        await(() -> index.records().size() == 3);
        assertThat(index.all()).hasSize(3); // the last reads
        api.resetCounts();
        assertThat(index.in("shop")).hasSize(2);
        assertNoReads();
    }

    @Test
    void missesNoDeletionOfThisProcess() {
        api.put(point("shop", "p1"));
        watch();
        api.hideEvents(true);
        RestorePoint indexed = index.in("shop").getFirst();
        api.client().resource(indexed).delete();
        index.deleted(indexed);

        assertThat(names("shop")).isEmpty();
        api.hideEvents(false);
        await(() -> index.records().size() == 0);
        api.resetCounts();
        assertThat(names("shop")).isEmpty();
        assertNoReads();
    }

    /** Another client overwrites the point, and a new list shows only that: the watch never reports the write of this process. */
    @Test
    void stopsReadingAPointThatWasOverwritten() {
        api.put(point("shop", "p1"));
        watch();
        api.hideEvents(true);
        writer.update(api.whole("p1"), RestorePointStatus.class, s -> succeed(s, "True"));
        api.put(point("shop", "p1"));
        api.compact();
        api.hideEvents(false);
        await(() -> version().equals(api.whole("p1").getMetadata().getResourceVersion()));
        index.in("shop");
        api.resetCounts();

        assertThat(index.in("shop").getFirst().isSealed()).isFalse();
        assertNoReads();
    }

    @Test
    void refusesToWriteAPointOfTheIndex() {
        api.put(point("shop", "p1"));
        watch();
        RestorePoint indexed = index.in("shop").getFirst();

        assertThatThrownBy(() -> writer.update(indexed, RestorePointStatus.class, s -> s.progress = "lost"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("has only some fields");
        RestorePoint copy = api.client().getKubernetesSerialization().clone(indexed);
        assertThatThrownBy(() -> writer.update(copy, RestorePointStatus.class, s -> s.progress = "lost"))
                .isInstanceOf(IllegalArgumentException.class);
    }

    private void watch() {
        informer = TestIndex.watch(index, api.client());
        index.awaitList(PATIENCE);
    }

    private String version() {
        return index.records().get("shop/p1").getMetadata().getResourceVersion();
    }

    private List<String> names(String namespace) {
        return index.in(namespace).stream()
                .map(p -> p.getMetadata().getName())
                .sorted()
                .toList();
    }

    private void assertNoReads() {
        assertThat(api.count("LIST") + api.count("GET")).isZero();
    }

    static void await(BooleanSupplier done) {
        long end = System.nanoTime() + PATIENCE.toNanos();
        while (!done.getAsBoolean()) {
            assertThat(System.nanoTime()).as("time").isLessThan(end);
            LockSupport.parkNanos(5_000_000);
        }
    }

    static RestorePoint point(String namespace, String name) {
        RestorePoint point = new RestorePoint();
        point.getMetadata().setNamespace(namespace);
        point.getMetadata().setName(name);
        point.setSpec(new RestorePointSpec());
        point.getSpec().policyRef = new NamedRef("hourly");
        point.getSpec().trigger = Trigger.Scheduled;
        point.setStatus(new RestorePointStatus());
        return point;
    }

    static RestorePoint sealed(RestorePoint point) {
        succeed(point.getStatus(), "True");
        return point;
    }

    static void succeed(RestorePointStatus s, String status) {
        Condition condition = new Condition();
        condition.type = Condition.SUCCEEDED;
        condition.status = status;
        s.conditions = List.of(condition);
    }
}
