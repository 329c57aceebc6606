package io.breakwater.resource.apply;

import io.breakwater.api.Texts;
import io.breakwater.velero.ObjectKey;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The selected objects of an archive that are not restored, because nothing vouches for the archive. */
final class UnvouchedObjects {
    private static final int SHOWN = 5;

    /** The cause, as the report of a dry run shows it for each object. */
    static final String CAUSE =
            "it grants permissions or is cluster-scoped, and no seal of the operator's locations vouches for it";

    private final List<ObjectKey> keys = new ArrayList<>();

    void add(ObjectKey key) {
        keys.add(key);
    }

    List<ObjectKey> keys() {
        return keys;
    }

    /** One text with the first objects, their number and the way to restore them; empty without such objects. */
    Optional<String> text() {
        if (keys.isEmpty()) {
            return Optional.empty();
        }
        return Optional.of("skipped " + keys.size() + " objects (" + Texts.first(keys, SHOWN)
                + "): they grant permissions or are cluster-scoped, and no seal of the operator's locations vouches for"
                + " them; review them, and create a Restore that names their kinds in spec.include");
    }
}
