package io.breakwater.restore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.breakwater.admission.InMemoryApiServer;
import io.breakwater.api.BackupLocation;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.api.Restore;
import io.breakwater.api.RestorePointStatus.Consistency;
import io.breakwater.api.RestorePointStatus.VolumeMode;
import io.breakwater.api.RestoreSpec;
import io.breakwater.api.RestoreSpec.OnConflict;
import io.breakwater.api.RestoreStatus;
import io.breakwater.api.RestoreStatus.VolumeFill;
import io.breakwater.catalog.PointDocument;
import io.breakwater.location.TestRegister;
import io.breakwater.mover.MoverJobs;
import io.breakwater.observe.PlainStatusWriter;
import io.breakwater.steps.Outcome;
import io.breakwater.trust.PointKeys;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A path that matches nothing is reported, although other paths match. */
class RestoreFilesStepTest {
    private final InMemoryApiServer cluster = new InMemoryApiServer();

    @AfterEach
    void close() {
        cluster.close();
    }

    @Test
    void namesEachPathThatMatchesNothing() {
        RestoreRun run = run("/docs/plain.txt", "/docs/Q3 [draft.txt", "/line\nbreak", "/docs/b");

        Outcome outcome = finish(run, "{\"total_files\":2,\"bytes_restored\":4,\"missing\":[1,2]}");

        assertThat(outcome.toString()).contains("2 paths match nothing");
        assertThat(run.status().files).isEqualTo(2);
        assertThat(run.status().warnings)
                .containsExactly(
                        "volume data of the point has nothing at path '/docs/Q3 [draft.txt' of spec.files.paths: check"
                                + " its spelling",
                        "volume data of the point has nothing at path '/line?break' of spec.files.paths: check its"
                                + " spelling");
    }

    @Test
    void failsWhenNoPathMatches() {
        RestoreRun run = run("/docs/a", "/docs/b");
        assertThatThrownBy(() -> finish(run, "{\"total_files\":0,\"missing\":[0,1]}"))
                .isInstanceOfSatisfying(
                        BreakwaterException.class, e -> assertThat(e.reason()).isEqualTo(Reason.InvalidSpec))
                .hasMessageContaining("nothing at the paths of spec.files.paths: '/docs/a', '/docs/b'");
    }

    @Test
    void addsNoWarningWhenAllPathsMatch() {
        RestoreRun run = run("/docs/a", "/docs/b");
        finish(run, "{\"total_files\":1,\"files_skipped\":1,\"missing\":[]}");
        assertThat(run.status().warnings).isNull();
    }

    private Outcome finish(RestoreRun run, String report) {
        return new RestoreFilesStep(cluster.client(), new MoverJobs(null, null, null, null) {
                    @Override
                    public State poll(Request request) {
                        try {
                            return new State.Succeeded(new ObjectMapper().readTree(report));
                        } catch (JsonProcessingException e) {
                            throw new IllegalStateException(e);
                        }
                    }
                })
                .run(run, 1);
    }

    private RestoreRun run(String... paths) {
        Restore restore = new Restore();
        restore.getMetadata().setNamespace("shop");
        restore.getMetadata().setName("files");
        restore.getMetadata().setUid("uid");
        restore.setSpec(new RestoreSpec());
        restore.getSpec().onConflict = OnConflict.Skip;
        restore.getSpec().files = new RestoreSpec.Files();
        restore.getSpec().files.pvc = "data";
        restore.getSpec().files.paths = List.of(paths);
        restore.setStatus(new RestoreStatus());
        VolumeFill fill = new VolumeFill();
        fill.pvc = "data";
        restore.getStatus().volumes = new ArrayList<>(List.of(fill));
        cluster.add(restore);
        PointDocument document = PointDocument.builder(PointKeys.of("east", "shop", "p"), "uid")
                .repository(TestRegister.of(PointKeys.of("east", "shop", "p")).id())
                .policy("shop")
                .capturedAt("2026-01-02T03:04:05Z")
                .consistency(Consistency.Crash)
                .volumes(List.of(new PointDocument.Volume(
                        "data", "csi", "1Gi", "/volumes/data", "ab".repeat(32), 7, 1, VolumeMode.Filesystem, null)))
                .archive("archive", 1)
                .build();
        return new RestoreRun(
                restore,
                new PlainStatusWriter(cluster.client()),
                Clock.systemUTC(),
                () -> new RestoreRun.Source(new BackupLocation(), document, "digest"),
                () -> {});
    }
}
