package io.breakwater.catalog;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.breakwater.api.BoundedJson;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.store.ObjectStore;
import io.breakwater.store.ObjectStore.ObjectInfo;
import io.breakwater.store.ObjectStore.Precondition;
import io.breakwater.store.SignedDocument;
import io.breakwater.store.StoreLayout;
import io.breakwater.trust.PointKey;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.jboss.logging.Logger;

/**
 * The mark of an unfinished point in a location: {@code breakwater/begun/<path>.json}, with the path of
 * {@link PointKey#path}. It is written before all
 * other objects of the point and deleted after its seal. A mark that stays shows where there is data that no seal names.
 *
 * @param key of the point
 * @param since when it started, by the store's clock; a new attempt starts again
 */
public record InProgressMarker(PointKey key, Instant since) {
    private static final String SUFFIX = ".json";
    private static final Logger LOG = Logger.getLogger(InProgressMarker.class);
    private static final ObjectMapper JSON = BoundedJson.mapper();

    /**
     * Marks a point as unfinished.
     *
     * @param uid of the RestorePoint that the point is captured for
     */
    public static void create(ObjectStore store, PointKey key, String uid) {
        String content =
                JSON.createObjectNode().put("schemaVersion", 1).put("uid", uid).toString();
        store.writeSigned(object(key), 1, content.getBytes(StandardCharsets.UTF_8), Precondition.NONE);
    }

    /** The uid of the RestorePoint; empty in a mark without a valid signature, or when the mark does not exist any more. */
    public Optional<String> uid(ObjectStore store) {
        try {
            Optional<SignedDocument> document = store.readSigned(object(key), ObjectStore.MAX_DOCUMENT);
            return document.isEmpty()
                    ? Optional.empty()
                    : Optional.ofNullable(
                            JSON.readTree(document.get().payload()).path("uid").asText(null));
        } catch (IOException e) {
            return Optional.empty();
        } catch (BreakwaterException e) {
            if (e.reason() != Reason.Tampered) {
                throw e;
            }
            LOG.warnf("the mark of point %s names no RestorePoint: %s", key, e.getMessage());
            return Optional.empty();
        }
    }

    /** When the capture of a point started, by the store's clock; empty without a mark. */
    static Optional<Instant> since(ObjectStore store, PointKey key) {
        return store.head(object(key)).map(found -> found.info().lastModified());
    }

    /** Deletes the mark of a point that is sealed, or of which no data is left. */
    public static void delete(ObjectStore store, PointKey key) {
        store.delete(object(key));
    }

    /** The unfinished points of one site. */
    public static List<InProgressMarker> list(ObjectStore store, String site) {
        return store.gather(StoreLayout.inProgress(site), o -> of(site, o));
    }

    /** Whether the mark in the store is still of the same attempt. */
    public boolean isCurrent(ObjectStore store) {
        return store.head(object(key))
                .map(o -> o.info().lastModified().getEpochSecond() == since.getEpochSecond())
                .orElse(false);
    }

    private static Optional<InProgressMarker> of(String site, ObjectInfo o) {
        String prefix = StoreLayout.inProgress(site);
        if (!o.key().startsWith(prefix) || !o.key().endsWith(SUFFIX)) {
            return Optional.empty();
        }
        String path = o.key().substring(prefix.length(), o.key().length() - SUFFIX.length());
        return PointKey.find(site + "/" + path).map(key -> new InProgressMarker(key, o.lastModified()));
    }

    private static String object(PointKey key) {
        return StoreLayout.inProgress(key.source(), key.point());
    }
}
