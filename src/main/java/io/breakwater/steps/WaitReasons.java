package io.breakwater.steps;

import io.breakwater.api.Texts;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;

/** The parts of a step that are not done yet, in the order in which they were added, and what each of them waits for. */
public final class WaitReasons {
    private static final int SHOWN = 5;

    private final Map<String, String> reasons = new LinkedHashMap<>();

    /**
     * Adds a part that is not done.
     *
     * @param name of the part, as of a claim
     * @param reason what it waits for
     */
    public void add(String name, String reason) {
        reasons.put(name, reason);
    }

    /** Whether every part is done. */
    public boolean isEmpty() {
        return reasons.isEmpty();
    }

    /** Number of parts that are not done. */
    public int size() {
        return reasons.size();
    }

    /**
     * The step waits: {@code 1 of 3 volumes moved; waiting for logs (…), data (…)}.
     *
     * @param total number of all parts
     * @param done what has happened to parts that are done, as {@code volumes moved}
     */
    public Outcome toOutcome(int total, String done) {
        return toOutcome(total, done, Duration.ofSeconds(1));
    }

    /** @param recheck time until the step is called again */
    public Outcome toOutcome(int total, String done, Duration recheck) {
        return Outcome.waiting((total - size()) + " of " + total + " " + done + "; waiting for " + this, recheck);
    }

    /** As {@code logs (the snapshot is not ready), data (…) and 3 more}. */
    @Override
    public String toString() {
        return Texts.first(
                reasons.entrySet().stream()
                        .map(r -> r.getKey() + " (" + r.getValue() + ")")
                        .toList(),
                SHOWN);
    }
}
