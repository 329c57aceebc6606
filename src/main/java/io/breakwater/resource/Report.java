package io.breakwater.resource;

import java.util.List;

/**
 * What a restore of objects did. Running the same restore again gives the same counts.
 *
 * @param created objects that were not there
 * @param replaced objects that were there and different
 * @param skipped objects left as they were: there already, equal, or made anew by the cluster
 * @param extra objects of the target namespace that are not in the archive, left alone; counted with Replace only
 * @param failed objects that could not be restored
 * @param warnings what deserves a look although it went through
 */
public record Report(int created, int replaced, int skipped, int extra, List<Failure> failed, List<String> warnings) {
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
}
