package io.breakwater.api;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Default;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;

/** Which point, where to, and what to do about what is there already; immutable. */
@JsonInclude(JsonInclude.Include.NON_NULL)
@ValidationRule(value = "self == oldSelf", message = "a Restore is one attempt and immutable; create another Restore")
public class RestoreSpec {
    @Required
    @JsonPropertyDescription("RestorePoint in this namespace.")
    public NamedRef restorePointRef;

    @Size(max = 63)
    @JsonPropertyDescription(
            "Namespace to restore into, created when absent. Only a Restore in the operator's own namespace may name another"
                    + " namespace than its own.")
    public String targetNamespace;

    @Default("Fail")
    @JsonPropertyDescription(
            "What happens to objects and volumes that exist already. Fail: refuse before anything is touched. Skip: leave them"
                    + " as they are. Replace: put the point's content in their place; pods that use a replaced volume are held"
                    + " back meanwhile.")
    public OnConflict onConflict;

    @Default("Restore")
    @JsonPropertyDescription("Restore: fill volumes from the point. Skip: resources only; claims are made empty.")
    public Volumes volumes;

    /** What to do about existing objects. */
    public enum OnConflict {
        Fail,
        Skip,
        Replace
    }

    /** Whether volumes are filled. */
    public enum Volumes {
        Restore,
        Skip
    }
}
