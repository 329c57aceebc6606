package io.breakwater.api;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Size;
import java.util.ArrayList;
import java.util.List;

/** Progress and result of the verification. */
@JsonInclude(JsonInclude.Include.NON_NULL)
public class VerificationStatus extends RunStatus {
    @JsonPropertyDescription(
            "Finished: the run ended, with success or failure. Succeeded, and Ready with the same value: the point is proven. Stalled: the point is not proven.")
    public List<Condition> conditions = new ArrayList<>();

    @Size(max = 253)
    @JsonPropertyDescription("RestorePoint in this namespace.")
    public String restorePoint;

    @Size(max = 64)
    @JsonPropertyDescription("SHA-256 of the point's seal. A step that finds another seal fails.")
    public String digest;

    @JsonPropertyDescription("Time at which the point was captured, RFC 3339 in UTC.")
    public String capturedAt;

    @Size(max = 63)
    @JsonPropertyDescription("Namespace into which the point is restored; deleted after the run.")
    public String sandbox;

    @JsonPropertyDescription("Time at which the run started, RFC 3339 in UTC.")
    public String startedAt;

    @JsonPropertyDescription("Time at which the run ended, RFC 3339 in UTC.")
    public String finishedAt;

    @Size(max = 32)
    @JsonPropertyDescription(
            "Measured restore time: from the restore request until every workload was ready, for example 38s.")
    public String restoreTime;

    @Size(max = 32)
    @JsonPropertyDescription("Results of the checks.")
    public List<CheckResult> checks;

    @Size(max = 4096)
    @JsonPropertyDescription("Cause why the point is not proven.")
    public String failure;

    @Size(max = 64)
    @JsonPropertyDescription(
            "Objects of the point that the sandbox does not have or has in another form, with the cause, and"
                    + " other problems that need attention.")
    public List<String> warnings;

    @Size(max = 128)
    @JsonPropertyDescription("Current step of the run.")
    public String progress;

    /** Result of one check. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public static class CheckResult {
        @Size(max = 63)
        @JsonPropertyDescription("Name of the check.")
        public String name;

        @JsonPropertyDescription("Whether the result was as expected.")
        public Boolean passed;

        @JsonPropertyDescription("Exit code of the command; absent if it did not run.")
        public Integer exitCode;

        @JsonPropertyDescription("Whether the output matches expect; absent without expect.")
        public Boolean matched;

        @Size(max = 16)
        @JsonPropertyDescription(
                "First 16 hexadecimal digits of the SHA-256 of the output; absent if the output is too long.")
        public String digest;

        @Size(max = 512)
        @JsonPropertyDescription("Cause why the check did not pass, without the output.")
        public String message;

        @Size(max = 512)
        @JsonPropertyDescription(
                "End of the output; only if the check has showOutput. Users that may read this object can read it.")
        public String output;

        @Size(max = 32)
        @JsonPropertyDescription("Duration of the check.")
        public String duration;
    }

    @Override
    public List<Condition> conditions() {
        return conditions;
    }
}
