package io.breakwater.resource;

import io.breakwater.api.Texts;
import io.breakwater.velero.ObjectKey;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Objects that a run omits or changes although a user may need them: their number by cause, and the first names. Causes may come from
 * the objects themselves, so their number is limited too. Safe for use from many threads.
 */
public final class OmittedObjects {
    private static final int SHOWN = 5;
    private static final int MOST_CAUSES = 20;

    private final String effect;
    private final Map<String, Names> byCause = new TreeMap<>();
    private final Names others = new Names();

    /** @param effect what happens to the objects, such as {@code not in the point} */
    public OmittedObjects(String effect) {
        this.effect = effect;
    }

    /** Names in order; at most {@link #SHOWN} of them are in memory. */
    private static final class Names {
        private final List<String> first = new ArrayList<>();
        private int count;

        void add(String name) {
            count++;
            first.add(name);
            first.sort(null);
            if (first.size() > SHOWN) {
                first.removeLast();
            }
        }

        String text(String effect, String cause) {
            int rest = count - first.size();
            return count + (count == 1 ? " object is " : " objects are ") + effect + " because " + cause + ": "
                    + Texts.first(first, SHOWN) + (rest == 0 ? "" : " and " + rest + " more");
        }
    }

    /** @param cause a clause that fits one object and many, such as {@code their deletion has started} */
    public synchronized void add(String cause, ObjectKey key) {
        boolean room = byCause.containsKey(cause) || byCause.size() < MOST_CAUSES;
        (room ? byCause.computeIfAbsent(cause, c -> new Names()) : others).add(key.toString());
    }

    /** One warning for each cause. */
    public synchronized List<String> warnings() {
        List<String> warnings = new ArrayList<>();
        byCause.forEach((cause, names) -> warnings.add(names.text(effect, cause)));
        if (others.count > 0) {
            warnings.add(others.text(effect, "of further causes"));
        }
        return warnings;
    }
}
