package io.breakwater.points;

import static io.breakwater.points.PointIndexTest.await;
import static io.breakwater.points.PointIndexTest.point;
import static io.breakwater.points.PointIndexTest.sealed;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.breakwater.api.Api;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.PartialObject;
import io.breakwater.api.RestorePoint;
import io.breakwater.api.RestorePointSpec.Trigger;
import io.breakwater.observe.StatusWriter;
import io.breakwater.watch.SharedInformers;
import io.javaoperatorsdk.operator.Operator;
import io.javaoperatorsdk.operator.api.config.informer.Informer;
import io.javaoperatorsdk.operator.api.reconciler.Cleaner;
import io.javaoperatorsdk.operator.api.reconciler.Context;
import io.javaoperatorsdk.operator.api.reconciler.ControllerConfiguration;
import io.javaoperatorsdk.operator.api.reconciler.DeleteControl;
import io.javaoperatorsdk.operator.api.reconciler.Reconciler;
import io.javaoperatorsdk.operator.api.reconciler.UpdateControl;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A controller of the Java Operator SDK whose informer has the store of the index. */
class PointControllerTest {
    private final RecordingReconciler reconciler = new RecordingReconciler();
    private PointApiServer api;
    private PointIndex index;
    private SharedInformers informers;
    private Operator operator;

    @BeforeEach
    void start() throws IOException {
        api = new PointApiServer();
        index = new PointIndex(api.client(), new StatusWriter(api.client()), Duration.ofMillis(50));
        informers = new SharedInformers(api.client());
        operator = new Operator(o -> o.withKubernetesClient(informers.client()).withCloseClientOnStop(false));
        operator.register(
                reconciler,
                o -> o.withItemStore(index.store())
                        .withInformerListLimit(PointIndex.PAGE)
                        .withOnAddFilter(RestorePoint::needsWork));
    }

    @AfterEach
    void stop() {
        operator.stop();
        api.close();
    }

    @Test
    void reconcilesOnlyWhatNeedsWorkAfterAStart() {
        for (int i = 0; i < 600; i++) {
            api.put(held(sealed(point("shop", "good" + i))));
        }
        RestorePoint imported = held(point("shop", "imported"));
        imported.getSpec().trigger = Trigger.Imported;
        api.put(imported);
        api.put(held(point("shop", "unfinished")));

        operator.start();
        await(() -> reconciler.reconciled.contains("unfinished"));
        api.put(held(point("shop", "later")));
        await(() -> reconciler.reconciled.contains("later"));

        assertThat(reconciler.reconciled).containsOnly("unfinished", "later");
        assertThat(index.in("shop")).hasSize(603);
        assertThat(api.count("LIST")).as("pages").isEqualTo(2);
        assertThat(api.count("GET") + api.count("PATCH")).isZero();
    }

    /** The SDK blocks the handler of a controller until all points are listed, and an event that waits retains its object. */
    @Test
    void retainsNoEventsWhileTheFirstListIsNotComplete() {
        api.put(held(point("shop", "a-unfinished")));
        for (int i = 0; i < 600; i++) {
            api.put(held(sealed(point("shop", "good" + i))));
        }
        AtomicInteger seen = new AtomicInteger();
        informers.onEvent(object -> seen.incrementAndGet());
        CountDownLatch secondPage = api.holdLaterPages();

        Thread start = Thread.ofPlatform().start(operator::start);
        await(() -> seen.get() == PointIndex.PAGE);
        assertThat(reconciler.reconciled).isEmpty();
        secondPage.countDown();

        await(() -> reconciler.reconciled.contains("a-unfinished"));
        await(() -> !start.isAlive());
        assertThat(seen).hasValue(601);
    }

    @Test
    void startsNoOtherListOfAllPointsBeforeTheFirstIsComplete() {
        for (int i = 0; i < 600; i++) {
            api.put(held(sealed(point("shop", "good" + i))));
        }
        CountDownLatch secondPage = api.holdLaterPages();
        Thread start = Thread.ofPlatform().start(operator::start);
        await(() -> api.count("LIST") == 2);

        assertThatThrownBy(() -> index.source().all().toList())
                .isInstanceOfSatisfying(
                        BreakwaterException.class,
                        e -> assertThat(e.isRetryable()).isTrue());
        assertThatThrownBy(() -> index.imported().toList()).hasMessageContaining("will retry");
        assertThat(api.count("LIST")).isEqualTo(2);
        secondPage.countDown();
        await(() -> !start.isAlive());

        assertThat(index.source().all()).hasSize(600);
        assertThat(api.count("LIST")).isEqualTo(2);
    }

    @Test
    void addsAndRemovesOnlyItsOwnFinalizer() {
        operator.start();
        RestorePoint shared = point("shop", "p1");
        shared.getMetadata().setFinalizers(List.of("other/one"));
        api.put(shared);
        await(() -> api.whole("p1").hasFinalizer(Api.FINALIZER));
        await(() -> reconciler.reconciled.contains("p1"));
        assertThat(api.whole("p1").getStatus()).isNotNull();

        api.client().resource(api.whole("p1")).delete();
        await(() -> reconciler.cleaned.contains("p1"));
        await(() -> !api.whole("p1").hasFinalizer(Api.FINALIZER));
        assertThat(api.whole("p1").getMetadata().getFinalizers()).containsExactly("other/one");
        assertThat(api.whole("p1").getSpec().policyRef.name).isEqualTo("hourly");
    }

    @Test
    void deletesTheDataOfAPointThatNeededNoWork() {
        api.put(held(sealed(point("shop", "good"))));
        operator.start();
        await(() -> index.in("shop").size() == 1);

        api.client().resource(api.whole("good")).delete();

        await(() -> index.in("shop").isEmpty());
        assertThat(reconciler.cleaned).containsExactly("good");
        assertThat(reconciler.reconciled).isEmpty();
    }

    private static RestorePoint held(RestorePoint point) {
        point.getMetadata().setFinalizers(List.of(Api.FINALIZER));
        return point;
    }

    @ControllerConfiguration(
            name = "recording",
            finalizerName = Api.FINALIZER,
            informer = @Informer(comparableResourceVersions = false))
    private static final class RecordingReconciler implements Reconciler<RestorePoint>, Cleaner<RestorePoint> {
        private final List<String> reconciled = new CopyOnWriteArrayList<>();
        private final List<String> cleaned = new CopyOnWriteArrayList<>();

        @Override
        public UpdateControl<RestorePoint> reconcile(RestorePoint point, Context<RestorePoint> context) {
            assertThat(PartialObject.is(point)).isTrue();
            reconciled.add(point.getMetadata().getName());
            return UpdateControl.noUpdate();
        }

        @Override
        public DeleteControl cleanup(RestorePoint point, Context<RestorePoint> context) {
            cleaned.add(point.getMetadata().getName());
            return DeleteControl.defaultDelete();
        }
    }
}
