package io.breakwater.api;

import com.google.re2j.Pattern;
import com.google.re2j.PatternSyntaxException;
import java.util.regex.Matcher;

/**
 * The regular expression of a check, in the syntax of RE2. A user of the namespace supplies both the expression and the output,
 * so the time is linear in the length of the output, and both sizes have a limit.
 */
public final class OutputPattern {
    /** Longest output, in characters. */
    public static final int LONGEST_OUTPUT = 64 << 10;

    /** The schema has the same limit. */
    private static final int LONGEST_EXPRESSION = 512;

    /** Instructions of RE2. Counted repetitions make many of them, and each costs time per character. */
    private static final int LARGEST_PROGRAM = 1_200;

    /** A counted repetition. RE2 itself has a limit of 1000 for each of them, but not for nested ones. */
    private static final java.util.regex.Pattern REPETITION =
            java.util.regex.Pattern.compile("(\\)|\\\\E)?\\{(\\d{1,4})(?:,(\\d{1,4})?)?\\}");

    private final Pattern pattern;

    private OutputPattern(Pattern pattern) {
        this.pattern = pattern;
    }

    /** @throws IllegalArgumentException when the expression is not valid or too large; the message has the cause */
    public static OutputPattern of(String expression) {
        if (expression.length() > LONGEST_EXPRESSION) {
            throw new IllegalArgumentException("the regular expression has " + expression.length()
                    + " characters; at most " + LONGEST_EXPRESSION + " are allowed");
        }
        requireSize(expression, estimate(expression));
        Pattern pattern;
        try {
            pattern = Pattern.compile(expression, Pattern.DOTALL);
        } catch (PatternSyntaxException e) {
            throw new IllegalArgumentException(
                    "'" + expression + "' is not a valid regular expression of RE2: " + e.getDescription(), e);
        }
        requireSize(expression, pattern.programSize());
        return new OutputPattern(pattern);
    }

    private static void requireSize(String expression, long size) {
        if (size > LARGEST_PROGRAM) {
            throw new IllegalArgumentException("'" + expression + "' has too many repetitions: it needs about " + size
                    + " instructions of RE2, and at most " + LARGEST_PROGRAM + " are allowed");
        }
    }

    /** An upper limit of the repeated parts, before RE2 allocates them: each repetition of a group multiplies all the rest. */
    private static long estimate(String expression) {
        long parts = expression.length();
        long factor = 1;
        Matcher repetitions = REPETITION.matcher(expression);
        while (repetitions.find()) {
            String largest = repetitions.group(3) == null ? repetitions.group(2) : repetitions.group(3);
            int times = Math.max(1, Integer.parseInt(largest));
            if (repetitions.group(1) == null) {
                parts += times;
            } else {
                factor = Math.min(factor * times, Integer.MAX_VALUE);
            }
        }
        return parts * factor;
    }

    /**
     * Whether the complete output matches; a dot matches line breaks too.
     *
     * @throws IllegalArgumentException when the output is longer than {@link #LONGEST_OUTPUT}
     */
    public boolean matches(String output) {
        if (output.length() > LONGEST_OUTPUT) {
            throw new IllegalArgumentException("the output has " + output.length() + " characters; expect compares at"
                    + " most " + LONGEST_OUTPUT);
        }
        return pattern.matches(output);
    }
}
