package io.breakwater.it;

import java.io.PrintStream;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Supplier;

/** Tells people what goes on, with the time since the start, and waits for things with a deadline. */
final class Progress {
    private static final Duration POLL = Duration.ofMillis(250);
    private static final Duration HEARTBEAT = Duration.ofSeconds(5);

    private final PrintStream out;
    private final long begin = System.nanoTime();

    Progress(PrintStream out) {
        this.out = out;
    }

    /** Something to wait for. */
    @FunctionalInterface
    interface Probe<T> {
        /**
         * @return what was waited for, or nothing while it is not there
         * @throws AssertionError when waiting on is of no use
         * @throws Exception when the question could not be asked; it is asked again
         */
        Optional<T> look() throws Exception;
    }

    void say(String format, Object... arguments) {
        out.printf("%7.1f s  %s%n", seconds(System.nanoTime() - begin), format.formatted(arguments));
        out.flush();
    }

    /** Prints text that has lines of its own, such as a pod's log. */
    void quote(String text) {
        text.lines().forEach(line -> out.println("           | " + line));
        out.flush();
    }

    /** Waits until the condition holds. */
    void await(String what, Duration limit, Supplier<String> state, Probe<Boolean> holds) {
        this.<Boolean>awaitValue(what, limit, state, () -> holds.look().filter(b -> b));
    }

    /**
     * Waits until the probe finds something, and says every few seconds how things stand.
     *
     * @param state how things stand, for people
     * @throws AssertionError when it was not there in time
     */
    <T> T awaitValue(String what, Duration limit, Supplier<String> state, Probe<T> probe) {
        long start = System.nanoTime();
        long said = start;
        String trouble = "";
        while (true) {
            try {
                Optional<T> found = probe.look();
                if (found.isPresent()) {
                    return found.get();
                }
                trouble = "";
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException("interrupted while waiting for " + what, e);
            } catch (Exception e) {
                trouble = " (" + e + ")";
            }
            long now = System.nanoTime();
            if (now - start > limit.toNanos()) {
                throw new AssertionError(
                        "%s: not within %d s. Last seen: %s%s".formatted(what, limit.toSeconds(), ask(state), trouble));
            }
            if (now - said > HEARTBEAT.toNanos()) {
                said = now;
                say("  … %s, %.0f s so far: %s%s", what, seconds(now - start), ask(state), trouble);
            }
            pause(POLL);
        }
    }

    private static String ask(Supplier<String> state) {
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
