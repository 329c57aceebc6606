package io.breakwater.steps;

import java.time.Instant;

/**
 * Work that needs a place of a {@link WorkBudget}.
 *
 * @param id identity of the work, the same in each process
 * @param run the run that the work belongs to; a run has one or more requests
 * @param namespace whose work it is
 * @param location identity of the BackupLocation that the work uses; empty if it is unknown
 * @param node on which the work runs; empty if it is unknown
 * @param urgency how soon it gets a place
 * @param since when the work became due
 */
public record WorkRequest(
        String id, String run, String namespace, String location, String node, WorkUrgency urgency, Instant since) {
    boolean isUsual() {
        return urgency == WorkUrgency.Usual;
    }
}
