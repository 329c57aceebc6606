package io.breakwater.resource;

import com.fasterxml.jackson.databind.JsonNode;
import io.breakwater.api.ObjectRule;
import io.breakwater.velero.ObjectKey;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.IntStream;

/**
 * Which objects are wanted: those that an include rule takes, or all without such rules, but none that an exclude rule takes.
 * Remembers which rules never took one, since that is a typing error more often than not. May be used from many threads.
 */
public final class ObjectSelection {
    private final Rules include;
    private final Rules exclude;

    /** @param field that the rules stand in, for messages; null lists are empty ones */
    public ObjectSelection(String field, List<ObjectRule> include, List<ObjectRule> exclude) {
        this.include = new Rules(field + ".include", include);
        this.exclude = new Rules(field + ".exclude", exclude);
    }

    public boolean wants(ObjectKey key, JsonNode object) {
        return (include.rules.isEmpty() || include.take(key, object)) && !excludes(key, object);
    }

    /** Whether an exclude rule takes an object. */
    public boolean excludes(ObjectKey key, JsonNode object) {
        return exclude.take(key, object);
    }

    /** Whether any object of a kind can be wanted; no, if the rules decide that without a look at one. */
    public boolean mayWant(String kind) {
        boolean included = include.rules.isEmpty()
                || include.rules.stream().anyMatch(r -> r.kinds == null || r.kinds.contains(kind));
        return included && !exclude.takeAll(kind);
    }

    /** Rules that took nothing of what was asked so far. */
    public List<String> idle() {
        List<String> idle = new ArrayList<>(include.idle());
        idle.addAll(exclude.idle());
        return idle;
    }

    /** The rules of one field. */
    private static final class Rules {
        final String field;
        final List<ObjectRule> rules;
        final Set<Integer> used = ConcurrentHashMap.newKeySet();

        Rules(String field, List<ObjectRule> rules) {
            this.field = field;
            this.rules = rules == null ? List.of() : rules;
        }

        boolean take(ObjectKey key, JsonNode object) {
            boolean any = false;
            for (int i = 0; i < rules.size(); i++) {
                if (ObjectRules.take(rules.get(i), key, object)) {
                    used.add(i);
                    any = true;
                }
            }
            return any;
        }

        boolean takeAll(String kind) {
            boolean any = false;
            for (int i = 0; i < rules.size(); i++) {
                ObjectRule rule = rules.get(i);
                if (rule.names == null
                        && rule.labelSelector == null
                        && rule.kinds != null
                        && rule.kinds.contains(kind)) {
                    used.add(i);
                    any = true;
                }
            }
            return any;
        }

        List<String> idle() {
            return IntStream.range(0, rules.size())
                    .filter(i -> !used.contains(i))
                    .mapToObj(i -> field + "[" + i + "] takes no object")
                    .toList();
        }
    }
}
