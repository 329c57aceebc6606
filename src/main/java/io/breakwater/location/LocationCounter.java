package io.breakwater.location;

import io.breakwater.api.Api;
import io.breakwater.api.BackupLocation;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.ObjectNames;
import io.breakwater.api.Reason;
import io.breakwater.location.keys.LocationDocument;
import java.util.OptionalLong;

/**
 * The counter of the document of a location, as this cluster last saw it, in the status. It shows that someone wrote an older
 * document again, which names an older master key for new data.
 */
final class LocationCounter {
    private LocationCounter() {}

    /** The last counter that this cluster has seen; empty for a location that is new here. */
    static OptionalLong known(BackupLocation location) {
        return location.getStatus() == null || location.getStatus().documentCounter == null
                ? OptionalLong.empty()
                : OptionalLong.of(location.getStatus().documentCounter);
    }

    /** @throws BreakwaterException WentBack, when the document is an older one that the annotation does not accept */
    static void check(BackupLocation location, LocationDocument document) {
        long known = known(location).orElse(0);
        if (document.counter() >= known
                || accepted(location, document.counter()).isPresent()) {
            return;
        }
        boolean used = location.getStatus().acceptedDocument != null
                && location.getStatus().acceptedDocument == document.counter();
        throw BreakwaterException.permanent(
                Reason.WentBack,
                ObjectNames.of(location) + ": " + LocationDocument.KEY + " went back: it has counter "
                        + document.counter() + ", but this cluster has seen " + known
                        + "; restore the newest version of the object, or annotate the BackupLocation with "
                        + Api.ACCEPT_DOCUMENT + "=" + document.counter() + " to accept this one"
                        + (used ? "; that annotation was used before, so restore a newer version" : ""));
    }

    /** The counter of an older document that an administrator accepts; an annotation has an effect once. */
    static OptionalLong accepted(BackupLocation location, long counter) {
        boolean used = location.getStatus() != null
                && location.getStatus().acceptedDocument != null
                && location.getStatus().acceptedDocument == counter;
        var annotations = location.getMetadata().getAnnotations();
        boolean named = annotations != null && Long.toString(counter).equals(annotations.get(Api.ACCEPT_DOCUMENT));
        return named && !used && counter < known(location).orElse(0) ? OptionalLong.of(counter) : OptionalLong.empty();
    }
}
