package io.breakwater.api;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Pattern;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;

/**
 * One observation about an object, in the form of {@code metav1.Condition}: the key of the list is {@link #type}, and
 * {@link #lastTransitionTime} changes only together with {@link #status}.
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public class Condition {
    public static final String READY = "Ready";
    public static final String SUCCEEDED = "Succeeded";
    public static final String RECONCILING = "Reconciling";
    public static final String STALLED = "Stalled";
    public static final String PROTECTED = "Protected";
    public static final String LAST_POINT_GOOD = "LastPointGood";
    public static final String FINISHED = "Finished";
    public static final String PROVEN = "Proven";
    public static final String RTO_MET = "RtoMet";
    public static final String AVAILABLE = "Available";
    public static final String GIT_DRIFT = "GitDrift";
    public static final String LEASE_AT_RISK = "LeaseAtRisk";
    public static final String READABLE = "Readable";
    public static final String ROTATED = "Rotated";
    public static final String ESCROWED = "Escrowed";
    public static final String WITHIN_QUOTA = "WithinQuota";
    public static final String INTACT = "Intact";
    public static final String SUCCESSOR = "Successor";
    public static final String AUTHORIZED = "Authorized";
    public static final String EARLIER_HISTORY = "EarlierHistory";
    public static final String RESPONSIVE = "Responsive";

    @Required
    @Size(max = 316)
    @JsonPropertyDescription("Type of the condition, in PascalCase.")
    public String type;

    @Required
    @Pattern("^(True|False|Unknown)$")
    @JsonPropertyDescription("True, False or Unknown.")
    public String status;

    @JsonPropertyDescription("Generation of the spec that the condition describes.")
    public Long observedGeneration;

    @Required
    @Pattern("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z$")
    @JsonPropertyDescription("Time at which the status last changed, RFC 3339 in UTC.")
    public String lastTransitionTime;

    @Required
    @Size(max = 1024)
    @Pattern("^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$")
    @JsonPropertyDescription("One word for programs. The same word appears in events, metrics and logs.")
    public String reason;

    @Required
    @Size(max = 32768)
    @JsonPropertyDescription("One sentence for readers: the object, the field and the action that helps.")
    public String message;

    /** Whether the status is {@code True}. */
    public boolean holds() {
        return "True".equals(status);
    }
}
