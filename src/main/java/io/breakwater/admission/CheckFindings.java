package io.breakwater.admission;

import io.breakwater.api.Durations;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * The findings of checks in one object. A refusal is for errors that only a change of the object can correct. A warning is for
 * errors that a later object may correct, such as another manifest of the same directory.
 */
final class CheckFindings {
    private final List<String> refusals = new ArrayList<>();
    private final List<String> warnings = new ArrayList<>();

    void refuse(String field, String message) {
        refusals.add(field + ": " + message);
    }

    void warn(String field, String message) {
        warnings.add(field + ": " + message);
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

    AdmissionResponse response() {
        return refusals.isEmpty()
                ? AdmissionResponse.warn(warnings)
                : AdmissionResponse.refuse(String.join("; ", refusals));
    }
}
