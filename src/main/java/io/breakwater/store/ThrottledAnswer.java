package io.breakwater.store;

import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeFormatter;
import java.util.Optional;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The answer of a store that gets too many requests, as the cause of an error. {@link CallLimit} repeats a call that ends with it.
 * A client would repeat the request on its own, without the pause that all callers of the location share.
 */
public final class ThrottledAnswer extends RuntimeException {
    private static final long serialVersionUID = 1;

    private static final Pattern SECONDS = Pattern.compile("([0-9]{1,9})([.][0-9]{1,9})?");

    private ThrottledAnswer(int status) {
        super("status " + status, null, false, false);
    }

    /** Whether an answer with this status asks for fewer requests. */
    public static boolean is(int status) {
        return status == 429 || status == 503;
    }

    /** The error for a throttled answer. */
    public static BreakwaterException error(String server, int status) {
        return BreakwaterException.retryable(
                Reason.StoreUnavailable,
                server + " answered with " + status + " and asks for fewer requests; raise its request limits",
                new ThrottledAnswer(status));
    }

    /**
     * The pause that an answer requests: a number of seconds, or a time by the clock of the answer itself. A fraction, which the
     * protocol does not have but some servers send, counts as a whole second. Zero without a valid header, and for a time that has
     * passed.
     *
     * @param header the first value of a header of the answer
     */
    public static Duration pause(Function<String, Optional<String>> header) {
        String value = header.apply("Retry-After").map(String::strip).orElse("");
        Matcher seconds = SECONDS.matcher(value);
        if (seconds.matches()) {
            return Duration.ofSeconds(Long.parseLong(seconds.group(1)) + (seconds.group(2) == null ? 0 : 1));
        }
        try {
            Instant until = parse(value);
            Instant now = parse(header.apply("Date").map(String::strip).orElse(""));
            Duration pause = Duration.between(now, until);
            return pause.isNegative() ? Duration.ZERO : pause;
        } catch (DateTimeException e) {
            return Duration.ZERO;
        }
    }

    private static Instant parse(String date) {
        return Instant.from(DateTimeFormatter.RFC_1123_DATE_TIME.parse(date));
    }
}
