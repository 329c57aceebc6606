package io.breakwater.observe;

import io.breakwater.api.Texts;

/** Escapes characters that end a line or that control a terminal; all other characters stay, so that words stay readable. */
final class LineEscape {
    private LineEscape() {}

    static boolean isNeeded(String text) {
        return text.codePoints().anyMatch(point -> !Texts.isPrintable(point));
    }

    /** The text with escapes such as {@code \n} and {@code \\u001b}; null stays null. */
    static String escape(String text) {
        if (text == null || !isNeeded(text)) {
            return text;
        }
        StringBuilder escaped = new StringBuilder(text.length() + 16);
        text.codePoints().forEach(point -> append(escaped, point));
        return escaped.toString();
    }

    private static void append(StringBuilder escaped, int point) {
        switch (point) {
            case '\n' -> escaped.append("\\n");
            case '\r' -> escaped.append("\\r");
            case '\t' -> escaped.append("\\t");
            default -> {
                if (Texts.isPrintable(point)) {
                    escaped.appendCodePoint(point);
                } else {
                    escaped.append("\\u%04x".formatted(point));
                }
            }
        }
    }
}
