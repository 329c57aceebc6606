package io.breakwater.observe;

import io.breakwater.api.Texts;

/**
 * Escapes characters that end a line or that control a terminal; all other characters stay, so that words stay readable. Cuts
 * long texts.
 */
final class LineEscape {
    /** Longest text. Container runtimes split lines of more than 16 KiB. */
    static final int LONGEST = 8 << 10;

    private LineEscape() {}

    static boolean isNeeded(String text) {
        return text.length() > LONGEST || text.codePoints().anyMatch(point -> !Texts.isPrintable(point));
    }

    /** The text, cut after {@value #LONGEST} characters, with escapes such as {@code \n} and {@code \\u001b}; null stays null. */
    static String escape(String text) {
        if (text == null || !isNeeded(text)) {
            return text;
        }
        StringBuilder escaped = new StringBuilder();
        Texts.cut(text, LONGEST).codePoints().forEach(point -> append(escaped, point));
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
