package io.breakwater.api;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Size;
import java.util.ArrayList;
import java.util.List;

/** How far the verification got, and what it found. */
@JsonInclude(JsonInclude.Include.NON_NULL)
public class VerificationStatus extends RunStatus {
    @JsonPropertyDescription("Succeeded, mirrored to Ready: the point is proven; Stalled when it was not.")
    public List<Condition> conditions = new ArrayList<>();

    @Size(max = 253)
    @JsonPropertyDescription("The RestorePoint in this namespace.")
    public String restorePoint;

    @JsonPropertyDescription("When the point was captured, RFC 3339 in UTC.")
    public String capturedAt;

    @Size(max = 63)
    @JsonPropertyDescription("Namespace that the point is restored into; gone when the run is over.")
    public String sandbox;

    @JsonPropertyDescription("When the run started, RFC 3339 in UTC.")
    public String startedAt;

    @JsonPropertyDescription("When the run ended, RFC 3339 in UTC.")
    public String finishedAt;

    @Size(max = 32)
    @JsonPropertyDescription(
            "From the request to restore until every workload was ready, as 38s: the measured restore time.")
    public String restoreTime;

    @Size(max = 32)
    @JsonPropertyDescription("What the checks found.")
    public List<CheckResult> checks;

    @Size(max = 4096)
    @JsonPropertyDescription("Why the point is not proven.")
    public String failure;

    @Size(max = 128)
    @JsonPropertyDescription("The step that the run is in.")
    public String progress;

    /** What one check found. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public static class CheckResult {
        @Size(max = 63)
        @JsonPropertyDescription("Name of the check.")
        public String name;

        @JsonPropertyDescription("Whether it found what it expects.")
        public Boolean passed;

        @Size(max = 512)
        @JsonPropertyDescription("The end of its output: the evidence. Let checks print no secrets.")
        public String output;

        @Size(max = 32)
        @JsonPropertyDescription("How long it took.")
        public String duration;
    }

    @Override
    public List<Condition> conditions() {
        return conditions;
    }
}
