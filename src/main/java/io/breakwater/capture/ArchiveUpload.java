package io.breakwater.capture;

import io.breakwater.api.Api;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Digests;
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
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.stream.Collectors;

/** Streams the objects of a namespace into the archive in the store, and writes Velero's small objects next to it. */
@ApplicationScoped
class ArchiveUpload {
    private static final int UPLOADS = 8;

    private final KubernetesClient client;
    private final Clock clock;

    ArchiveUpload(KubernetesClient client, Clock clock) {
        this.client = client;
        this.clock = clock;
    }

    /** One object in the store. */
    record Stored(String key, long size, String sha256) {}

    /** The written archive. */
    record Result(long count, List<Stored> objects, List<String> warnings) {}

    /**
     * Writes all objects into the directory of this RestorePoint, also those that an interrupted attempt of it has written: no
     * seal names them yet.
     *
     * @throws BreakwaterException ResourcesFailed or StoreUnavailable
     */
    Result write(CaptureRun run, ObjectStore store) {
        Instant startedAt = clock.instant();
        String archive = run.key().archiveKey(run.uid());
        List<Stored> stored = new ArrayList<>();
        try (Upload upload = store.upload(archive, ownObject(store, archive))) {
            DigestStream out = new DigestStream(upload);
            ResourceCapture.Result captured = new ResourceCapture(client)
                    .capture(
                            new ResourceCapture.Request(
                                    run.namespace(), scope(run), Instant.parse(run.status().capturedAt)),
                            out);
            requireWritten(upload.commit(), archive);
            stored.add(new Stored(archive, out.size, out.hex()));
            BackupObjects objects = new BackupObjects(
                    run.key().backupName(run.uid()),
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
            stored.addAll(writeAll(store, objects.documents(captured.resourceList())));
            return new Result(captured.count(), stored, captured.warnings());
        } catch (IOException e) {
            throw BreakwaterException.retryable(
                    Reason.ResourcesFailed,
                    "could not write the archive of namespace " + run.namespace() + ": " + e.getMessage(),
                    e);
        }
    }

    private static CaptureScope scope(CaptureRun run) {
        return new CaptureScope(
                run.policy().getSpec().source,
                run.status().volumes.stream().map(v -> v.pvc).collect(Collectors.toSet()));
    }

    /** Writes the documents in parallel, except the last one: it makes the others visible, so it comes after them. */
    private static List<Stored> writeAll(ObjectStore store, SequencedMap<String, byte[]> documents) {
        Map.Entry<String, byte[]> last = documents.lastEntry();
        Parallel.each(UPLOADS, documents.sequencedEntrySet(), d -> {
            if (!d.getKey().equals(last.getKey())) {
                write(store, d.getKey(), d.getValue());
            }
        });
        write(store, last.getKey(), last.getValue());
        return documents.sequencedEntrySet().stream()
                .map(d -> new Stored(d.getKey(), d.getValue().length, Digests.sha256Hex(d.getValue())))
                .toList();
    }

    static void write(ObjectStore store, String key, byte[] content) {
        requireWritten(store.write(key, content, ownObject(store, key)), key);
    }

    /** An object that exists is of an interrupted attempt, since the directory has the uid in its name. */
    private static Precondition ownObject(ObjectStore store, String key) {
        return store.head(key)
                .<Precondition>map(
                        present -> new Precondition.Matches(present.info().etag()))
                .orElse(Precondition.ABSENT);
    }

    private static void requireWritten(Optional<ObjectStore.Observed> written, String key) {
        if (written.isEmpty()) {
            throw BreakwaterException.retryable(
                    Reason.Conflict, "object " + key + " was written by another process at the same time; will retry");
        }
    }

    /** Counts and hashes the bytes that are written. */
    private static final class DigestStream extends FilterOutputStream {
        private final MessageDigest sha = Digests.sha256();
        private long size;

        DigestStream(OutputStream out) {
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
