package io.breakwater.api;

import java.util.Collection;
import java.util.stream.Collectors;

/** Texts of messages that must stay short. */
public final class Texts {
    private Texts() {}

    /** The first items of a list, as {@code a, b, c and 3 more}. */
    public static String first(Collection<?> items, int most) {
        String shown = items.stream().limit(most).map(String::valueOf).collect(Collectors.joining(", "));
        return items.size() <= most ? shown : shown + " and " + (items.size() - most) + " more";
    }

    /** The beginning of a text, at most this many characters with the ellipsis that shows that some are missing. */
    public static String cut(String text, int most) {
        return text.length() <= most ? text : text.substring(0, most - 1) + "…";
    }

    /** The end of a text, at most this many characters with the ellipsis that shows that some are missing. */
    public static String tail(String text, int most) {
        return text.length() <= most ? text : "…" + text.substring(text.length() - most + 1);
    }
}
