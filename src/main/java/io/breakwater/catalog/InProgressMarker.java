package io.breakwater.catalog;

import io.breakwater.store.ObjectStore;
import io.breakwater.store.ObjectStore.ObjectInfo;
import io.breakwater.store.ObjectStore.Precondition;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/**
 * What is being brought into a location: {@code breakwater/begun/<site>/<namespace>/<point>.json}, written before anything
 * else of the point and removed after its seal. One that stays says where something lies that no seal names.
 *
 * @param key of the point
 * @param since when it began, by the store's clock; a new attempt begins anew
 */
public record InProgressMarker(PointKey key, Instant since) {
    private static final String PREFIX = "breakwater/begun/";
    private static final String SUFFIX = ".json";
    private static final byte[] CONTENT = "{\"schemaVersion\":1}".getBytes(StandardCharsets.UTF_8);

    /** Says that a point is on its way into a store. */
    public static void create(ObjectStore store, PointKey key) {
        store.write(name(key), CONTENT, Precondition.NONE);
    }

    /** Says that it came to its end: it is sealed, or nothing of it is left. */
    public static void delete(ObjectStore store, PointKey key) {
        store.delete(name(key));
    }

    /** What one site began and did not end. */
    public static List<InProgressMarker> list(ObjectStore store, String site) {
        List<InProgressMarker> found = new ArrayList<>();
        store.list(PREFIX + site + "/", o -> add(found, o));
        return found;
    }

    /** Whether it is still the same attempt. */
    public boolean isCurrent(ObjectStore store) {
        return store.head(name(key))
                .map(o -> o.info().lastModified().getEpochSecond() == since.getEpochSecond())
                .orElse(false);
    }

    private static void add(List<InProgressMarker> found, ObjectInfo o) {
        String[] parts = o.key().substring(PREFIX.length()).split("/", -1);
        if (parts.length == 3 && parts[2].endsWith(SUFFIX)) {
            String point = parts[2].substring(0, parts[2].length() - SUFFIX.length());
            found.add(new InProgressMarker(new PointKey(parts[0], parts[1], point), o.lastModified()));
        }
    }

    private static String name(PointKey key) {
        return PREFIX + key.site() + "/" + key.namespace() + "/" + key.point() + SUFFIX;
    }
}
