package io.breakwater.steps;

import io.breakwater.api.Texts;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Warnings in the status of a run. */
public final class Warnings {
    private static final int MOST = 64;
    private static final int LONGEST = 700;
    private static final Pattern REST = Pattern.compile("and (\\d{1,9}) more warnings");

    private Warnings() {}

    /**
     * Adds warnings to those that exist already: each once, 64 at most; null when there are none. Of more than 64, the last one is the
     * number of the others.
     */
    public static List<String> merged(List<String> before, List<String> more) {
        List<String> all = Stream.concat(before == null ? Stream.of() : before.stream(), more.stream())
                .filter(w -> !REST.matcher(w).matches())
                .distinct()
                .toList();
        int earlier = Stream.concat(before == null ? Stream.of() : before.stream(), more.stream())
                .mapToInt(Warnings::rest)
                .sum();
        if (all.size() <= MOST && earlier == 0) {
            return all.isEmpty() ? null : all;
        }
        List<String> bounded = new ArrayList<>(all.subList(0, Math.min(MOST - 1, all.size())));
        bounded.add(further(earlier + all.size() - bounded.size()));
        return bounded;
    }

    /** The warnings for the message of a run that ended: empty without a warning, or {@code "; 2 warnings: a; b"}. */
    public static String summary(List<String> warnings) {
        if (warnings == null || warnings.isEmpty()) {
            return "";
        }
        int count = warnings.stream().mapToInt(w -> Math.max(1, rest(w))).sum();
        return "; " + count + (count == 1 ? " warning: " : " warnings: ")
                + Texts.cut(String.join("; ", warnings), LONGEST);
    }

    /** A warning that counts others. */
    public static String further(int count) {
        return "and " + count + " more warnings";
    }

    private static int rest(String warning) {
        Matcher rest = REST.matcher(warning);
        return rest.matches() ? Integer.parseInt(rest.group(1)) : 0;
    }
}
