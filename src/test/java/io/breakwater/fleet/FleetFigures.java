package io.breakwater.fleet;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** What a run measured, next to the bars. A bar that is a gate fails the test; the other ones are printed only. */
final class FleetFigures {
    private static final Duration HOUR = Duration.ofHours(1);
    private static final int MEBI = 20;

    private String title = "";
    private final List<String> missed = new ArrayList<>();

    /** Names what is measured next. */
    void title(String text) {
        title = text;
        System.out.println("fleet: " + text);
    }

    /** The gates that were missed. */
    List<String> missed() {
        return missed;
    }

    /** Prints calls, and how many there were for each policy in an hour. */
    void calls(String what, Map<String, Long> counts, int policies, Duration time) {
        String each = counts.entrySet().stream()
                .map(call -> call.getKey() + " " + perHour(call.getValue(), policies, time))
                .collect(Collectors.joining(", "));
        line(what + ", for each policy and hour: " + each);
    }

    static String perHour(long calls, int policies, Duration time) {
        return "%.2f".formatted((double) calls * HOUR.toSeconds() / time.toSeconds() / policies);
    }

    void line(String text) {
        System.out.println("fleet:   " + text);
    }

    /**
     * A figure with the most that it may be.
     *
     * @param isGate whether a larger figure fails the test
     */
    void bar(String name, double figure, double most, boolean isGate) {
        boolean met = figure <= most;
        String text = "%-52s %12.2f of at most %10.2f: %s".formatted(name, figure, most, verdict(met, isGate));
        line(text);
        if (isGate && !met) {
            missed.add(title + ": " + text);
        }
    }

    /**
     * The operator ended before anything could be measured.
     *
     * @param isGate whether that fails the test
     */
    void ended(OperatorProcess.ProcessEnd end, boolean isGate) {
        line((isGate ? "MISSED: " : "not met yet: ") + end.getMessage());
        if (isGate) {
            missed.add(title + ": " + end.getMessage());
        }
    }

    private static String verdict(boolean met, boolean isGate) {
        return met ? isGate ? "met" : "met, can become a gate" : isGate ? "MISSED" : "not met yet";
    }

    /** Bytes in MiB. */
    static double mebi(long bytes) {
        return (double) bytes / (1 << MEBI);
    }
}
