package io.breakwater.api;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Size;
import java.util.ArrayList;
import java.util.List;

/** Whether the promise is kept. */
@JsonInclude(JsonInclude.Include.NON_NULL)
public class BackupPolicyStatus extends ConditionedStatus {
    @JsonPropertyDescription(
            "Ready; Protected while the RPO is met; Proven while restores are; RtoMet while they are fast enough;"
                    + " Stalled when only a change can help.")
    public List<Condition> conditions = new ArrayList<>();

    @Size(max = 253)
    @JsonPropertyDescription("Name of the newest good RestorePoint.")
    public String lastSuccessfulPoint;

    @JsonPropertyDescription("When the newest good RestorePoint was captured, RFC 3339 in UTC.")
    public String lastSuccessTime;

    @JsonPropertyDescription("When the schedule last started a RestorePoint, RFC 3339 in UTC.")
    public String lastScheduleTime;

    @JsonPropertyDescription("When the schedule starts the next RestorePoint, RFC 3339 in UTC.")
    public String nextRunTime;

    @JsonPropertyDescription("Number of good RestorePoints kept.")
    public Integer points;

    @Size(max = 8)
    @JsonPropertyDescription("The further locations.")
    public List<CopyStatus> copies;

    @JsonPropertyDescription(
            "What the namespace holds in the first location, and may hold; absent without a quota there.")
    public QuotaUse quota;

    @Size(max = 253)
    @JsonPropertyDescription("Name of the newest Verification that ended.")
    public String lastVerification;

    @JsonPropertyDescription("When a RestorePoint was last proven at the demanded level, RFC 3339 in UTC.")
    public String lastProvenTime;

    @Size(max = 32)
    @JsonPropertyDescription("How long the newest measured restore took, until every workload was ready.")
    public String measuredRestoreTime;

    @JsonPropertyDescription("Of a template: how the namespaces stand that it selects.")
    public Namespaces namespaces;

    @Override
    public List<Condition> conditions() {
        return conditions;
    }

    /** How much of a quota is used. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public static class QuotaUse {
        @JsonPropertyDescription("Bytes that the namespace's repository has there, deleted ones until they are freed.")
        public Long usedBytes;

        @JsonPropertyDescription("Bytes that it may have, by spec.quota of the location.")
        public Long allowedBytes;

        @Size(max = 64)
        @JsonPropertyDescription("Both for people.")
        public String summary;
    }

    /** How far a copy is behind. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public static class CopyStatus {
        @Size(max = 253)
        @JsonPropertyDescription("BackupLocation of the copy.")
        public String location;

        @Size(max = 253)
        @JsonPropertyDescription("Newest RestorePoint that is complete there.")
        public String lastPoint;

        @JsonPropertyDescription("When that point was captured, RFC 3339 in UTC; the lag is the time since then.")
        public String capturedAt;

        @Size(max = 4096)
        @JsonPropertyDescription("Why copying does not get on, when it does not.")
        public String error;
    }

    /** How the namespaces of a template stand. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public static class Namespaces {
        @JsonPropertyDescription("Namespaces that are selected.")
        public Integer selected;

        @JsonProperty("protected")
        @JsonPropertyDescription(
                "Of these, namespaces with a policy that is ready and keeps its promise, or has a good RestorePoint"
                        + " where nothing was promised.")
        public Integer covered;

        @JsonPropertyDescription(
                "Of these, namespaces in which something is wrong; the others have no RestorePoint yet.")
        public Integer failing;

        @Size(max = 64)
        @JsonPropertyDescription("Protected and selected, for people.")
        public String summary;

        @Size(max = 32)
        @JsonPropertyDescription("Namespaces in which something is wrong; the first ones by name.")
        public List<Failing> failingNamespaces;
    }

    /** A namespace in which something is wrong. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public static class Failing {
        @Size(max = 63)
        @JsonPropertyDescription("Name of the namespace.")
        public String name;

        @Size(max = 64)
        @JsonPropertyDescription("Why, as in the policy's conditions.")
        public String reason;

        @Size(max = 512)
        @JsonPropertyDescription("The same for people.")
        public String message;
    }
}
