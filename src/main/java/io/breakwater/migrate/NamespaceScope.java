package io.breakwater.migrate;

import io.breakwater.velero.model.Backup;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The namespaces of a plan in the form of a template: names in which {@code *} matches any text. If Velero's form
 * cannot be expressed, more namespaces are selected, not fewer.
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
                about.add(
                        at + "includedNamespaces",
                        "'" + name + "' becomes '" + wider
                                + "', which may select more namespaces, because * is the only wildcard");
            }
            include.add(wider);
        }
        List<String> exclude = new ArrayList<>();
        for (String name : not) {
            if (name.matches(".*[\\[?].*")) {
                about.add(
                        at + "excludedNamespaces",
                        "'" + name
                                + "' is skipped, so these namespaces are selected, because * is the only wildcard; add"
                                + " their names to spec.source.namespaces.exclude");
            } else {
                exclude.add(name);
            }
        }
        if (include.isEmpty()) {
            include.add(EVERY);
        }
        if (include.stream().noneMatch(NamePatterns::isPattern)) {
            include.removeIf(n -> NamePatterns.contains(exclude, n));
            exclude.clear();
        }
        return new NamespaceScope(
                include.stream().distinct().toList(),
                exclude.stream().distinct().toList());
    }

    /** The selected namespace, if it is only one and stated by its name. */
    Optional<String> single() {
        return include.size() == 1 && !isOpen() ? Optional.of(include.getFirst()) : Optional.empty();
    }

    /** Whether no namespace is selected, because all included ones are also excluded. */
    boolean isEmpty() {
        return include.isEmpty();
    }

    /** Whether namespaces that do not exist yet may be selected. */
    boolean isOpen() {
        return include.stream().anyMatch(NamePatterns::isPattern);
    }

    /** Whether every namespace is selected. */
    boolean isEverything() {
        return include.contains(EVERY) && exclude.isEmpty();
    }

    boolean selects(String namespace) {
        return NamePatterns.contains(include, namespace) && !NamePatterns.contains(exclude, namespace);
    }

    /** Whether a name, or every name that matches a pattern, is included; it may be excluded too. */
    boolean includes(String pattern) {
        return NamePatterns.contains(include, pattern);
    }

    /** Whether every namespace that matches a pattern is selected. */
    boolean selectsAll(String pattern) {
        return NamePatterns.contains(include, pattern) && exclude.stream().noneMatch(e -> mayOverlap(e, pattern));
    }

    /** Whether both scopes may select the same namespace. */
    boolean mayOverlap(NamespaceScope other) {
        return include.stream()
                .anyMatch(mine -> other.include.stream()
                        .anyMatch(theirs -> mayOverlap(mine, theirs)
                                && !NamePatterns.contains(exclude, theirs)
                                && !NamePatterns.contains(other.exclude, mine)));
    }

    NamespaceScope without(String name) {
        List<String> more = new ArrayList<>(exclude);
        more.add(name);
        return new NamespaceScope(include, more.stream().distinct().toList());
    }

    /**
     * Whether a name may match two patterns. It compares only their starts and ends, so it may return true too often.
     */
    private static boolean mayOverlap(String a, String b) {
        if (!NamePatterns.isPattern(a) || !NamePatterns.isPattern(b)) {
            return NamePatterns.contains(List.of(a), b) || NamePatterns.contains(List.of(b), a);
        }
        String startA = a.substring(0, a.indexOf('*'));
        String startB = b.substring(0, b.indexOf('*'));
        String endA = a.substring(a.lastIndexOf('*') + 1);
        String endB = b.substring(b.lastIndexOf('*') + 1);
        return (startA.startsWith(startB) || startB.startsWith(startA)) && (endA.endsWith(endB) || endB.endsWith(endA));
    }
}
