package io.breakwater.store;

import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.store.ObjectStore.Observed;
import io.breakwater.store.ObjectStore.Precondition;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Optional;
import org.jboss.logging.Logger;

/**
 * The sign of life of a site in a location: {@code breakwater/sites/<site>.json}, signed, with the time of its writer as its
 * counter. Its age is the store's. The counter shows whether the object is a new heartbeat, or an old one that was written again.
 */
public final class SiteHeartbeat {
    private static final Logger LOG = Logger.getLogger(SiteHeartbeat.class);
    private static final int LARGEST = 64 * 1024;

    private SiteHeartbeat() {}

    /** Writes the heartbeat of this site. */
    public static Observed write(ObjectStore store, String site, Instant now) {
        String key = StoreLayout.heartbeat(site);
        byte[] payload = ("{\"at\":\"" + now + "\",\"site\":\"" + site + "\"}").getBytes(StandardCharsets.UTF_8);
        byte[] signed = store.documents().signAsSite(key, now.toEpochMilli(), payload);
        return store.write(key, signed, Precondition.NONE).orElseThrow();
    }

    /** The heartbeat of a site; empty when there is none, or none with a valid signature. */
    public static Optional<SignedDocument> read(ObjectStore store, String site) {
        try {
            return store.readSigned(StoreLayout.heartbeat(site), LARGEST);
        } catch (BreakwaterException e) {
            if (e.reason() != Reason.Tampered) {
                throw e;
            }
            LOG.warnf("site %s counts as silent: %s", site, e.getMessage());
            return Optional.empty();
        }
    }
}
