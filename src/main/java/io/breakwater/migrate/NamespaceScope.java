package io.breakwater.migrate;

import io.breakwater.velero.model.Backup;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The namespaces of a plan, as a template can say them: names in which {@code *} stands for any text. Where Velero can say more,
 * it takes rather too many namespaces than too few.
 *
 * @param include never empty
 */
record NamespaceScope(List<String> include, List<String> exclude) {
    private static final String EVERY = "*";

    static NamespaceScope of(Backup.Spec spec, String at, ConversionReport.Subject about) {
        List<String> named = spec.includedNamespaces == null ? List.of() : spec.includedNamespaces;
        List<String> not = spec.excludedNamespaces == null ? List.of() : spec.excludedNamespaces;
        List<String> include = new ArrayList<>();
        for (String name : named) {
            String wider = name.replaceAll("\\[[^\\]]*\\]|\\?", EVERY).replaceAll("\\*+", EVERY);
            if (!wider.equals(name)) {
                about.tell(
                        at + "includedNamespaces",
                        "'" + name + "' becomes '" + wider + "', which may take more: of wildcards there is * alone");
            }
            include.add(wider);
        }
        List<String> exclude = new ArrayList<>();
        for (String name : not) {
            if (name.matches(".*[\\[?].*")) {
                about.tell(
                        at + "excludedNamespaces",
                        "'" + name
                                + "' is left out, so these namespaces are taken: of wildcards there is * alone; write"
                                + " their names into spec.source.namespaces.exclude");
            } else {
                exclude.add(name);
            }
        }
        if (include.isEmpty()) {
            include.add(EVERY);
        }
        if (include.stream().noneMatch(NamePatterns::isPattern)) {
            include.removeIf(n -> NamePatterns.names(exclude, n));
            exclude.clear();
        }
        return new NamespaceScope(
                include.stream().distinct().toList(),
                exclude.stream().distinct().toList());
    }

    /** The one namespace that is meant, where it is one by its name. */
    Optional<String> single() {
        return include.size() == 1 && !isOpen() ? Optional.of(include.getFirst()) : Optional.empty();
    }

    /** Whether nothing is meant, since all that is included is excluded as well. */
    boolean isNothing() {
        return include.isEmpty();
    }

    /** Whether namespaces that nobody knows yet may be meant. */
    boolean isOpen() {
        return include.stream().anyMatch(NamePatterns::isPattern);
    }

    /** Whether every namespace is meant. */
    boolean isEverything() {
        return include.contains(EVERY) && exclude.isEmpty();
    }

    boolean takes(String namespace) {
        return NamePatterns.names(include, namespace) && !NamePatterns.names(exclude, namespace);
    }

    /** Whether a name, or every one that a pattern stands for, is included; it may be excluded all the same. */
    boolean includes(String pattern) {
        return NamePatterns.names(include, pattern);
    }

    /** Whether every namespace that one of these names stands for is meant. */
    boolean takesAllOf(String pattern) {
        return NamePatterns.names(include, pattern) && exclude.stream().noneMatch(e -> mayMeet(e, pattern));
    }

    /** Whether there may be a namespace that both mean. */
    boolean mayMeet(NamespaceScope other) {
        return include.stream()
                .anyMatch(mine -> other.include.stream()
                        .anyMatch(theirs -> mayMeet(mine, theirs)
                                && !NamePatterns.names(exclude, theirs)
                                && !NamePatterns.names(other.exclude, mine)));
    }

    NamespaceScope without(String name) {
        List<String> more = new ArrayList<>(exclude);
        more.add(name);
        return new NamespaceScope(include, more.stream().distinct().toList());
    }

    /** Whether a text may fit two patterns; tells by their beginnings and ends, so that it may say yes too often. */
    private static boolean mayMeet(String a, String b) {
        if (!NamePatterns.isPattern(a) || !NamePatterns.isPattern(b)) {
            return NamePatterns.names(List.of(a), b) || NamePatterns.names(List.of(b), a);
        }
        String startA = a.substring(0, a.indexOf('*'));
        String startB = b.substring(0, b.indexOf('*'));
        String endA = a.substring(a.lastIndexOf('*') + 1);
        String endB = b.substring(b.lastIndexOf('*') + 1);
        return (startA.startsWith(startB) || startB.startsWith(startA)) && (endA.endsWith(endB) || endB.endsWith(endA));
    }
}
