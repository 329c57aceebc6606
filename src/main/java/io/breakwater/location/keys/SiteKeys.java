package io.breakwater.location.keys;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.breakwater.api.BoundedJson;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.store.GatheringBound;
import io.breakwater.store.ObjectStore;
import io.breakwater.store.ObjectStore.Precondition;
import io.breakwater.store.SignedDocument;
import io.breakwater.store.StoreLayout;
import java.io.IOException;
import java.time.Instant;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.jboss.logging.Logger;

/**
 * The ids of the keys that a site has, as it reports them in {@code breakwater/keyrings/<site>.json}. The object has no keys.
 *
 * @param lastSeen time of the site's last heartbeat, by the store's clock
 * @param current id of the current key of its Secret; null for a site that does not report it
 * @param keys ids of all its keys
 * @param escrow fingerprint of its public key for escrow; null without one
 */
public record SiteKeys(String site, Instant lastSeen, String current, Set<String> keys, String escrow) {
    private static final Logger LOG = Logger.getLogger(SiteKeys.class);
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
                        signed(store, StoreLayout.keyRing(e.getKey())).orElse(null)))
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
        Optional<SignedDocument> before = signed(store, key);
        boolean known = before.filter(d -> Arrays.equals(d.payload(), content)
                        && d.keyId().equals(store.documents().currentKey()))
                .isPresent();
        if (!known) {
            store.writeSigned(key, before.map(SignedDocument::counter).orElse(0L) + 1, content, Precondition.NONE);
        }
    }

    /** A report; empty for one that is absent, too large or without a valid signature. Its site counts as one without a report. */
    private static Optional<SignedDocument> signed(ObjectStore store, String key) {
        try {
            return store.readSigned(key, ObjectStore.MAX_DOCUMENT);
        } catch (BreakwaterException e) {
            if (e.reason() != Reason.Tampered) {
                throw e;
            }
            LOG.warn(e.getMessage());
            return Optional.empty();
        }
    }

    private static SiteKeys of(String site, Instant lastSeen, SignedDocument document) {
        Set<String> keys = new TreeSet<>();
        JsonNode tree = JSON.createObjectNode();
        try {
            tree = document == null ? tree : JSON.readTree(document.payload());
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
