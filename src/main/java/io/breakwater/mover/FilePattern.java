package io.breakwater.mover;

/**
 * The notation of paths in {@code spec.files.paths}. {@code *} and {@code ?} match parts of a name, and the name {@code **} matches any
 * number of directories. A backslash before one of them, or before another backslash, makes it an ordinary character. Every other
 * character is itself.
 */
final class FilePattern {
    private static final String WILDCARDS = "*?";

    private FilePattern() {}

    /** The path in the notation of restic, for which brackets and every backslash are special too. */
    static String escaped(String path) {
        StringBuilder escaped = new StringBuilder();
        for (int i = 0; i < path.length(); i++) {
            char c = path.charAt(i);
            boolean escapes = c == '\\' && i + 1 < path.length() && (WILDCARDS + '\\').indexOf(path.charAt(i + 1)) >= 0;
            if (escapes) {
                escaped.append(c).append(path.charAt(++i));
            } else if (c == '\\' || c == '[' || c == ']') {
                escaped.append('\\').append(c);
            } else {
                escaped.append(c);
            }
        }
        return escaped.toString();
    }
}
