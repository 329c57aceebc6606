package io.breakwater.capture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.breakwater.admission.InMemoryApiServer;
import io.breakwater.api.RestorePoint;
import io.breakwater.api.RestorePointStatus;
import io.breakwater.observe.PlainStatusWriter;
import io.breakwater.policy.PointRoute;
import io.breakwater.steps.Activities;
import io.breakwater.steps.Outcome;
import io.breakwater.store.MemoryStore;
import io.breakwater.store.ObjectStore;
import io.breakwater.store.TestStores;
import io.breakwater.trust.PointKeys;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Only a capture that has written nothing yet may expect an empty directory. */
class ArchiveResourcesStepTest {
    private final InMemoryApiServer cluster = new InMemoryApiServer();
    private final List<String> calls = new ArrayList<>();
    private final CaptureMemory memory = new CaptureMemory();
    private final ArchiveResourcesStep step =
            new ArchiveResourcesStep(new NotingUpload(), TestStores.always(new MemoryStore()), new Activities());

    @AfterEach
    void close() {
        cluster.close();
    }

    @Test
    void createsTheArchiveOfACaptureThatThisProcessBegan() {
        memory.planned(new CaptureMemory.Plan(List.of(), List.of()));
        write(1);
        write(1);

        assertThat(calls).containsExactly("create", "replace");
    }

    /** The journal has no entry of this step before its end, so the attempt is the first one also after a kill. */
    @Test
    void replacesWhatAnEarlierProcessMayHaveWritten() {
        write(1);

        assertThat(calls).containsExactly("replace");
    }

    private void write(int attempt) {
        RestorePoint point = new RestorePoint();
        point.getMetadata().setNamespace("shop");
        point.getMetadata().setName("p");
        point.getMetadata().setUid("uid-1");
        point.setStatus(new RestorePointStatus());
        CaptureRun run = new CaptureRun(
                        point,
                        PointKeys.source("east", "shop"),
                        new PlainStatusWriter(cluster.client()),
                        Clock.systemUTC(),
                        () -> {},
                        memory)
                .follow(null, new PointRoute(null, List.of(), 0, Optional.empty(), true));
        await().until(() -> step.run(run, attempt) instanceof Outcome.Done);
    }

    private final class NotingUpload extends ArchiveUpload {
        NotingUpload() {
            super(null, null, Clock.systemUTC());
        }

        @Override
        Result create(CaptureRun run, ObjectStore store) {
            calls.add("create");
            return new Result(0, List.of(), List.of(), null);
        }

        @Override
        Result replace(CaptureRun run, ObjectStore store) {
            calls.add("replace");
            return new Result(0, List.of(), List.of(), null);
        }
    }
}
