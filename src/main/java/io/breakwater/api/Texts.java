package io.breakwater.api;

import java.util.Collection;
import java.util.stream.Collectors;

/** Short texts for messages. */
public final class Texts {
    private Texts() {}

    /** The first items of a list, for example {@code a, b, c and 3 more}. */
    public static String first(Collection<?> items, int most) {
        String shown = items.stream().limit(most).map(String::valueOf).collect(Collectors.joining(", "));
        return items.size() <= most ? shown : shown + " and " + (items.size() - most) + " more";
    }

    /** The start of a text, with at most this many characters, including the ellipsis that marks the missing rest. */
    public static String cut(String text, int most) {
        return text.length() <= most ? text : text.substring(0, most - 1) + "…";
    }

    /** The text as one line for logs, cut at the end. Characters that cannot be printed become {@code ?}. */
    public static String line(String text, int most) {
        return cut(String.valueOf(text), most)
                .codePoints()
                .map(c -> isPrintable(c) ? c : '?')
                .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                .toString();
    }

    /** Whether a character can be shown in a line: not a control, not a line separator, and no change of direction. */
    public static boolean isPrintable(int codePoint) {
        return switch (Character.getType(codePoint)) {
            case Character.CONTROL,
                    Character.FORMAT,
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR,
                    Character.SURROGATE,
                    Character.PRIVATE_USE,
                    Character.UNASSIGNED -> false;
            default -> true;
        };
    }

    /** The end of a text, with at most this many characters, including the ellipsis that marks the missing start. */
    public static String tail(String text, int most) {
        return text.length() <= most ? text : "…" + text.substring(text.length() - most + 1);
    }
}
