package io.breakwater.api;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Size;
import java.util.ArrayList;
import java.util.List;

/** This site's role, and what a failover now would cost. */
@JsonInclude(JsonInclude.Include.NON_NULL)
public class FailoverPlanStatus extends ConditionedStatus {
    @JsonPropertyDescription(
            "Ready; Protected while the lag is within the policy's RPO; GitDrift while spec.activeSite disagrees with"
                    + " the lease; Stalled when only a change can help.")
    public List<Condition> conditions = new ArrayList<>();

    @JsonPropertyDescription("What this site is.")
    public Role role;

    @JsonPropertyDescription("Epoch of the lease; grows with every change of the active site.")
    public Long epoch;

    @Size(max = 63)
    @JsonPropertyDescription("The site that holds the lease.")
    public String activeSite;

    @JsonPropertyDescription("How the holder of this epoch came to it.")
    public Fence fence;

    @JsonPropertyDescription("When the lease was last renewed by the store's clock, RFC 3339 in UTC.")
    public String leaseRenewedAt;

    @Size(max = 32)
    @JsonPropertyDescription("What an unplanned failover to this site would lose now, at most; absent while unknown.")
    public String expectedDataLoss;

    @Size(max = 63)
    @JsonPropertyDescription("Value of spec.activeSite when the plan last settled; a change from here is a request.")
    public String settledActiveSite;

    @JsonPropertyDescription("Generation whose request was dealt with last.")
    public Long handledGeneration;

    @JsonPropertyDescription("The run that is going on, or the last one.")
    public Run run;

    @Size(max = 64)
    @JsonPropertyDescription("The steps of that run on this site.")
    public List<JournalEntry> journal = new ArrayList<>();

    @Override
    public List<Condition> conditions() {
        return conditions;
    }

    /** What a site is. */
    public enum Role {
        Active,
        Passive,
        Promoting,
        Demoting,
        Unknown
    }

    /** How the lease changed hands. */
    public enum Fence {
        /** Nobody held it before. */
        Initial,
        /** Released by the old holder, with proof of its final point. */
        Graceful,
        /** Run out; the old holder had to gate itself before that. */
        Expired
    }

    /** A failover as this site sees it. */
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
        @JsonPropertyDescription("Site that is to be active.")
        public String to;

        @JsonPropertyDescription("When the run started here, RFC 3339 in UTC.")
        public String startedAt;

        @JsonPropertyDescription("When the run ended here, RFC 3339 in UTC.")
        public String finishedAt;

        @Size(max = 253)
        @JsonPropertyDescription("The RestorePoint that the new site started from, as <site>/<namespace>/<name>.")
        public String point;

        @Size(max = 32)
        @JsonPropertyDescription("Time from the request to the workload being ready.")
        public String achievedRto;

        @Size(max = 32)
        @JsonPropertyDescription("At most this much was lost; 0s after a planned failover.")
        public String dataLoss;

        @JsonPropertyDescription("Running, Done or Failed.")
        public JournalEntry.State state;

        @Size(max = 4096)
        @JsonPropertyDescription("How the run ended, or what it waits for.")
        public String message;
    }

    /** Kinds of run. */
    public enum Kind {
        Planned,
        Unplanned
    }
}
