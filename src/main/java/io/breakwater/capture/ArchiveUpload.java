package io.breakwater.capture;

import io.breakwater.api.Api;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.resource.capture.CaptureScope;
import io.breakwater.resource.capture.ResourceCapture;
import io.breakwater.steps.Parallel;
import io.breakwater.store.ObjectStore;
import io.breakwater.store.ObjectStore.Precondition;
import io.breakwater.store.ObjectStore.Upload;
import io.breakwater.velero.BackupObjects;
import io.fabric8.kubernetes.client.KubernetesClient;
import jakarta.enterprise.context.ApplicationScoped;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.stream.Collectors;

/** Streams a namespace's objects into the archive in the store, and puts Velero's small objects beside it. */
@ApplicationScoped
class ArchiveUpload {
    private static final int UPLOADS = 8;

    private final KubernetesClient client;
    private final Clock clock;

    ArchiveUpload(KubernetesClient client, Clock clock) {
        this.client = client;
        this.clock = clock;
    }

    /** One object that was written. */
    record Stored(String key, long size, String sha256) {}

    /** What was written. */
    record Result(long count, List<Stored> objects, List<String> warnings) {}

    /**
     * Writes everything anew: a run that was cut off left objects behind that no seal names.
     *
     * @throws BreakwaterException ResourcesFailed or StoreUnavailable
     */
    Result write(CaptureRun run, ObjectStore store) {
        Instant startedAt = clock.instant();
        String archive = run.key().archiveKey();
        List<Stored> stored = new ArrayList<>();
        try (Upload upload = store.upload(archive, Precondition.NONE)) {
            Digest out = new Digest(upload);
            ResourceCapture.Result captured = new ResourceCapture(client)
                    .capture(
                            new ResourceCapture.Request(
                                    run.namespace(), scope(run), Instant.parse(run.status().capturedAt)),
                            out);
            upload.commit();
            stored.add(new Stored(archive, out.size, out.hex()));
            BackupObjects beside = new BackupObjects(
                    run.key().backupName(),
                    run.namespace(),
                    startedAt,
                    clock.instant(),
                    captured.count(),
                    captured.serverVersion(),
                    Map.of(
                            Api.ORIGIN_SITE,
                            run.site(),
                            Api.POLICY,
                            run.policy().getMetadata().getName()),
                    captured.warnings());
            stored.addAll(writeAll(store, beside.documents(captured.resourceList())));
            return new Result(captured.count(), stored, captured.warnings());
        } catch (IOException e) {
            throw BreakwaterException.retryable(
                    Reason.ResourcesFailed,
                    "the archive of namespace " + run.namespace() + " could not be written: " + e.getMessage(),
                    e);
        }
    }

    private static CaptureScope scope(CaptureRun run) {
        return new CaptureScope(
                run.policy().getSpec().source,
                run.status().volumes.stream().map(v -> v.pvc).collect(Collectors.toSet()));
    }

    /** Writes the documents at the same time, but for the last one, which makes the others visible. */
    private static List<Stored> writeAll(ObjectStore store, SequencedMap<String, byte[]> documents) {
        Map.Entry<String, byte[]> last = documents.lastEntry();
        Parallel.each(UPLOADS, documents.sequencedEntrySet(), d -> {
            if (!d.getKey().equals(last.getKey())) {
                store.write(d.getKey(), d.getValue(), Precondition.NONE);
            }
        });
        store.write(last.getKey(), last.getValue(), Precondition.NONE);
        return documents.sequencedEntrySet().stream()
                .map(d -> new Stored(
                        d.getKey(), d.getValue().length, HexFormat.of().formatHex(sha256().digest(d.getValue()))))
                .toList();
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Counts and hashes what goes through. */
    private static final class Digest extends FilterOutputStream {
        private final MessageDigest sha = sha256();
        private long size;

        Digest(OutputStream out) {
            super(out);
        }

        @Override
        public void write(int b) throws IOException {
            write(new byte[] {(byte) b}, 0, 1);
        }

        @Override
        public void write(byte[] b, int off, int len) throws IOException {
            out.write(b, off, len);
            sha.update(b, off, len);
            size += len;
        }

        String hex() {
            return HexFormat.of().formatHex(sha.digest());
        }
    }
}
