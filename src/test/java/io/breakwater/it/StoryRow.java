package io.breakwater.it;

import java.time.Duration;
import java.util.List;
import java.util.Locale;

/**
 * A line of the table at the end of the story.
 *
 * @param step name of the step
 * @param result ok or FAILED
 * @param took duration of the step
 * @param figures measurements of the step
 */
record StoryRow(String step, String result, Duration took, Figures figures) {
    /**
     * Measurements of a step.
     *
     * @param rpo time of the lost acknowledged orders; null if none could be lost
     * @param rto outage for customers; null if there was none
     * @param note other results
     */
    record Figures(Duration rpo, Duration rto, String note) {
        static Figures of(String note) {
            return new Figures(null, null, note);
        }
    }

    static StoryRow done(String step, Duration took, Figures figures) {
        return new StoryRow(step, "ok", took, figures);
    }

    static StoryRow failed(String step, Duration took, Throwable cause) {
        return new StoryRow(
                step,
                "FAILED",
                took,
                Figures.of(
                        String.valueOf(cause.getMessage()).lines().findFirst().orElse("")));
    }

    /** The table, for a terminal. */
    static String table(List<StoryRow> lines) {
        var text = new StringBuilder(
                "%-44s %-7s %9s %9s %9s   %s%n".formatted("step", "result", "seconds", "RPO", "RTO", ""));
        for (StoryRow line : lines) {
            text.append("%-44s %-7s %9s %9s %9s   %s%n"
                    .formatted(
                            line.step,
                            line.result,
                            seconds(line.took),
                            seconds(line.figures.rpo()),
                            seconds(line.figures.rto()),
                            line.figures.note()));
        }
        return text.toString();
    }

    static String seconds(Duration duration) {
        return duration == null ? "" : String.format(Locale.ROOT, "%.1f", duration.toMillis() / 1000.0);
    }
}
