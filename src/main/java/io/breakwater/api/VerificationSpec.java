package io.breakwater.api;

import com.fasterxml.jackson.annotation.JsonClassDescription;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Default;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.ValidationRule;

/** The point to verify, and the level. */
@JsonClassDescription("The point to verify, and the level. Immutable.")
@JsonInclude(JsonInclude.Include.NON_NULL)
@ValidationRule(
        value = "self == oldSelf",
        message = "a Verification is one attempt and immutable; create another Verification")
@ValidationRule(
        value = "!(has(self.restorePointRef) && has(self.point))",
        message = "restorePointRef and point exclude each other: set restorePointRef to name a point, or point to"
                + " choose one")
public class VerificationSpec {
    @Required
    @JsonPropertyDescription(
            "BackupPolicy in this namespace that the RestorePoint belongs to, and whose checks are used.")
    public NamedRef policyRef;

    @JsonPropertyDescription("RestorePoint of the policy in this namespace. When absent, point chooses one.")
    public NamedRef restorePointRef;

    @JsonPropertyDescription("Choice of a sealed RestorePoint of the policy; Latest when absent.")
    public Choice point;

    @Default("Restored")
    @JsonPropertyDescription(
            "Checksum: every object of the point and every block of its volumes is read and compared with its"
                    + " digest. Restored: the point is also restored into a temporary namespace, until all"
                    + " workloads are ready. Queried: spec.verification.checks of the policy also run there.")
    public Level level;

    /** Depth of a Verification; each level includes the levels before it. */
    public enum Level {
        Checksum,
        Restored,
        Queried
    }

    /** Choice of the point. */
    public enum Choice {
        Latest,
        Random
    }
}
