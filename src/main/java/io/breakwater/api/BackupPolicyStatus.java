package io.breakwater.api;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Size;
import java.util.ArrayList;
import java.util.List;

/** Whether the objectives are met. */
@JsonInclude(JsonInclude.Include.NON_NULL)
public class BackupPolicyStatus extends ConditionedStatus {
    @JsonPropertyDescription(
            "Ready. Protected: every RPO is met. LastPointGood: the newest RestorePoint is good, and the schedule is"
                    + " followed. Proven: the newest Verification proved its point. RtoMet: the"
                    + " measured restore time is within the RTO. EarlierHistory: points of an earlier namespace of the"
                    + " same name are not shown. Stalled: only a change can help.")
    public List<Condition> conditions = new ArrayList<>();

    @Size(max = 253)
    @JsonPropertyDescription("Name of the newest good RestorePoint.")
    public String lastSuccessfulPoint;

    @JsonPropertyDescription("Time at which the newest good RestorePoint was captured, RFC 3339 in UTC.")
    public String lastSuccessTime;

    @JsonPropertyDescription("Time at which the schedule last created a RestorePoint, RFC 3339 in UTC.")
    public String lastScheduleTime;

    @Size(max = 256)
    @JsonPropertyDescription("Cron expression, time zone and jitter of the schedule that scheduleSince belongs to.")
    public String schedule;

    @JsonPropertyDescription(
            "Time at which the schedule was set or changed, RFC 3339 in UTC. It creates no RestorePoint for earlier"
                    + " times.")
    public String scheduleSince;

    @JsonPropertyDescription("Time at which the schedule creates the next RestorePoint, RFC 3339 in UTC.")
    public String nextRunTime;

    @JsonPropertyDescription("Number of good RestorePoints.")
    public Integer points;

    @Size(max = 8)
    @JsonPropertyDescription("State of the copies in further locations.")
    public List<CopyStatus> copies;

    @Size(max = 32)
    @JsonPropertyDescription(
            "Number of these locations that have the newest good RestorePoint, such as \"1 of 2\"; absent without copies.")
    public String copiesSummary;

    @JsonPropertyDescription("Usage of the quota in the first location; absent without a quota there.")
    public QuotaUse quota;

    @Size(max = 253)
    @JsonPropertyDescription("Name of the newest Verification that ended.")
    public String lastVerification;

    @JsonPropertyDescription("Time at which a RestorePoint was last proven at the required level, RFC 3339 in UTC.")
    public String lastProvenTime;

    @Size(max = 32)
    @JsonPropertyDescription("Duration of the newest measured restore, until every workload was ready.")
    public String measuredRestoreTime;

    @JsonPropertyDescription("State of the namespaces that a template selects; absent for other policies.")
    public Namespaces namespaces;

    @Override
    public List<Condition> conditions() {
        return conditions;
    }

    /** Usage of a quota. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public static class QuotaUse {
        @JsonPropertyDescription(
                "Bytes that the repository of the namespace uses there; deleted bytes count until they are freed.")
        public Long usedBytes;

        @JsonPropertyDescription("Bytes that the repository may use, by spec.quota of the location.")
        public Long allowedBytes;

        @Size(max = 64)
        @JsonPropertyDescription("Both numbers in readable units.")
        public String summary;
    }

    /** State of the copies in one location. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public static class CopyStatus {
        @Size(max = 253)
        @JsonPropertyDescription("BackupLocation of the copies.")
        public String location;

        @Size(max = 253)
        @JsonPropertyDescription("Newest RestorePoint that is complete in this location.")
        public String lastPoint;

        @JsonPropertyDescription(
                "Time at which that RestorePoint was captured, RFC 3339 in UTC; the lag is the time since then.")
        public String capturedAt;

        @Size(max = 4096)
        @JsonPropertyDescription("Error of the last copy attempt; absent when copies succeed.")
        public String error;
    }

    /** State of the namespaces of a template. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public static class Namespaces {
        @JsonPropertyDescription("Number of selected namespaces.")
        public Integer selected;

        @JsonProperty("protected")
        @JsonPropertyDescription(
                "Number of selected namespaces that are protected: their policy is ready and meets its objectives."
                        + " Without objectives: it is ready, and its newest RestorePoint is good.")
        public Integer covered;

        @JsonPropertyDescription(
                "Number of selected namespaces with a problem. Namespaces that wait for their first RestorePoint are"
                        + " in neither number.")
        public Integer failing;

        @Size(max = 64)
        @JsonPropertyDescription("Summary of protected and selected namespaces, such as \"12 of 14\".")
        public String summary;

        @Size(max = 32)
        @JsonPropertyDescription("Namespaces with a problem; the first 32 by name.")
        public List<Failing> failingNamespaces;

        @JsonPropertyDescription(
                "Number of namespaces of the cluster that have PersistentVolumeClaims and no policy, and that no template"
                        + " selects. It is the same for all templates.")
        public Integer uncovered;

        @Size(max = 32)
        @JsonPropertyDescription("Names of these namespaces; the first 32.")
        public List<String> uncoveredNamespaces;
    }

    /** A namespace with a problem. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public static class Failing {
        @Size(max = 63)
        @JsonPropertyDescription("Name of the namespace.")
        public String name;

        @Size(max = 64)
        @JsonPropertyDescription("Reason of the problem, as in the conditions of the policy.")
        public String reason;

        @Size(max = 512)
        @JsonPropertyDescription("Message of the same condition.")
        public String message;
    }
}
