package io.breakwater.resource.apply;

import java.util.List;

/**
 * Result of a restore of objects, or of its dry run. A repetition of the same restore has the same counts.
 *
 * @param created objects that did not exist
 * @param updated objects that existed, and into which captured fields were merged
 * @param replaced objects that existed and were different
 * @param skipped objects that were not changed: they existed, were equal, or are created by the cluster
 * @param extra objects of the target namespace that are not in the archive and were not changed; counted with Replace
 *     only
 * @param failed objects that could not be restored
 * @param deferred objects that the API server could not accept yet, for example because a webhook of the restored application does
 *     not run
 * @param warnings problems that need attention although the restore succeeded
 * @param lines result for each object, of a dry run only
 */
public record ApplyReport(
        int created,
        int updated,
        int replaced,
        int skipped,
        int extra,
        List<Failure> failed,
        List<Deferral> deferred,
        List<String> warnings,
        List<Line> lines) {
    /**
     * One object that could not be restored.
     *
     * @param object such as {@code deployments.apps shop/web}
     * @param reason the message of the API server
     */
    public record Failure(String object, String reason) {
        @Override
        public String toString() {
            return object + ": " + reason;
        }
    }

    /**
     * One object that a later run retries.
     *
     * @param kind such as {@code deployments.apps}
     */
    public record Deferral(String kind, String name, Failure failure) {}

    /** Result of a dry run for an object, in the order of the report. */
    public enum Verb {
        refuse,
        replace,
        update,
        create,
        leave
    }

    /**
     * One object of a dry run.
     *
     * @param detail the cause, or the fields that would change; may be empty
     */
    public record Line(Verb verb, String object, String detail) {
        @Override
        public String toString() {
            return "%-8s %s%s".formatted(verb, object, detail.isEmpty() ? "" : ": " + detail);
        }
    }
}
