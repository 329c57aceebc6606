package io.breakwater.admission;

import io.breakwater.api.Durations;
import io.breakwater.api.Texts;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * The findings of checks in one object. A refusal is for errors that only a change of the object can correct. A warning is for
 * errors that a later object may correct, such as another manifest of the same directory.
 */
final class CheckFindings {
    /** Findings of each sort in an answer. More would help no reader, and could fill the memory. */
    private static final int MOST = 50;

    private static final int LONGEST = 2_000;

    private final List<String> refusals = new ArrayList<>();
    private final List<String> warnings = new ArrayList<>();

    void refuse(String field, String message) {
        add(refusals, field, message);
    }

    void warn(String field, String message) {
        add(warnings, field, message);
    }

    private static void add(List<String> findings, String field, String message) {
        if (findings.size() < MOST) {
            findings.add(Texts.cut(field + ": " + message, LONGEST));
        }
    }

    /** Refuses a duration that is not valid or is too short. A missing duration is allowed. */
    void duration(String field, String text, Duration shortest) {
        if (text == null) {
            return;
        }
        try {
            if (Durations.parse(text).compareTo(shortest) < 0) {
                refuse(field, "'" + text + "' is too short; at least " + Durations.format(shortest) + " is needed");
            }
        } catch (IllegalArgumentException e) {
            refuse(field, e.getMessage());
        }
    }

    /** Refuses a duration that is not valid, too short or too long. A missing duration is allowed. */
    void duration(String field, String text, Duration shortest, Duration longest) {
        duration(field, text, shortest);
        try {
            if (text != null && Durations.parse(text).compareTo(longest) > 0) {
                refuse(field, "'" + text + "' is too long; at most " + Durations.format(longest) + " is allowed");
            }
        } catch (IllegalArgumentException e) {
            return; // refused already
        }
    }

    AdmissionResponse response() {
        return refusals.isEmpty()
                ? AdmissionResponse.warn(warnings)
                : AdmissionResponse.refuse(String.join("; ", refusals));
    }
}
