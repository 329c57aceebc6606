package io.breakwater.it;

import io.breakwater.store.CapturedNamespace;
import io.breakwater.store.ObjectStore;
import io.breakwater.store.StoreLayout;
import java.nio.charset.StandardCharsets;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The repository of a namespace in a store, as its owner entry names it. */
final class StoredRepository {
    private static final Pattern ID = Pattern.compile("\"repository\":\"([0-9a-f]{32})\"");

    private StoredRepository() {}

    /** Id of the repository of a namespace that was captured. */
    static String id(ObjectStore store, CapturedNamespace source) {
        String key = StoreLayout.owner(source);
        byte[] entry = store.read(key)
                .orElseThrow(() -> new AssertionError(key + " does not exist"))
                .content();
        Matcher id = ID.matcher(new String(entry, StandardCharsets.UTF_8));
        if (!id.find()) {
            throw new AssertionError(key + " names no repository");
        }
        return id.group(1);
    }

    /** Prefix of the repository of a namespace that was captured. */
    static String prefix(ObjectStore store, CapturedNamespace source) {
        return StoreLayout.repository(id(store, source));
    }
}
