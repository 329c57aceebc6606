package io.breakwater.api;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Size;
import java.util.ArrayList;
import java.util.List;

/** Role of this site, and the data loss of a failover now. */
@JsonInclude(JsonInclude.Include.NON_NULL)
public class FailoverPlanStatus extends ConditionedStatus {
    @JsonPropertyDescription(
            "Ready. Protected: the lag is within the RPO of the policy. GitDrift: spec.activeSite disagrees with"
                    + " the lease. Stalled: only a change can help.")
    public List<Condition> conditions = new ArrayList<>();

    @JsonPropertyDescription("Role of this site.")
    public Role role;

    @JsonPropertyDescription(
            "The last epoch of the lease that this site has recorded. The epoch grows by one with each change of the"
                    + " active site.")
    public Long epoch;

    @JsonPropertyDescription(
            "Epoch of the lease when this site last read it. Breakwater refuses writes of older epochs.")
    public Long leaseEpoch;

    @Size(max = 32)
    @JsonPropertyDescription(
            "Duration of the lease in its document. A changed spec.lease.duration counts once the document has it, or at"
                    + " once if it is shorter.")
    public String leaseDuration;

    @Size(max = 63)
    @JsonPropertyDescription("Random identity of the lease. Breakwater refuses a lease with another one.")
    public String leaseId;

    @JsonPropertyDescription(
            "Number of writes of the lease when this site last read it. Breakwater refuses a lease with a smaller number,"
                    + " or of an older epoch.")
    public Long leaseWrites;

    @Size(max = 41)
    @JsonPropertyDescription(
            "Last renewal of the lease when this site last read it, as <epoch>.<renewals>. An attestation names it.")
    public String leaseCounter;

    @Size(max = 41)
    @JsonPropertyDescription("Counter of the last older lease that an administrator accepted, as <epoch>.<writes>.")
    public String acceptedLease;

    @Size(max = 63)
    @JsonPropertyDescription("The site that holds the lease.")
    public String activeSite;

    @JsonPropertyDescription(
            "The way in which the holder got the lease of this epoch. Initial: there was no lease before."
                    + " Graceful: the old holder offered it, with its final point. Expired: it expired. The"
                    + " old holder had to gate its pods before that, but it is not proven to be off. Attested: a user"
                    + " attested that the old holder is off. Vacated: the namespace was deleted on the old"
                    + " holder, after its pods had ended.")
    public Fence fence;

    @Size(max = 64)
    @JsonPropertyDescription(
            "Epochs of the lease, oldest first, at most the last 64. They determine which RestorePoints belong to the"
                    + " present history of the application.")
    public List<Epoch> history;

    @JsonPropertyDescription(
            "On the active site, what it does when it cannot renew the lease, as the lease says. A change of"
                    + " spec.lease.onLoss to KeepServing counts after the next renewal.")
    public FailoverPlanSpec.OnLoss onLoss;

    @JsonPropertyDescription(
            "Time at which this site last renewed the lease, by the clock of its guard, RFC 3339 in UTC. A guard that starts"
                    + " without the rendezvous compares it with the start of the containers.")
    public String confirmedAt;

    @JsonPropertyDescription("Time at which the lease was last renewed, by the store's clock, RFC 3339 in UTC.")
    public String leaseRenewedAt;

    @Size(max = 32)
    @JsonPropertyDescription(
            "Time by which the points of the standby site are behind, on both sites; absent while unknown.")
    public String lag;

    @Size(max = 32)
    @JsonPropertyDescription("Maximum data loss of an unplanned failover to this site now; absent while unknown.")
    public String expectedDataLoss;

    @Size(max = 63)
    @JsonPropertyDescription(
            "Value of spec.activeSite that the operator has accepted. A different value in the spec is a request.")
    public String settledActiveSite;

    @Size(max = 128)
    @JsonPropertyDescription(
            "Run of the open edit of spec.activeSite, recorded when the edit was first seen. Other edits of the spec do not"
                    + " start another run.")
    public String requestedRun;

    @Size(max = 128)
    @JsonPropertyDescription("Run of the FailoverRequest that this site carries out.")
    public String openRequest;

    @Size(max = 128)
    @JsonPropertyDescription("Run of the FailoverRequest that ended last on this site. It has no effect any more.")
    public String settledRequest;

    @JsonPropertyDescription("Generation of the spec whose request was last processed.")
    public Long handledGeneration;

    @JsonPropertyDescription("The run in progress, or the last one.")
    public Run run;

    @Size(max = 64)
    @JsonPropertyDescription("Steps of that run on this site.")
    public List<JournalEntry> journal = new ArrayList<>();

    @Override
    public List<Condition> conditions() {
        return conditions;
    }

    /** Role of a site. */
    public enum Role {
        Active,
        Passive,
        Promoting,
        Demoting,
        Unknown
    }

    /** One epoch of the lease. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public static class Epoch {
        @JsonPropertyDescription("Number of the epoch.")
        public Long epoch;

        @Size(max = 63)
        @JsonPropertyDescription("Site that had the lease in this epoch.")
        public String site;

        @JsonPropertyDescription(
                "Time at which the epoch started, by the store's clock, RFC 3339 in UTC; absent while unknown.")
        public String since;

        @JsonPropertyDescription("RestorePoint from which the epoch started; absent in the first epoch.")
        public Start start;
    }

    /** The point that an epoch started from. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public static class Start {
        @Size(max = 128)
        @JsonPropertyDescription("SHA-256 of its point.json.")
        public String digest;

        @JsonPropertyDescription("Time of its capture, RFC 3339 in UTC.")
        public String capturedAt;

        @JsonPropertyDescription("Epoch of its capture; 0 if it was captured before the FailoverPlan existed.")
        public Long epoch;

        @JsonPropertyDescription("Number of the point within that epoch; absent if it has none.")
        public Long sequence;
    }

    /** The way in which a holder got the lease. */
    public enum Fence {
        /** There was no lease before. */
        Initial,
        /** Offered by the old holder, with proof of its final point. */
        Graceful,
        /** The lease expired. The old holder had to gate its pods before that, which is not proven. */
        Expired,
        /** A user attested that the site of the old holder is off. */
        Attested,
        /** The namespace was deleted on the old holder, after its pods had ended. */
        Vacated
    }

    /** A failover, from the view of this site. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public static class Run {
        @Size(max = 128)
        @JsonPropertyDescription("Identity of the run.")
        public String id;

        @JsonPropertyDescription("Planned or Unplanned.")
        public Kind kind;

        @Size(max = 63)
        @JsonPropertyDescription("Site that was active before.")
        public String from;

        @Size(max = 63)
        @JsonPropertyDescription("Site that is to become active.")
        public String to;

        @JsonPropertyDescription("Time at which the run started on this site, RFC 3339 in UTC.")
        public String startedAt;

        @JsonPropertyDescription(
                "Time at which the old site cancels the hand-over, unless the new site has taken the lease before, RFC 3339"
                        + " in UTC. Only on the old site.")
        public String deadline;

        @JsonPropertyDescription("Time at which the run ended on this site, RFC 3339 in UTC.")
        public String finishedAt;

        @Size(max = 253)
        @JsonPropertyDescription("RestorePoint from which the new site started, as <site>/<namespace>/<name>.")
        public String point;

        @Size(max = 128)
        @JsonPropertyDescription(
                "SHA-256 of the point.json of that RestorePoint. The steps of the new site in the journal are about this point.")
        public String digest;

        @Size(max = 32)
        @JsonPropertyDescription("Time from the request until the workloads were ready.")
        public String achievedRto;

        @Size(max = 32)
        @JsonPropertyDescription("Maximum data loss of the run; 0s for a planned failover.")
        public String dataLoss;

        @JsonPropertyDescription("Running, Done or Failed.")
        public JournalEntry.State state;

        @Size(max = 63)
        @JsonPropertyDescription("Why the run failed, if a reason of its own shows more than the message.")
        public String reason;

        @Size(max = 4096)
        @JsonPropertyDescription("Result of the run, or what it waits for.")
        public String message;
    }

    /** Kinds of run. */
    public enum Kind {
        Planned,
        Unplanned
    }
}
