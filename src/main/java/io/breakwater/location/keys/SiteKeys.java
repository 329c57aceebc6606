package io.breakwater.location.keys;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.breakwater.api.BoundedJson;
import io.breakwater.store.GatheringBound;
import io.breakwater.store.ObjectStore;
import io.breakwater.store.ObjectStore.Document;
import io.breakwater.store.ObjectStore.Precondition;
import io.breakwater.store.StoreLayout;
import java.io.IOException;
import java.time.Instant;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * The ids of the keys that a site has, as it reports them in {@code breakwater/keyrings/<site>.json}. The object has no keys.
 *
 * @param lastSeen time of the site's last heartbeat, by the store's clock
 * @param current id of the current key of its Secret; null for a site that does not report it
 * @param keys ids of all its keys
 * @param escrow fingerprint of its public key for escrow; null without one
 */
public record SiteKeys(String site, Instant lastSeen, String current, Set<String> keys, String escrow) {
    private static final ObjectMapper JSON = BoundedJson.mapper();

    /** All sites that ever had a heartbeat in a location. */
    public static List<SiteKeys> read(ObjectStore store) {
        Map<String, Instant> seen = new HashMap<>();
        GatheringBound gathered = new GatheringBound(store, StoreLayout.heartbeats());
        store.list(StoreLayout.heartbeats(), o -> seen.put(site(gathered.add(o.key())), o.lastModified()));
        return seen.entrySet().stream()
                .map(e -> of(
                        e.getKey(),
                        e.getValue(),
                        store.readIfBounded(StoreLayout.keyRing(e.getKey()), ObjectStore.MAX_DOCUMENT)
                                .orElse(null)))
                .toList();
    }

    /** Reports the keys of a site; writes only a changed report. */
    public static void report(ObjectStore store, String site, KeyRing ring, String escrow) {
        ObjectNode tree = JSON.createObjectNode().put("schemaVersion", 1).put("current", ring.current());
        new TreeSet<>(ring.ids()).forEach(tree.putArray("keys")::add);
        if (escrow != null) {
            tree.put("escrow", escrow);
        }
        String key = StoreLayout.keyRing(site);
        byte[] content = bytes(tree);
        boolean known = store.readIfBounded(key, ObjectStore.MAX_DOCUMENT)
                .filter(d -> Arrays.equals(d.content(), content))
                .isPresent();
        if (!known) {
            store.write(key, content, Precondition.NONE);
        }
    }

    private static SiteKeys of(String site, Instant lastSeen, Document document) {
        Set<String> keys = new TreeSet<>();
        JsonNode tree = JSON.createObjectNode();
        try {
            tree = document == null ? tree : JSON.readTree(document.content());
        } catch (IOException e) {
            // a report that cannot be parsed is ignored, like one that is too large
        }
        tree.path("keys").forEach(k -> keys.add(k.asText()));
        return new SiteKeys(
                site,
                lastSeen,
                tree.path("current").asText(null),
                keys,
                tree.path("escrow").asText(null));
    }

    private static String site(String heartbeat) {
        return heartbeat.substring(StoreLayout.heartbeats().length()).replaceFirst("\\.json$", "");
    }

    private static byte[] bytes(JsonNode tree) {
        try {
            return JSON.writeValueAsBytes(tree);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Names of sites, for messages. */
    public static String names(Stream<SiteKeys> sites) {
        return String.join(", ", sites.map(SiteKeys::site).sorted().toList());
    }
}
