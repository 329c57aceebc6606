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
 * Selects objects: those that match an include rule, or all without such rules, but none that match an exclude rule.
 * Records the rules that never matched, because that is usually a typing error. Safe for use from many threads.
 */
public final class ObjectSelection {
    private final Rules include;
    private final Rules exclude;

    /** @param field that contains the rules, for messages; a null list is an empty list */
    public ObjectSelection(String field, List<ObjectRule> include, List<ObjectRule> exclude) {
        this.include = new Rules(field + ".include", include);
        this.exclude = new Rules(field + ".exclude", exclude);
    }

    public boolean selects(ObjectKey key, JsonNode object) {
        return (include.rules.isEmpty() || include.matches(key, object)) && !excludes(key, object);
    }

    /** Whether an exclude rule matches an object. */
    public boolean excludes(ObjectKey key, JsonNode object) {
        return exclude.matches(key, object);
    }

    /** Whether an include rule that lists the kind of an object selects it. A rule for all kinds names none. */
    public boolean names(ObjectKey key, JsonNode object) {
        return include.rules.stream().anyMatch(rule -> rule.kinds != null && ObjectRules.match(rule, key, object));
    }

    /** Whether an object of a kind can be selected; false if the rules exclude the complete kind. */
    public boolean maySelect(String kind) {
        boolean included = include.rules.isEmpty()
                || include.rules.stream().anyMatch(r -> r.kinds == null || r.kinds.contains(kind));
        return included && !exclude.matchesAll(kind);
    }

    /** Whether an object can be selected whose labels are not known. */
    public boolean maySelect(ObjectKey key) {
        return (include.rules.isEmpty() || include.matches(key, true)) && !exclude.matches(key, false);
    }

    /** Rules that matched no object so far. */
    public List<String> unmatched() {
        List<String> unmatched = new ArrayList<>(include.unmatched());
        unmatched.addAll(exclude.unmatched());
        return unmatched;
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

        boolean matches(ObjectKey key, JsonNode object) {
            boolean any = false;
            for (int i = 0; i < rules.size(); i++) {
                if (ObjectRules.match(rules.get(i), key, object)) {
                    used.add(i);
                    any = true;
                }
            }
            return any;
        }

        /** Whether a rule matches by kind and name; a rule with a label selector matches only if {@code labels}. */
        boolean matches(ObjectKey key, boolean labels) {
            boolean any = false;
            for (int i = 0; i < rules.size(); i++) {
                ObjectRule rule = rules.get(i);
                if ((rule.kinds == null || rule.kinds.contains(key.directory()))
                        && (rule.names == null || rule.names.contains(key.name()))
                        && (rule.labelSelector == null || labels)) {
                    used.add(i);
                    any = true;
                }
            }
            return any;
        }

        boolean matchesAll(String kind) {
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

        List<String> unmatched() {
            return IntStream.range(0, rules.size())
                    .filter(i -> !used.contains(i))
                    .mapToObj(i -> field + "[" + i + "] matches no object")
                    .toList();
        }
    }
}
