package io.breakwater.it;

import java.io.PrintStream;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Supplier;

/** Prints progress with the time since the start, and waits for conditions with a deadline. */
final class Progress {
    private static final Duration POLL = Duration.ofMillis(250);
    private static final Duration HEARTBEAT = Duration.ofSeconds(5);

    private final PrintStream out;
    private final long begin = System.nanoTime();

    Progress(PrintStream out) {
        this.out = out;
    }

    /** A condition to wait for. */
    @FunctionalInterface
    interface Probe<T> {
        /**
         * @return the value, or empty while it does not exist
         * @throws AssertionError if further waiting cannot help
         * @throws Exception if the check failed; it is repeated
         */
        Optional<T> check() throws Exception;
    }

    void print(String format, Object... arguments) {
        out.printf("%7.1f s  %s%n", seconds(System.nanoTime() - begin), format.formatted(arguments));
        out.flush();
    }

    /** Prints a text with several lines, such as a pod's log. */
    void quote(String text) {
        text.lines().forEach(line -> out.println("           | " + line));
        out.flush();
    }

    /** Waits until the condition holds. */
    void await(String what, Duration limit, Supplier<String> state, Probe<Boolean> holds) {
        this.<Boolean>awaitValue(what, limit, state, () -> holds.check().filter(b -> b));
    }

    /**
     * Waits until the probe returns a value, and prints the state every few seconds.
     *
     * @param state the current state, for messages
     * @throws AssertionError if there is no value within the limit
     */
    <T> T awaitValue(String what, Duration limit, Supplier<String> state, Probe<T> probe) {
        long start = System.nanoTime();
        long printed = start;
        String problem = "";
        while (true) {
            try {
                Optional<T> found = probe.check();
                if (found.isPresent()) {
                    return found.get();
                }
                problem = "";
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException("interrupted while waiting for " + what, e);
            } catch (Exception e) {
                problem = " (" + e + ")";
            }
            long now = System.nanoTime();
            if (now - start > limit.toNanos()) {
                throw new AssertionError("%s: not within %d s. Last seen: %s%s"
                        .formatted(what, limit.toSeconds(), describe(state), problem));
            }
            if (now - printed > HEARTBEAT.toNanos()) {
                printed = now;
                print("  … %s, %.0f s so far: %s%s", what, seconds(now - start), describe(state), problem);
            }
            pause(POLL);
        }
    }

    private static String describe(Supplier<String> state) {
        try {
            return state.get();
        } catch (RuntimeException e) {
            return e.toString();
        }
    }

    static void pause(Duration time) {
        try {
            Thread.sleep(time);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", e);
        }
    }

    private static double seconds(long nanos) {
        return nanos / 1e9;
    }
}
