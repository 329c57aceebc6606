package io.breakwater.migrate;

import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** Lists of names in which {@code *} matches any text. */
final class NamePatterns {
    private NamePatterns() {}

    /** Whether a list selects a name; an empty list selects all names. */
    static boolean selects(List<String> patterns, String name) {
        return patterns == null || patterns.isEmpty() || contains(patterns, name);
    }

    /** Whether a list contains a name; an empty list contains none. */
    static boolean contains(List<String> patterns, String name) {
        return patterns != null && patterns.stream().anyMatch(p -> match(p, name));
    }

    static boolean isPattern(String text) {
        return text.contains("*");
    }

    private static boolean match(String pattern, String name) {
        String regex =
                Arrays.stream(pattern.split("\\*", -1)).map(Pattern::quote).collect(Collectors.joining(".*"));
        return name.matches(regex);
    }
}
