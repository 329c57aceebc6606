package io.breakwater.capture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.breakwater.admission.InMemoryApiServer;
import io.breakwater.api.Api;
import io.breakwater.api.BackupLocation;
import io.breakwater.api.BackupPolicy;
import io.breakwater.api.BackupPolicySpec;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.NamedRef;
import io.breakwater.api.Reason;
import io.breakwater.api.RestorePoint;
import io.breakwater.api.RestorePointSpec;
import io.breakwater.api.RestorePointSpec.Trigger;
import io.breakwater.config.TestConfig;
import io.breakwater.location.HandClock;
import io.breakwater.observe.Meters;
import io.breakwater.observe.PlainStatusWriter;
import io.breakwater.observe.StatusWriter;
import io.breakwater.observe.TestEvents;
import io.breakwater.points.TestIndex;
import io.breakwater.policy.PointRoute;
import io.breakwater.policy.PointRoutes;
import io.breakwater.steps.Outcome;
import io.breakwater.steps.Step;
import io.breakwater.steps.WorkBudgets;
import io.breakwater.trust.TestAdoption;
import io.fabric8.kubernetes.client.CustomResource;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.javaoperatorsdk.operator.api.reconciler.UpdateControl;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Captures that fail or are interrupted: what they created is deleted in the end. */
class FailedCaptureTest {
    private final InMemoryApiServer cluster = new InMemoryApiServer();
    private final KubernetesClient client = cluster.client();
    private final HandClock clock = new HandClock();
    private final Meters meters = new Meters(new SimpleMeterRegistry(), clock);
    private final WorkBudgets budgets = new WorkBudgets(TestConfig.of(Map.of()), meters, clock);
    private final CaptureQueue queue = new CaptureQueue(budgets, TestIndex.empty(client), clock);
    private final Deque<Boolean> answers = new ArrayDeque<>();
    private final List<Boolean> again = new ArrayList<>();
    private Function<CaptureRun, Outcome> cut = run -> {
        throw BreakwaterException.permanent(Reason.SnapshotFailed, "no snapshot");
    };
    private RestorePointReconciler reconciler = reconciler();
    private RestorePoint point = new RestorePoint();
    private String location = "a";
    private int refusals;

    @BeforeEach
    void create() {
        clock.pass(Duration.ofDays(36_500)); // later than the creation of all objects
        BackupPolicy policy = new BackupPolicy();
        policy.getMetadata().setNamespace("shop");
        policy.getMetadata().setName("hourly");
        policy.setSpec(new BackupPolicySpec());
        client.resource(policy).create();
        point.getMetadata().setNamespace("shop");
        point.getMetadata().setName("p");
        point.addFinalizer(Api.FINALIZER);
        point.setSpec(new RestorePointSpec());
        point.getSpec().trigger = Trigger.Scheduled;
        point.getSpec().policyRef = new NamedRef("hourly");
        point = client.resource(point).create();
    }

    @AfterEach
    void close() {
        cluster.close();
    }

    /** The snapshots wait for a claim that is being created. */
    @Test
    void deletesTheObjectsOfAFailedCaptureUntilNothingIsLeft() {
        answers.addAll(List.of(false, false, false, true));

        assertThat(reconcile().getScheduleDelay()).contains(CaptureSteps.RECHECK.toMillis());
        assertThat(read().hasFailed()).isTrue();
        assertThat(reconcile().getScheduleDelay()).contains(CaptureSteps.RECHECK.toMillis());
        assertThat(reconcile().getScheduleDelay()).isEmpty();

        assertThat(answers).isEmpty();
        assertThat(RestorePoint.needsWork(read())).isFalse();
        assertThat(read().getStatus().journal)
                .as("the cause is still in the journal")
                .extracting(e -> e.step + " " + e.state + " " + e.message)
                .contains("Cut Failed no snapshot");
    }

    @Test
    void continuesTheDeletionInTheNextProcess() {
        answers.addAll(List.of(false, false, true));
        reconcile();
        clock.pass(Duration.ofDays(3));
        reconciler = reconciler();

        assertThat(RestorePoint.needsWork(read())).isTrue();
        reconcile();

        assertThat(answers).isEmpty();
        assertThat(RestorePoint.needsWork(read())).isFalse();
    }

    @Test
    void retriesTheDeletionAfterAnError() {
        answers.add(true);
        assertThatThrownBy(this::reconcile).as("no second answer").isInstanceOf(NoSuchElementException.class);
        assertThat(RestorePoint.needsWork(read())).isTrue();
        answers.add(true);
        reconcile();
        assertThat(RestorePoint.needsWork(read())).isFalse();
    }

    /** The snapshots were taken, and the status that names them was not written. */
    @Test
    void remembersThatItTookSnapshotsWhenTheStatusCannotBeWritten() {
        cut = run -> {
            again.add(run.memory().startCutting());
            if (again.size() == 1) {
                refusals = 2;
                run.update(s -> s.quiescedFor = "1ms");
            }
            return Outcome.done("taken");
        };

        assertThatThrownBy(this::reconcile).isInstanceOf(KubernetesClientException.class);
        reconcile();

        assertThat(again).containsExactly(false, true);
        assertThat(read().isSealed()).isTrue();
    }

    /** The location of a policy was changed: the next point waits for the places of the new one. */
    @Test
    void countsTheNextPointForTheLocationOfTheLastOne() {
        cut = run -> Outcome.done("taken");
        reconcile();
        assertThat(queue.locationOf(point, () -> Optional.empty())).isEqualTo("uid-of-a");
        location = "b";
        point.getMetadata().setName("p2");
        point.getMetadata().setUid(null);
        point.getMetadata().setResourceVersion(null);
        point = client.resource(point).create();
        reconcile();
        assertThat(queue.locationOf(point, () -> Optional.empty())).isEqualTo("uid-of-b");
    }

    private UpdateControl<RestorePoint> reconcile() {
        return reconciler.reconcile(read(), null);
    }

    private RestorePoint read() {
        return client.resource(point).get();
    }

    private RestorePointReconciler reconciler() {
        return new RestorePointReconciler(
                client,
                TestConfig.of(Map.of()),
                new RefusingWriter(),
                TestEvents.of(client, clock),
                meters,
                clock,
                new NamedRoute(),
                new AnsweringSteps(),
                null,
                null,
                TestAdoption.identities("east", () -> TestAdoption.namespaces("uid-", "shop", "kube-system")),
                queue,
                null);
    }

    private final class RefusingWriter extends StatusWriter {
        private final StatusWriter plain = new PlainStatusWriter(client);

        RefusingWriter() {
            super(client);
        }

        @Override
        public <S, T extends CustomResource<?, S>> boolean update(T resource, Class<S> type, Consumer<S> change) {
            if (refusals-- > 0) {
                throw new KubernetesClientException("the API server does not respond");
            }
            return plain.update(resource, type, change);
        }
    }

    private final class NamedRoute extends PointRoutes {
        NamedRoute() {
            super(null, null);
        }

        @Override
        public PointRoute of(BackupPolicy policy) {
            BackupLocation to = new BackupLocation();
            to.getMetadata().setName(location);
            to.getMetadata().setUid("uid-of-" + location);
            return new PointRoute(to, List.of(), 0, Optional.empty(), true);
        }
    }

    private final class AnsweringSteps extends CaptureSteps {
        AnsweringSteps() {
            super(null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null);
        }

        @Override
        List<Step<CaptureRun>> all() {
            return List.of(new Step<>() {
                @Override
                public String name() {
                    return RestorePoint.CUT;
                }

                @Override
                public Outcome run(CaptureRun run, int attempt) {
                    return cut.apply(run);
                }
            });
        }

        @Override
        boolean cleanUp(RestorePoint cleaned, String since, Instant now) {
            return answers.remove();
        }
    }
}
