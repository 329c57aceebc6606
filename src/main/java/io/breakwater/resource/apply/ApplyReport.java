package io.breakwater.resource.apply;

import java.util.List;

/**
 * What a restore of objects did, or what a rehearsal would do. Running the same restore again gives the same counts.
 *
 * @param created objects that were not there
 * @param updated objects that were there, lacked something of the captured ones, and got it
 * @param replaced objects that were there and different
 * @param skipped objects left as they were: there already, equal, or made anew by the cluster
 * @param extra objects of the target namespace that are not in the archive, left alone; counted with Replace only
 * @param failed objects that could not be restored
 * @param warnings what deserves a look although it went through
 * @param lines object by object, of a rehearsal only
 */
public record ApplyReport(
        int created,
        int updated,
        int replaced,
        int skipped,
        int extra,
        List<Failure> failed,
        List<String> warnings,
        List<Line> lines) {
    /**
     * One object that could not be restored.
     *
     * @param object as {@code deployments.apps shop/web}
     * @param reason in the API server's words
     */
    public record Failure(String object, String reason) {
        @Override
        public String toString() {
            return object + ": " + reason;
        }
    }

    /** What a rehearsal says about an object; in the order in which people want to read it. */
    public enum Verb {
        refuse,
        replace,
        update,
        create,
        leave
    }

    /**
     * One object of a rehearsal.
     *
     * @param detail why, or which fields would change; may be empty
     */
    public record Line(Verb verb, String object, String detail) {
        @Override
        public String toString() {
            return "%-8s %s%s".formatted(verb, object, detail.isEmpty() ? "" : ": " + detail);
        }
    }
}
