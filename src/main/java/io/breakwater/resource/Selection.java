package io.breakwater.resource;

import com.fasterxml.jackson.databind.JsonNode;
import io.breakwater.api.RestoreSpec;
import io.breakwater.api.RestoreSpec.ObjectRule;
import io.breakwater.velero.ObjectKey;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;

/**
 * Which archived objects are wanted: those that an include rule takes, or all without such rules, but none that an exclude
 * rule takes. Remembers which rules never took one, since that is a typing error more often than not. For one thread.
 */
final class Selection {
    private final List<ObjectRule> include;
    private final List<ObjectRule> exclude;
    private final BitSet included = new BitSet();
    private final BitSet excluded = new BitSet();

    Selection(RestoreSpec spec) {
        this.include = spec.include == null ? List.of() : spec.include;
        this.exclude = spec.exclude == null ? List.of() : spec.exclude;
    }

    boolean wants(ObjectKey key, JsonNode object) {
        return (include.isEmpty() || taken(include, included, key, object)) && !taken(exclude, excluded, key, object);
    }

    private static boolean taken(List<ObjectRule> rules, BitSet used, ObjectKey key, JsonNode object) {
        boolean any = false;
        for (int i = 0; i < rules.size(); i++) {
            if (ObjectRules.take(rules.get(i), key, object)) {
                used.set(i);
                any = true;
            }
        }
        return any;
    }

    /** Rules that took nothing of what was asked so far. */
    List<String> idle() {
        List<String> idle = new ArrayList<>();
        idle("spec.include", include, included, idle);
        idle("spec.exclude", exclude, excluded, idle);
        return idle;
    }

    private static void idle(String field, List<ObjectRule> rules, BitSet used, List<String> idle) {
        for (int i = used.nextClearBit(0); i < rules.size(); i = used.nextClearBit(i + 1)) {
            idle.add(field + "[" + i + "] takes no object of the point");
        }
    }
}
