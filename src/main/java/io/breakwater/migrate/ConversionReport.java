package io.breakwater.migrate;

import java.util.ArrayList;
import java.util.List;

/** What a person must know about a conversion, in the order in which it came up. */
final class ConversionReport {
    private final List<String> lines = new ArrayList<>();

    /** A part of the report that is about one object. */
    record Subject(ConversionReport report, String object) {
        /** Something that is not as it was: which field, what becomes of it, and what to do. */
        void tell(String field, String message) {
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
