package io.breakwater.api;

import java.util.List;
import java.util.function.Function;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The way out when a ResourceQuota or a LimitRange refuses an object. The API server names only the cause. */
public final class QuotaAdvice {
    /** A refusal by the API server, and the way out of it. */
    private record Refusal(Pattern pattern, Function<MatchResult, String> wayOut) {}

    private static final List<Refusal> REFUSALS = List.of(
            new Refusal(
                    Pattern.compile("exceeded quota: ([^,\\s]+), requested: (\\S+?)=\\S+?(?:,\\s*used:|,\\S|$)"),
                    found -> "increase " + found.group(2) + " of ResourceQuota " + found.group(1)
                            + ", or delete objects that it counts"),
            new Refusal(
                    Pattern.compile("failed quota: (\\S+): must specify"),
                    found -> "set these amounts, or create a LimitRange with defaults for them, because ResourceQuota "
                            + found.group(1) + " demands them"),
            new Refusal(
                    Pattern.compile(
                            "(?:minimum|maximum) (\\S+) usage per (\\S+) is|(\\S+) max limit to request ratio per (\\S+) is"),
                    found -> "change the LimitRange of the namespace, or the " + first(found.group(1), found.group(3))
                            + " of this object"));

    private QuotaAdvice() {}

    /** The message, with the way out at its end if it reports such a refusal. A message that has it is not changed. */
    public static String addedTo(String message) {
        for (Refusal refusal : REFUSALS) {
            Matcher matcher = refusal.pattern.matcher(message);
            if (matcher.find()) {
                String wayOut = "; " + refusal.wayOut.apply(matcher.toMatchResult());
                return message.contains(wayOut) ? message : message + wayOut;
            }
        }
        return message;
    }

    /** Whether a message reports that a quota is used up, which other objects may leave room in. */
    public static boolean isUsedUp(String message) {
        return message.contains("exceeded quota: ");
    }

    private static String first(String one, String other) {
        return one == null ? other : one;
    }
}
