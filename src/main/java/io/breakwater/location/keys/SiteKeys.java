package io.breakwater.location.keys;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.breakwater.store.ObjectStore;
import io.breakwater.store.ObjectStore.Document;
import io.breakwater.store.ObjectStore.Precondition;
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
 * Which keys a site has, as it says in {@code breakwater/keyrings/<site>.json}: ids, never keys.
 *
 * @param lastSeen when the site was last heard of, by the store's clock
 * @param current id of the key that its Secret wants to be used; null of a site that does not say
 * @param keys ids of all keys that it has
 * @param escrow fingerprint of its public key for escrow; null without one
 */
public record SiteKeys(String site, Instant lastSeen, String current, Set<String> keys, String escrow) {
    private static final String HEARTBEATS = "breakwater/sites/";
    private static final String RINGS = "breakwater/keyrings/";
    private static final String SUFFIX = ".json";
    private static final ObjectMapper JSON = new ObjectMapper();

    /** All sites that were ever seen in a location. */
    public static List<SiteKeys> read(ObjectStore store) {
        Map<String, Instant> seen = new HashMap<>();
        store.list(HEARTBEATS, o -> seen.put(name(o.key(), HEARTBEATS), o.lastModified()));
        return seen.entrySet().stream()
                .map(e -> of(
                        e.getKey(),
                        e.getValue(),
                        store.read(RINGS + e.getKey() + SUFFIX).orElse(null)))
                .toList();
    }

    /** Says which keys a site has; writes only what is news. */
    public static void tell(ObjectStore store, String site, KeyRing ring, String escrow) {
        ObjectNode tree = JSON.createObjectNode().put("schemaVersion", 1).put("current", ring.current());
        new TreeSet<>(ring.ids()).forEach(tree.putArray("keys")::add);
        if (escrow != null) {
            tree.put("escrow", escrow);
        }
        String key = RINGS + site + SUFFIX;
        byte[] content = bytes(tree);
        boolean told =
                store.read(key).filter(d -> Arrays.equals(d.content(), content)).isPresent();
        if (!told) {
            store.write(key, content, Precondition.NONE);
        }
    }

    private static SiteKeys of(String site, Instant lastSeen, Document document) {
        Set<String> keys = new TreeSet<>();
        JsonNode tree = JSON.createObjectNode();
        try {
            tree = document == null ? tree : JSON.readTree(document.content());
        } catch (IOException e) {
            // a site that says nothing that can be understood says nothing
        }
        tree.path("keys").forEach(k -> keys.add(k.asText()));
        return new SiteKeys(
                site,
                lastSeen,
                tree.path("current").asText(null),
                keys,
                tree.path("escrow").asText(null));
    }

    private static String name(String key, String prefix) {
        return key.substring(prefix.length()).replaceFirst("\\.json$", "");
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
