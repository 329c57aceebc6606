package io.breakwater.store;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.breakwater.api.BoundedJson;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.store.ObjectStore.Observed;
import io.breakwater.store.ObjectStore.Precondition;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.jboss.logging.Logger;

/**
 * The sign of life of a site in a location: {@code breakwater/sites/<site>.json}, with the uid of its cluster and the public half
 * of its key, signed with the master key and with the key of the site. Its counter is the time of its writer. Its age is the
 * store's. The counter shows whether the object is a new heartbeat, or an old one that was written again.
 *
 * @param cluster uid of the site's cluster; null where the site has no key
 * @param publicKey public half of the site's key; null where the site has none
 * @param succeeds uids of the lost clusters that this one replaces, as the site states
 * @param modified store time of the heartbeat
 * @param storeTime the store's time when it was read
 */
public record SiteHeartbeat(
        String site, String cluster, String publicKey, List<String> succeeds, Instant modified, Instant storeTime) {
    private static final Logger LOG = Logger.getLogger(SiteHeartbeat.class);
    private static final ObjectMapper JSON = BoundedJson.mapper();
    private static final int LARGEST = 64 * 1024;

    /** Lost clusters that one site can name. */
    private static final int MOST_LOST = 16;

    /** Writes the heartbeat of this site. */
    public static Observed write(ObjectStore store, String site, Instant now) {
        String key = StoreLayout.heartbeat(site);
        ObjectNode tree = JSON.createObjectNode().put("at", now.toString()).put("site", site);
        store.documents().site().ifPresent(s -> {
            tree.put("cluster", s.cluster()).put("publicKey", s.publicKey());
            ArrayNode lost = tree.putArray("succeeds");
            s.succeeds().forEach(lost::add);
        });
        byte[] payload = tree.toString().getBytes(StandardCharsets.UTF_8);
        byte[] signed = store.documents().signAsSite(key, now.toEpochMilli(), payload);
        return store.write(key, signed, Precondition.NONE).orElseThrow();
    }

    /** The heartbeat of a site; empty when there is none, or none with valid signatures. */
    public static Optional<SignedDocument> read(ObjectStore store, String site) {
        try {
            return store.readSigned(StoreLayout.heartbeat(site), LARGEST);
        } catch (BreakwaterException e) {
            return skip(site, e);
        }
    }

    /**
     * What a site states about itself, whatever key was pinned for it: the signature of the master key is valid, and the site has
     * signed with the key that it states. Empty when there is no such heartbeat.
     */
    public static Optional<SiteHeartbeat> stated(ObjectStore store, String site) {
        try {
            return store.read(StoreLayout.heartbeat(site), LARGEST)
                    .map(store.documents()::verifyStated)
                    .flatMap(document -> parsed(site, document));
        } catch (BreakwaterException e) {
            return skip(site, e);
        }
    }

    private static Optional<SiteHeartbeat> parsed(String site, SignedDocument document) {
        try {
            JsonNode tree = JSON.readTree(document.payload());
            String key = tree.path("publicKey").asText(null);
            SignedDocument.SiteStamp stamp = document.stamp();
            boolean valid = key == null
                    ? stamp == null
                    : stamp != null
                            && stamp.site().equals(site)
                            && SiteSignature.isValid(key, DocumentSigner.stamped(document), stamp.signature());
            return valid
                    ? Optional.of(new SiteHeartbeat(
                            site,
                            tree.path("cluster").asText(null),
                            key,
                            lost(tree),
                            document.modified(),
                            document.storeTime()))
                    : Optional.empty();
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    private static List<String> lost(JsonNode tree) {
        return tree.path("succeeds")
                .valueStream()
                .map(JsonNode::asText)
                .limit(MOST_LOST)
                .toList();
    }

    private static <T> Optional<T> skip(String site, BreakwaterException e) {
        if (e.reason() != Reason.Tampered) {
            throw e;
        }
        LOG.warnf("site %s counts as silent: %s", site, e.getMessage());
        return Optional.empty();
    }
}
