package io.breakwater.location.keys;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.breakwater.api.BoundedJson;
import io.breakwater.api.ObjectNames;
import io.breakwater.store.ObjectStore;
import io.breakwater.store.ObjectStore.Document;
import io.breakwater.store.ObjectStore.Precondition;
import io.breakwater.store.StoreLayout;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * The claim of a cluster to create the master key of a new location, as an object of the location. It is created by a conditional
 * write, so each location has at most one. It has no signature, because there is no key yet. So a claim can only make a cluster
 * wait: no key is sent to the cluster that it names, and none is accepted from it.
 *
 * @param site name of the site that claims the location
 * @param cluster uid of its cluster
 * @param age by the store's clock
 * @param etag of the object
 */
public record KeyClaim(String site, String cluster, Duration age, String etag) {
    private static final String KEY = StoreLayout.keyClaim();
    private static final int MOST = 4096;
    private static final Pattern CLUSTER = Pattern.compile("[A-Za-z0-9-]{1,64}");
    private static final ObjectMapper JSON = BoundedJson.mapper();

    /** The claim of a location after this cluster tried to claim it; empty when the object is not a valid claim. */
    public static Optional<KeyClaim> make(ObjectStore store, String site, String cluster) {
        if (store.head(KEY).isEmpty()) {
            store.write(KEY, bytes(site, cluster), Precondition.ABSENT);
        }
        return store.readIfBounded(KEY, MOST).flatMap(KeyClaim::parsed);
    }

    /** Gives this claim to another cluster. It has no effect if the object has changed. */
    public void cede(ObjectStore store, KeyClaim other) {
        store.write(KEY, bytes(other.site, other.cluster), new Precondition.Matches(etag));
    }

    /** Whether this cluster made the claim. */
    public boolean isOf(String ownSite, String ownCluster) {
        return site.equals(ownSite) && cluster.equals(ownCluster);
    }

    /** Where all clusters agree which of two claims counts: the first one in this order. */
    public String order() {
        return site + " " + cluster;
    }

    private static Optional<KeyClaim> parsed(Document document) {
        try {
            JsonNode tree = JSON.readTree(document.content());
            String site = tree.path("site").asText();
            String cluster = tree.path("cluster").asText();
            return ObjectNames.isLabel(site) && CLUSTER.matcher(cluster).matches()
                    ? Optional.of(new KeyClaim(
                            site,
                            cluster,
                            Duration.between(document.info().lastModified(), document.storeTime()),
                            document.info().etag()))
                    : Optional.empty();
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    private static byte[] bytes(String site, String cluster) {
        try {
            return JSON.writeValueAsBytes(
                    JSON.createObjectNode().put("site", site).put("cluster", cluster));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }
}
