package io.breakwater.restore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.breakwater.admission.InMemoryApiServer;
import io.breakwater.api.Api;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.JournalEntry;
import io.breakwater.api.Reason;
import io.breakwater.api.Restore;
import io.breakwater.api.RestorePoint;
import io.breakwater.api.RestorePointSpec;
import io.breakwater.api.RestorePointStatus;
import io.breakwater.api.RestoreSpec;
import io.breakwater.api.RestoreStatus;
import io.breakwater.config.TestConfig;
import io.breakwater.gate.NamespaceGate;
import io.breakwater.observe.Conditions;
import io.breakwater.observe.PlainStatusWriter;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.time.Clock;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Only one run writes to a namespace at a time. */
class ConcurrentRunsTest {
    private static final String NAMESPACE = "shop";

    private final InMemoryApiServer cluster = new InMemoryApiServer();
    private final KubernetesClient client = cluster.client();
    private final NamespaceGate gate = new NamespaceGate(client, TestConfig.of(Map.of()));
    private final ConcurrentRuns runs = new ConcurrentRuns(client, gate);

    @BeforeEach
    void namespace() {
        client.resource(new NamespaceBuilder()
                        .withNewMetadata()
                        .withName(NAMESPACE)
                        .endMetadata()
                        .build())
                .create();
    }

    @AfterEach
    void close() {
        cluster.close();
    }

    @Test
    void waitsForAnEarlierRestore() {
        RestoreRun first = run("first");
        RestoreRun second = run("second");
        gate.close(NAMESPACE, RestoreRun.holder(first.restore()));
        gate.close(NAMESPACE, RestoreRun.holder(second.restore()));

        assertThat(runs.findBlocker(first)).isEmpty();
        assertThat(runs.findBlocker(second))
                .hasValueSatisfying(
                        m -> assertThat(m).isEqualTo("waiting for Restore shop/first, which started earlier"));

        first.update(s -> Conditions.of(s, 1L, Clock.systemUTC()).failed(Reason.MoverFailed, "half-way"));
        assertThat(runs.findBlocker(second))
                .as("a failed Restore does not block the next one")
                .isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "Prepare, Running, false",
        "Cut, Running, true",
        "Cut, Done, true",
        "Resources, Running, true",
        "Resources, Done, false"
    })
    void waitsForARunningCapture(String step, JournalEntry.State state, boolean waits) {
        RestoreRun run = run("only");
        RestorePoint point = new RestorePoint();
        point.getMetadata().setNamespace(NAMESPACE);
        point.getMetadata().setName("nightly");
        point.setSpec(new RestorePointSpec());
        point.setStatus(new RestorePointStatus());
        for (String s : new String[] {"Prepare", "Cut", "Resources"}) {
            JournalEntry entry = new JournalEntry();
            entry.step = s;
            entry.state = s.equals(step) ? state : JournalEntry.State.Done;
            point.getStatus().journal.add(entry);
            if (s.equals(step)) {
                break;
            }
        }
        client.resource(point).create();

        assertThat(runs.findBlocker(run).isPresent()).isEqualTo(waits);

        Conditions.of(point.getStatus(), 1L, Clock.systemUTC()).failed(Reason.SnapshotFailed, "over");
        client.resource(point).update();
        assertThat(runs.findBlocker(run)).isEmpty();
    }

    @Test
    void allowsOnlyThePlanToRestoreOnAStandbySite() {
        RestoreRun run = run("by-hand");
        gate.close(NAMESPACE, NamespaceGate.PLAN + "shop");

        assertThatThrownBy(() -> runs.checkActive(run))
                .hasMessageContaining("FailoverPlan shop")
                .hasMessageContaining("restore on the active site")
                .isInstanceOfSatisfying(
                        BreakwaterException.class, e -> assertThat(e.reason()).isEqualTo(Reason.Standby));

        run.restore().getMetadata().setLabels(Map.of(Api.PLAN, "shop"));
        assertThatThrownBy(() -> runs.checkActive(run))
                .as("every user can write the label")
                .hasMessageContaining("FailoverPlan shop");
        run.askedBy(() -> true);
        assertThatCode(() -> runs.checkActive(run)).doesNotThrowAnyException();
    }

    private RestoreRun run(String name) {
        Restore restore = new Restore();
        restore.getMetadata().setNamespace(NAMESPACE);
        restore.getMetadata().setName(name);
        restore.setSpec(new RestoreSpec());
        restore.setStatus(new RestoreStatus());
        return new RestoreRun(
                client.resource(restore).create(),
                new PlainStatusWriter(client),
                Clock.systemUTC(),
                () -> null,
                () -> {});
    }
}
