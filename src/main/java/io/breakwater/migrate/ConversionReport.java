package io.breakwater.migrate;

import java.util.ArrayList;
import java.util.List;

/** Notes about a conversion for the user, in the order of the conversion. */
final class ConversionReport {
    private final List<String> lines = new ArrayList<>();

    /** Notes about one object. */
    record Subject(ConversionReport report, String object) {
        /** Adds a note about a difference: the field, the result, and the action that helps. */
        void add(String field, String message) {
            String line = object + ": " + field + ": " + message;
            if (!report.lines.contains(line)) {
                report.lines.add(line);
            }
        }
    }

    Subject about(String kind, String namespace, String name) {
        return new Subject(this, kind + " " + (namespace == null ? "" : namespace + "/") + name);
    }

    List<String> lines() {
        return List.copyOf(lines);
    }
}
