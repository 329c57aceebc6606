package io.breakwater.fleet;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BiConsumer;

/**
 * All objects of one kind: those that were written, and those that are generated. Keys are {@code <namespace>/<name>}, and {@code
 * /<name>} for kinds without a namespace.
 */
final class ServedTable {
    static final ObjectMapper JSON = new ObjectMapper();

    /** Events that a watch can start before. */
    private static final int REMEMBERED = 4000;

    private record Change(long version, String type, ObjectNode object) {}

    /** A page of a list. {@code next} is the key that the next page starts after; null if there is none. */
    record Page(List<byte[]> items, String next) {}

    private final ServedKind kind;
    private final AtomicLong versions;
    private final MergedObjects<ObjectNode> objects = new MergedObjects<>();
    private final Deque<Change> changes = new ArrayDeque<>();
    private final Set<WatchStream> watches = ConcurrentHashMap.newKeySet();
    private long forgotten;

    ServedTable(ServedKind kind, AtomicLong versions) {
        this.kind = kind;
        this.versions = versions;
        this.forgotten = versions.get();
    }

    ServedKind kind() {
        return kind;
    }

    /** Adds objects that are generated, before the first request. */
    synchronized void generate(GeneratedObjects made) {
        objects.generate(made);
    }

    /** A copy of an object; null if it does not exist. */
    synchronized ObjectNode get(String key) {
        ObjectNode found = objects.written(key);
        if (found != null) {
            return found.deepCopy();
        }
        int index = objects.generatedIndex(key);
        return index < 0 ? null : parse(objects.generated().body(index));
    }

    /** Writes an object, with a new resource version, and sends it to all watches. */
    synchronized ObjectNode put(String key, ObjectNode object) {
        boolean exists = get(key) != null;
        ObjectNode written = object.deepCopy();
        long version = versions.incrementAndGet();
        ((ObjectNode) written.get("metadata")).put("resourceVersion", Long.toString(version));
        objects.put(key, written);
        changed(new Change(version, exists ? "MODIFIED" : "ADDED", written));
        return written.deepCopy();
    }

    /** Deletes an object that exists. */
    synchronized void remove(String key) {
        ObjectNode last = get(key);
        long version = versions.incrementAndGet();
        ((ObjectNode) last.get("metadata")).put("resourceVersion", Long.toString(version));
        objects.remove(key);
        changed(new Change(version, "DELETED", last));
    }

    private void changed(Change change) {
        changes.add(change);
        if (changes.size() > REMEMBERED) {
            forgotten = changes.remove().version();
        }
        watches.forEach(watch -> watch.change(change.type(), change.object()));
    }

    /**
     * A page of the objects in a namespace, or in all of them.
     *
     * @param after key that the page starts after; null for the first page
     */
    synchronized Page list(String namespace, ListSelector selector, boolean metadataOnly, String after, int limit) {
        List<byte[]> items = new ArrayList<>();
        MergedObjects<ObjectNode>.Cursor cursor =
                objects.from(after != null ? after + '\0' : namespace == null ? "" : namespace + "/");
        String last = null;
        while (cursor.advance() && isIn(namespace, cursor.key())) {
            if (items.size() == limit) {
                return new Page(items, last);
            }
            byte[] item = item(cursor.key(), cursor.index(), selector, metadataOnly);
            if (item != null) {
                items.add(item);
            }
            last = cursor.key();
        }
        return new Page(items, null);
    }

    private static boolean isIn(String namespace, String key) {
        return namespace == null || key.startsWith(namespace + "/");
    }

    private byte[] item(String key, int index, ListSelector selector, boolean metadataOnly) {
        if (index >= 0 && selector.isEmpty()) {
            return metadataOnly
                    ? bytes(WatchStream.partial(
                            new String(objects.generated().metadata(index), StandardCharsets.UTF_8)))
                    : objects.generated().body(index);
        }
        ObjectNode object = index >= 0 ? parse(objects.generated().body(index)) : objects.written(key);
        if (!selector.test(object)) {
            return null;
        }
        return bytes(metadataOnly ? WatchStream.partial(object.get("metadata").toString()) : object.toString());
    }

    /** All keys in a namespace, with the objects. */
    synchronized void each(String namespace, ListSelector selector, BiConsumer<String, ObjectNode> consumer) {
        List<String> keys = new ArrayList<>();
        MergedObjects<ObjectNode>.Cursor cursor = objects.from(namespace == null ? "" : namespace + "/");
        while (cursor.advance() && isIn(namespace, cursor.key())) {
            keys.add(cursor.key());
        }
        for (String key : keys) {
            ObjectNode object = get(key);
            if (selector.test(object)) {
                consumer.accept(key, object);
            }
        }
    }

    /**
     * Adds a watch, which first gets what changed after a version.
     *
     * @param version null for all objects that exist
     * @return false if the version is too old
     */
    synchronized boolean watch(WatchStream watch, String namespace, Long version, boolean endsInitialEvents) {
        if (version == null) {
            each(namespace, new ListSelector("", ""), (key, object) -> watch.change("ADDED", object));
        } else if (version < forgotten) {
            return false;
        } else {
            changes.stream()
                    .filter(change -> change.version() > version)
                    .forEach(change -> watch.change(change.type(), change.object()));
        }
        if (endsInitialEvents) {
            watch.bookmark(kind, versions.get(), true);
        }
        watches.add(watch);
        return true;
    }

    void unwatch(WatchStream watch) {
        watches.remove(watch);
    }

    /** Sends a bookmark to all watches. */
    synchronized void bookmark() {
        watches.forEach(watch -> watch.bookmark(kind, versions.get(), false));
    }

    synchronized void close() {
        watches.forEach(WatchStream::end);
    }

    /** The keys of all objects that were written and exist. */
    synchronized List<String> writtenKeys() {
        return objects.writtenKeys();
    }

    static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    static ObjectNode parse(byte[] json) {
        try {
            return (ObjectNode) JSON.readTree(json);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
