package io.breakwater.capture;

import io.breakwater.api.Api;
import io.breakwater.api.BackupLocation;
import io.breakwater.api.BackupLocationSpec.VeleroLayout;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Digests;
import io.breakwater.api.Reason;
import io.breakwater.archive.ArchiveCipher;
import io.breakwater.archive.ArchiveHeader;
import io.breakwater.archive.ArchiveIdentity;
import io.breakwater.location.keys.KeyRing;
import io.breakwater.location.keys.LocationKeys;
import io.breakwater.resource.DiscoveryCache;
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
import java.io.UncheckedIOException;
import java.security.MessageDigest;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Streams the objects of a namespace into an encrypted archive in the store: compressed, encrypted, hashed and uploaded in bounded
 * memory. If the location asks for it, the objects are also written in clear in Velero's layout.
 */
@ApplicationScoped
class ArchiveUpload {
    private static final int UPLOADS = 8;

    private final KubernetesClient client;
    private final LocationKeys keys;
    private final Clock clock;
    private final DiscoveryCache discovery;

    ArchiveUpload(KubernetesClient client, LocationKeys keys, Clock clock) {
        this.client = client;
        this.keys = keys;
        this.clock = clock;
        this.discovery = new DiscoveryCache(clock);
    }

    /** One object in the store. */
    record Stored(String key, long size, String sha256) {}

    /** The written archive. */
    record Result(long count, List<Stored> objects, List<String> warnings, ArchiveHeader header) {}

    /** The state in which an object must be, for a write to the directory of this RestorePoint. */
    private interface ExpectedState {
        Precondition of(String key);
    }

    /**
     * Writes all objects into the directory of this RestorePoint, which has none of them.
     *
     * @throws BreakwaterException ResourcesFailed or StoreUnavailable; Conflict, which a retry by {@link #replace} resolves, if the
     *     directory has one
     */
    Result create(CaptureRun run, ObjectStore store) {
        return write(run, store, key -> Precondition.ABSENT);
    }

    /**
     * Writes all objects into the directory of this RestorePoint, also those that an interrupted attempt of it has written: no
     * seal names them yet.
     *
     * @throws BreakwaterException ResourcesFailed or StoreUnavailable
     */
    Result replace(CaptureRun run, ObjectStore store) {
        return write(run, store, key -> ownObject(store, key));
    }

    private Result write(CaptureRun run, ObjectStore store, ExpectedState expected) {
        Instant startedAt = clock.instant();
        VeleroLayout velero = veleroLayout(run.route().location());
        try (ObjectUpload archive = new ObjectUpload(store, run.key().archiveKey(run.uid()), expected);
                ObjectUpload clear = velero == VeleroLayout.None
                        ? null
                        : new ObjectUpload(
                                store, BackupObjects.archiveKey(run.key().backupName(run.uid())), expected)) {
            ArchiveIdentity identity = ArchiveIdentity.ofResources(run.key(), run.uid());
            ArchiveCipher cipher = ArchiveCipher.create(identity);
            ArchiveHeader header = header(run, store, identity, cipher);
            OutputStream encrypted = encrypting(header, cipher, archive);
            InlineVolumes inline = new InlineVolumes();
            boolean sees = InlineVolumes.areListedByCapture(run.policy().getSpec().source);
            ResourceCapture.Result captured = new ResourceCapture(client, discovery)
                    .capture(
                            new ResourceCapture.Request(
                                    run.namespace(), scope(run), Instant.parse(run.status().capturedAt)),
                            encrypted,
                            Optional.ofNullable(clear)
                                    .map(out -> new ResourceCapture.ClearCopy(out, velero == VeleroLayout.WithSecrets)),
                            sees ? inline::see : (kind, object) -> {});
            encrypted.close();
            List<Stored> stored = clear == null
                    ? List.of(archive.commit())
                    : commitAll(
                            store,
                            expected,
                            List.of(archive, clear),
                            documents(run, startedAt, captured).documents(captured.resourceList()));
            List<String> warnings = Stream.concat(captured.warnings().stream(), inline.warnings().stream())
                    .toList();
            return new Result(captured.count(), stored, warnings, header);
        } catch (UncheckedIOException e) {
            throw failed(run, e.getCause());
        } catch (IOException e) {
            throw failed(run, e);
        }
    }

    private static BreakwaterException failed(CaptureRun run, IOException e) {
        return BreakwaterException.retryable(
                Reason.ResourcesFailed,
                "could not write the archive of namespace " + run.namespace() + ": " + e.getMessage(),
                e);
    }

    /** The header of a new archive, with the key that the location was written with at the start of the capture. */
    private ArchiveHeader header(CaptureRun run, ObjectStore store, ArchiveIdentity identity, ArchiveCipher cipher) {
        BackupLocation location = run.route().location();
        return run.memory()
                .opening()
                .map(opening -> ArchiveHeader.of(identity, cipher, opening.ring(), opening.keyId()))
                .orElseGet(() -> {
                    KeyRing ring = keys.ring(location);
                    return ArchiveHeader.of(identity, cipher, ring, keys.writing(location, store, ring));
                });
    }

    /** Writes the header of the archive. Closing the stream ends the archive, but not the upload. */
    private static OutputStream encrypting(ArchiveHeader header, ArchiveCipher cipher, ObjectUpload out)
            throws IOException {
        header.write(out);
        return cipher.encrypting(new FilterOutputStream(out) {
            @Override
            public void write(byte[] b, int off, int len) throws IOException {
                this.out.write(b, off, len);
            }

            /** An upload that is closed before its commit is abandoned. */
            @Override
            public void close() throws IOException {
                flush();
            }
        });
    }

    private static VeleroLayout veleroLayout(BackupLocation location) {
        var archives = location.getSpec().archives;
        return archives == null || archives.velero == null ? VeleroLayout.None : archives.velero;
    }

    private BackupObjects documents(CaptureRun run, Instant startedAt, ResourceCapture.Result captured) {
        return new BackupObjects(
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
    }

    private static CaptureScope scope(CaptureRun run) {
        return new CaptureScope(
                run.policy().getSpec().source,
                run.status().volumes.stream().map(v -> v.pvc).collect(Collectors.toSet()));
    }

    /**
     * Writes the archives and documents in parallel, except the last document: it makes the others visible, so it comes after
     * them.
     */
    private static List<Stored> commitAll(
            ObjectStore store,
            ExpectedState expected,
            List<ObjectUpload> archives,
            SequencedMap<String, byte[]> documents) {
        Map.Entry<String, byte[]> last = documents.lastEntry();
        Map<String, Stored> written = new ConcurrentHashMap<>();
        List<Runnable> writes = new ArrayList<>();
        archives.forEach(a -> writes.add(() -> written.put(a.key, a.committed())));
        documents.sequencedEntrySet().stream()
                .filter(d -> !d.getKey().equals(last.getKey()))
                .forEach(d -> writes.add(() -> write(store, expected, d.getKey(), d.getValue())));
        Parallel.each(UPLOADS, writes, Runnable::run);
        write(store, expected, last.getKey(), last.getValue());
        return Stream.concat(
                        archives.stream().map(a -> written.get(a.key)),
                        documents.sequencedEntrySet().stream()
                                .map(d -> new Stored(d.getKey(), d.getValue().length, Digests.sha256Hex(d.getValue()))))
                .toList();
    }

    /** Writes an object of this RestorePoint, also in the place of one of an interrupted attempt. */
    static void write(ObjectStore store, String key, byte[] content) {
        write(store, k -> ownObject(store, k), key, content);
    }

    private static void write(ObjectStore store, ExpectedState expected, String key, byte[] content) {
        requireWritten(store.write(key, content, expected.of(key)), key);
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

    /** Uploads an object, and counts and hashes its bytes. Without {@link #commit} nothing is written. */
    private static final class ObjectUpload extends OutputStream {
        private final MessageDigest sha = Digests.sha256();
        private final String key;
        private final Upload out;
        private long size;

        ObjectUpload(ObjectStore store, String key, ExpectedState expected) {
            this.key = key;
            this.out = store.upload(key, expected.of(key));
        }

        Stored committed() {
            try {
                return commit();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
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

        Stored commit() throws IOException {
            requireWritten(out.commit(), key);
            return new Stored(key, size, HexFormat.of().formatHex(sha.digest()));
        }

        @Override
        public void close() throws IOException {
            out.close();
        }
    }
}
