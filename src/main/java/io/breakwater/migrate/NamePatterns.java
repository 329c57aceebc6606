package io.breakwater.migrate;

import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** Lists of names in which {@code *} stands for any part of one. */
final class NamePatterns {
    private NamePatterns() {}

    /** Whether a list takes a name; an empty one takes all. */
    static boolean takes(List<String> patterns, String name) {
        return patterns == null || patterns.isEmpty() || names(patterns, name);
    }

    /** Whether a list names it; an empty one names none. */
    static boolean names(List<String> patterns, String name) {
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
