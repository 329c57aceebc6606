package io.breakwater.store;

import io.breakwater.api.BoundedCache;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * Documents of a location that this process could not verify, or that an earlier version replaced. Each one is reported once for
 * each of its versions. The number of documents is bounded, since a user who can write to the store can write any number.
 */
final class DocumentReports {
    private static final int MOST = 256;

    /** The writers of these documents count in milliseconds, and several processes of a site have different clocks. */
    private static final long CLOCKS_MILLIS = 600_000;

    private final Map<String, String> reported = BoundedCache.of(MOST);
    private final Map<String, Long> counters = BoundedCache.of(MOST);
    private final List<String> pending = new ArrayList<>();

    /** A document that cannot be verified; other errors are no reports. */
    synchronized void refused(String key, String version, BreakwaterException e) {
        if (e.reason() == Reason.Tampered) {
            report(key, version, e.getMessage());
        }
    }

    /** A document with valid signatures. An earlier version of a heartbeat or of a report of a site is refused by no one. */
    synchronized void verified(SignedDocument document) {
        String key = document.key();
        if (!StoreLayout.isReportOfSite(key)) {
            return;
        }
        long newest = counters.merge(key, document.counter(), Math::max);
        if (document.counter() + (StoreLayout.isKeyRing(key) ? 0 : CLOCKS_MILLIS) < newest) {
            report(
                    key,
                    document.etag(),
                    key + " went back: it has counter " + document.counter() + ", but this cluster has seen " + newest
                            + "; its site replaces it, so find out who can write to the location");
        }
    }

    /** The reports since the last call. */
    synchronized List<String> take() {
        List<String> taken = List.copyOf(pending);
        pending.clear();
        return taken;
    }

    private void report(String key, String version, String message) {
        String now = version + " " + message;
        if (!Objects.equals(reported.put(key, now), now) && pending.size() < MOST) {
            pending.add(message);
        }
    }
}
