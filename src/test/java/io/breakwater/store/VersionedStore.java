package io.breakwater.store;

import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Consumer;

/** A store in memory that retains versions, as a bucket with Object Lock does. A test moves its clock. */
public final class VersionedStore implements ObjectStore {
    private record Entry(Version version, byte[] content) {}

    /** Keys of the objects whose locks were extended. */
    public final List<String> relocked = new ArrayList<>();

    private final TreeMap<String, List<Entry>> keys = new TreeMap<>();
    private final Map<String, Instant> locks = new HashMap<>();
    private final DeletionSigner signer;
    private Instant now = Instant.parse("2026-01-01T00:00:00Z");
    private int ids;

    /** @param signer of deletions; null where they are not signed */
    public VersionedStore(DeletionSigner signer) {
        this.signer = signer;
    }

    public Instant now() {
        return now;
    }

    /** Moves the clock. */
    public void pass(Duration time) {
        now = now.plus(time);
    }

    /** Ids of all versions of a key, delete markers included, the newest first. */
    public List<String> versions(String key) {
        return keys.getOrDefault(key, List.of()).reversed().stream()
                .map(e -> e.version().id())
                .toList();
    }

    /** Locks all present versions of a key. */
    public void lock(String key, Instant until) {
        versions(key).forEach(id -> locks.put(id, until));
    }

    @Override
    public DocumentSigner documents() {
        return TestSigner.SIGNER;
    }

    @Override
    public Optional<Observed> head(String key) {
        return current(key).map(e -> observed(e));
    }

    @Override
    public Optional<Document> read(String key, int max) {
        return current(key)
                .map(e -> {
                    if (e.content().length > max) {
                        throw BoundedContent.tooLarge(key, max);
                    }
                    return e;
                })
                .map(e -> new Document(observed(e).info(), e.content().clone(), now));
    }

    @Override
    public Optional<InputStream> open(String key, long offset, long length) {
        return current(key).map(e -> new ByteArrayInputStream(e.content()));
    }

    @Override
    public void list(String prefix, Consumer<ObjectInfo> each) {
        List.copyOf(keys.keySet()).stream()
                .filter(key -> key.startsWith(prefix))
                .flatMap(key -> head(key).stream())
                .forEach(o -> each.accept(o.info()));
    }

    @Override
    public Set<String> directories(String prefix) {
        Set<String> names = new TreeSet<>();
        list(prefix, o -> {
            int slash = o.key().indexOf('/', prefix.length());
            if (slash > 0) {
                names.add(o.key().substring(prefix.length(), slash));
            }
        });
        return names;
    }

    @Override
    public Optional<Observed> write(String key, byte[] content, Precondition precondition) {
        Optional<Observed> present = head(key);
        boolean holds = switch (precondition) {
            case Precondition.None n -> true;
            case Precondition.Absent a -> present.isEmpty();
            case Precondition.Matches(String etag) ->
                present.filter(o -> o.info().etag().equals(etag)).isPresent();
        };
        if (!holds) {
            return Optional.empty();
        }
        add(key, content.clone(), false);
        return head(key);
    }

    @Override
    public Upload upload(String key, Precondition precondition) {
        throw new UnsupportedOperationException();
    }

    /** Hides the object behind a delete marker. */
    @Override
    public void delete(String key) {
        add(key, new byte[0], true);
    }

    @Override
    public void close() {}

    @Override
    public Locking locking() {
        return new Locking(true, true);
    }

    @Override
    public boolean relock(String key, Duration least) {
        relocked.add(key);
        return true;
    }

    @Override
    public Optional<String> version(String key) {
        return current(key).map(e -> e.version().id());
    }

    @Override
    public void histories(String prefix, Consumer<List<Version>> each) {
        for (String key : List.copyOf(keys.keySet())) {
            List<Version> history =
                    keys.get(key).reversed().stream().map(Entry::version).toList();
            if (key.startsWith(prefix)
                    && (history.size() > 1 || history.getFirst().deletion())) {
                each.accept(history);
            }
        }
    }

    @Override
    public Optional<Instant> destroy(Version version) {
        Optional<Instant> locked = Optional.ofNullable(locks.get(version.id())).filter(now::isBefore);
        if (locked.isEmpty()) {
            keys.get(version.key()).removeIf(e -> e.version().id().equals(version.id()));
            keys.values().removeIf(List::isEmpty);
        }
        return locked;
    }

    @Override
    public Optional<DeletionSigner> removals() {
        return Optional.ofNullable(signer);
    }

    private void add(String key, byte[] content, boolean deletion) {
        Version version = new Version(key, "v" + ++ids, content.length, now, deletion, true);
        keys.computeIfAbsent(key, k -> new ArrayList<>()).add(new Entry(version, content));
    }

    private Optional<Entry> current(String key) {
        return Optional.ofNullable(keys.get(key))
                .map(List::getLast)
                .filter(e -> !e.version().deletion());
    }

    private Observed observed(Entry e) {
        Version v = e.version();
        return new Observed(new ObjectInfo(v.key(), v.size(), v.id(), v.modified()), now);
    }
}
