package io.breakwater.admission;

import io.breakwater.api.Durations;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * What checks found in one object. A refusal is for what cannot become right without a change of the object itself; a
 * warning for what may become right by an object that comes later, as in a directory applied as a whole.
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

    /** Refuses a duration that does not parse or is shorter than allowed; an absent one is fine. */
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

    AdmissionResponse verdict() {
        return refusals.isEmpty()
                ? AdmissionResponse.warn(warnings)
                : AdmissionResponse.refuse(String.join("; ", refusals));
    }
}
