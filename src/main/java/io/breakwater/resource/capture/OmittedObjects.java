package io.breakwater.resource.capture;

import io.breakwater.api.Texts;
import io.breakwater.velero.ObjectKey;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;

/** Objects that a capture omits although a user may need them: their number by cause, and the first names. Safe for use from many threads. */
final class OmittedObjects {
    private static final int SHOWN = 5;

    private final Map<String, Names> byCause = new ConcurrentSkipListMap<>();

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

        synchronized String text(String cause) {
            String names = Texts.first(first, SHOWN);
            int rest = count - first.size();
            return count + (count == 1 ? " object is" : " objects are") + " not in the point because " + cause + ": "
                    + names + (rest == 0 ? "" : " and " + rest + " more");
        }
    }

    /** @param cause a clause that fits one object and many, such as {@code of a deletion in progress} */
    void add(String cause, ObjectKey key) {
        byCause.computeIfAbsent(cause, c -> new Names()).add(key.toString());
    }

    /** One warning for each cause. */
    List<String> warnings() {
        return byCause.entrySet().stream()
                .map(e -> e.getValue().text(e.getKey()))
                .toList();
    }
}
