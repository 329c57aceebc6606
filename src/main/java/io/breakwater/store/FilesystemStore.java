package io.breakwater.store;

import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.steps.ReconcilePlace;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Clock;
import java.time.Instant;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * A directory: a NAS mount or a PersistentVolume. An object is written to a staging file, flushed, and then moved or linked to its
 * place in one step. A write that depends on a version takes a lock of the file system, which other machines observe too.
 */
public final class FilesystemStore implements ObjectStore {
    /** Directory of staging files. The name cannot be a key, because no segment of a key starts with a dot. */
    private static final String STAGING = ".staging";

    private static final Pattern KEY = Pattern.compile("[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*");
    private static final ReentrantLock CHANGES = new ReentrantLock();

    private final Path root;
    private final Path staging;
    private final Clock clock;
    private volatile boolean rootSeen;
    private final ListingLimits limits;
    private final CallLimit calls;

    /** @param root created by the first write */
    public FilesystemStore(Path root, Clock clock) {
        this(root, clock, ListingLimits.DEFAULT);
    }

    /** A directory with other limits of its listings. */
    public FilesystemStore(Path root, Clock clock, ListingLimits limits) {
        this(root, clock, limits, new CallLimit("directory " + root));
    }

    /** A directory whose calls are in the limit of a location. */
    public FilesystemStore(Path root, Clock clock, ListingLimits limits, CallLimit calls) {
        this.calls = calls;
        this.limits = limits;
        this.root = root;
        this.staging = root.resolve(STAGING);
        this.clock = clock;
    }

    @Override
    public Optional<Observed> head(String key) {
        return io("head " + key, () -> {
            Optional<ObjectInfo> info = info(key);
            return info.isEmpty() ? absent() : Optional.of(new Observed(info.get(), now()));
        });
    }

    @Override
    public Optional<Document> read(String key, int max) {
        return io("read " + key, () -> {
            try (FileChannel channel = FileChannel.open(path(key), StandardOpenOption.READ)) {
                // Content and facts must be those of the same file, even when it is replaced meanwhile.
                byte[] content = BoundedContent.read(Channels.newInputStream(channel), key, max);
                Optional<ObjectInfo> info = info(key);
                if (info.isPresent() && info.get().size() != content.length) {
                    return read(key, max);
                }
                return info.isEmpty() ? absent() : Optional.of(new Document(info.get(), content, now()));
            } catch (NoSuchFileException e) {
                return absent();
            }
        });
    }

    @Override
    public Optional<InputStream> open(String key, long offset, long length) {
        return io("open " + key, () -> {
            try {
                FileChannel channel = FileChannel.open(path(key), StandardOpenOption.READ);
                channel.position(offset);
                InputStream stream = Channels.newInputStream(channel);
                return Optional.of(new OutsideStream(length < 0 ? stream : new Bounded(stream, length)));
            } catch (NoSuchFileException e) {
                return Optional.empty();
            }
        });
    }

    @Override
    public void list(String prefix, Consumer<ObjectInfo> each) {
        int slash = prefix.lastIndexOf('/');
        Path start = slash < 0 ? root : path(prefix.substring(0, slash));
        io("list " + prefix, () -> {
            if (Files.isDirectory(start)) {
                Files.walkFileTree(start, new Lister(prefix, each));
            }
            return null;
        });
    }

    @Override
    public Set<String> directories(String prefix) {
        Path start = path(prefix.substring(0, prefix.length() - 1));
        return io("list " + prefix, () -> {
            Set<String> names = new TreeSet<>();
            GatheringBound gathered = new GatheringBound(this, prefix);
            try (DirectoryStream<Path> children = Files.newDirectoryStream(start, Files::isDirectory)) {
                children.forEach(
                        child -> names.add(gathered.add(child.getFileName().toString())));
            } catch (NoSuchFileException | NotDirectoryException e) {
                return names;
            }
            // An object store has no empty directories.
            names.removeIf(name -> !holdsAny(start.resolve(name)));
            return names;
        });
    }

    @Override
    public ListingLimits limits() {
        return limits;
    }

    @Override
    public String place() {
        return "directory " + root;
    }

    private static boolean holdsAny(Path directory) {
        try (Stream<Path> files = Files.walk(directory)) {
            return files.anyMatch(Files::isRegularFile);
        } catch (IOException | UncheckedIOException e) {
            return true; // changed during the walk
        }
    }

    @Override
    public Optional<Observed> write(String key, byte[] content, Precondition precondition) {
        try (Upload upload = upload(key, precondition)) {
            upload.write(content);
            return upload.commit();
        } catch (IOException e) {
            throw failed("write " + key, e);
        }
    }

    @Override
    public Upload upload(String key, Precondition precondition) {
        Path target = path(key);
        return io("write " + key, () -> {
            Files.createDirectories(staging);
            Path draft = staging.resolve(UUID.randomUUID().toString());
            FileChannel channel = FileChannel.open(draft, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
            return new Draft(key, target, draft, channel, precondition);
        });
    }

    @Override
    public void delete(String key) {
        io("delete " + key, () -> Files.deleteIfExists(path(key)));
    }

    /** All drafts are in one directory, regardless of their keys. A draft that is being written is young. */
    @Override
    public int abandonUploads(String prefix, Instant before) {
        return io("abandon uploads", () -> {
            int removed = 0;
            if (Files.isDirectory(staging)) {
                try (DirectoryStream<Path> drafts = Files.newDirectoryStream(staging, "*-*")) {
                    for (Path draft : drafts) {
                        removed += isOlder(draft, before) && Files.deleteIfExists(draft) ? 1 : 0;
                    }
                }
            }
            return removed;
        });
    }

    private static boolean isOlder(Path draft, Instant before) throws IOException {
        try {
            return Files.getLastModifiedTime(draft).toInstant().isBefore(before);
        } catch (NoSuchFileException e) {
            return false; // it became an object
        }
    }

    @Override
    public void close() {
        // no resources are open
    }

    /**
     * The answer for an object that does not exist. A directory that existed and is gone, such as a file system that is not mounted
     * any more, is an error: its objects may exist.
     */
    private <T> Optional<T> absent() throws IOException {
        if (Files.isDirectory(root)) {
            rootSeen = true;
        } else if (rootSeen) {
            throw new NoSuchFileException(root.toString(), null, "the directory of the location is gone");
        }
        return Optional.empty();
    }

    private Path path(String key) {
        if (!KEY.matcher(key).matches()) {
            throw BreakwaterException.permanent(Reason.InvalidSpec, "'" + key + "' is not a valid key in a directory");
        }
        return root.resolve(key);
    }

    private Optional<ObjectInfo> info(String key) throws IOException {
        try {
            BasicFileAttributes a = Files.readAttributes(path(key), BasicFileAttributes.class);
            rootSeen = true;
            return a.isRegularFile() ? Optional.of(info(key, a)) : Optional.empty();
        } catch (NoSuchFileException | NotDirectoryException e) {
            return Optional.empty();
        }
    }

    private static ObjectInfo info(String key, BasicFileAttributes a) {
        String etag = a.fileKey() + "-" + a.lastModifiedTime().to(TimeUnit.NANOSECONDS) + "-" + a.size();
        return new ObjectInfo(key, a.size(), etag, a.lastModifiedTime().toInstant());
    }

    /** The file server's clock: the time stamp of a file that is created now. */
    private Instant now() throws IOException {
        Files.createDirectories(staging);
        Path probe = staging.resolve(UUID.randomUUID().toString());
        try {
            Files.createFile(probe);
            return Files.getLastModifiedTime(probe).toInstant();
        } catch (FileSystemException e) {
            return clock.instant(); // read-only: no leases are written there, so nothing depends on it
        } finally {
            Files.deleteIfExists(probe);
        }
    }

    private interface Action<T> {
        T run() throws IOException;
    }

    private <T> T io(String what, Action<T> action) {
        return calls.call("directory " + root + ": " + what, () -> {
            ReconcilePlace.forbid("directory");
            return answered(what, action);
        });
    }

    private <T> T answered(String what, Action<T> action) {
        try {
            return action.run();
        } catch (IOException e) {
            throw failed(what, e);
        }
    }

    private BreakwaterException failed(String what, IOException e) {
        return BreakwaterException.retryable(
                Reason.StoreUnavailable, "directory " + root + ": " + what + " failed: " + e, e);
    }

    private static void flushDirectory(Path directory) throws IOException {
        try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }

    /** An object in its staging file. */
    private final class Draft extends Upload {
        private final String key;
        private final Path target;
        private final Path draft;
        private final FileChannel channel;
        private final OutputStream out;
        private final Precondition precondition;

        Draft(String key, Path target, Path draft, FileChannel channel, Precondition precondition) {
            this.key = key;
            this.target = target;
            this.draft = draft;
            this.channel = channel;
            this.out = Channels.newOutputStream(channel);
            this.precondition = precondition;
        }

        @Override
        public void write(int b) throws IOException {
            write(new byte[] {(byte) b}, 0, 1);
        }

        @Override
        public void write(byte[] b, int off, int len) throws IOException {
            OutsideStream.io(() -> {
                out.write(b, off, len);
                return null;
            });
        }

        @Override
        public Optional<Observed> commit() throws IOException {
            try {
                return calls.call("directory " + root + ": write " + key, () -> {
                    try {
                        return finish();
                    } catch (IOException e) {
                        throw new UncheckedIOException(e);
                    }
                });
            } catch (UncheckedIOException e) {
                throw e.getCause();
            }
        }

        private Optional<Observed> finish() throws IOException {
            channel.force(true);
            channel.close();
            Files.createDirectories(target.getParent());
            boolean placed = switch (precondition) {
                case Precondition.None n -> replace();
                case Precondition.Absent a -> link();
                case Precondition.Matches(String etag) -> exchange(etag);
            };
            Optional<Observed> written = placed ? head(key) : Optional.empty();
            flushDirectory(target.getParent());
            return written;
        }

        private boolean replace() throws IOException {
            Files.move(draft, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            return true;
        }

        private boolean link() throws IOException {
            try {
                Files.createLink(target, draft);
                return true;
            } catch (FileAlreadyExistsException e) {
                return false;
            }
        }

        private boolean exchange(String etag) throws IOException {
            CHANGES.lock();
            try (FileChannel lock = FileChannel.open(
                            staging.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                    var held = lock.lock()) {
                Optional<ObjectInfo> present = info(key);
                return held.isValid()
                        && present.isPresent()
                        && present.get().etag().equals(etag)
                        && replace();
            } finally {
                CHANGES.unlock();
            }
        }

        @Override
        public void close() throws IOException {
            channel.close();
            Files.deleteIfExists(draft);
        }
    }

    private final class Lister extends SimpleFileVisitor<Path> {
        private final String prefix;
        private final ListingBound bound;
        private final Consumer<ObjectInfo> each;

        Lister(String prefix, Consumer<ObjectInfo> each) {
            this.prefix = prefix;
            this.bound = new ListingBound(FilesystemStore.this, "", prefix);
            this.each = each;
        }

        @Override
        public FileVisitResult preVisitDirectory(Path directory, BasicFileAttributes attributes) {
            return directory.equals(staging) ? FileVisitResult.SKIP_SUBTREE : FileVisitResult.CONTINUE;
        }

        @Override
        public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
            String key = root.relativize(file).toString().replace('\\', '/');
            if (key.startsWith(prefix) && attributes.isRegularFile()) {
                bound.count(key);
                each.accept(info(key, attributes));
            }
            return FileVisitResult.CONTINUE;
        }

        @Override
        public FileVisitResult visitFileFailed(Path file, IOException e) throws IOException {
            if (e instanceof NoSuchFileException) {
                return FileVisitResult.CONTINUE; // deleted during the walk
            }
            throw e;
        }
    }

    /** The first bytes of a stream. */
    private static final class Bounded extends InputStream {
        private final InputStream in;
        private long left;

        Bounded(InputStream in, long length) {
            this.in = in;
            this.left = length;
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] b, int off, int len) throws IOException {
            if (left <= 0) {
                return len == 0 ? 0 : -1;
            }
            int n = in.read(b, off, (int) Math.min(len, left));
            left -= Math.max(n, 0);
            return n;
        }

        @Override
        public void close() throws IOException {
            in.close();
        }
    }
}
