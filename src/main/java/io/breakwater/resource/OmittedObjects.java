package io.breakwater.resource;

import io.breakwater.api.Texts;
import io.breakwater.velero.ObjectKey;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;

/** Objects that a run omits although a user may need them: their number by cause, and the first names. Safe for use from many threads. */
public final class OmittedObjects {
    private static final int SHOWN = 5;

    private final String effect;
    private final Map<String, Names> byCause = new ConcurrentSkipListMap<>();

    /** @param effect what happens to the objects, such as {@code not in the point} */
    public OmittedObjects(String effect) {
        this.effect = effect;
    }

    /** Names in order; at most {@link #SHOWN} of them are in memory. */
    private static final class Names {
        private final List<String> first = new ArrayList<>();
        private int count;

        synchronized void add(String name) {
            count++;
            first.add(name);
            first.sort(null);
            if (first.size() > SHOWN) {
                first.removeLast();
            }
        }

        synchronized String text(String effect, String cause) {
            int rest = count - first.size();
            return count + (count == 1 ? " object is " : " objects are ") + effect + " because " + cause + ": "
                    + Texts.first(first, SHOWN) + (rest == 0 ? "" : " and " + rest + " more");
        }
    }

    /** @param cause a clause that fits one object and many, such as {@code their deletion has started} */
    public void add(String cause, ObjectKey key) {
        byCause.computeIfAbsent(cause, c -> new Names()).add(key.toString());
    }

    /** One warning for each cause. */
    public List<String> warnings() {
        return byCause.entrySet().stream()
                .map(e -> e.getValue().text(effect, e.getKey()))
                .toList();
    }
}
