package io.breakwater.api;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Default;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.ValidationRule;

/** Which point is proven, and how thoroughly. */
@JsonInclude(JsonInclude.Include.NON_NULL)
@ValidationRule(
        value = "self == oldSelf",
        message = "a Verification is one attempt and immutable; create another Verification")
@ValidationRule(
        value = "!(has(self.restorePointRef) && has(self.point))",
        message = "restorePointRef names the point; leave point out, or let it choose")
public class VerificationSpec {
    @Required
    @JsonPropertyDescription(
            "BackupPolicy in this namespace whose RestorePoint is verified, with the checks that it names.")
    public NamedRef policyRef;

    @JsonPropertyDescription("RestorePoint of the policy in this namespace; chosen by point when absent.")
    public NamedRef restorePointRef;

    @JsonPropertyDescription("Which sealed RestorePoint of the policy is taken; Latest when absent.")
    public Choice point;

    @Default("Restored")
    @JsonPropertyDescription(
            "Checksum: every object of the point, and every block of its volumes, is read and compared with its digest."
                    + " Restored: it is also restored into a namespace of its own, until all workloads are ready. Queried: the"
                    + " policy's spec.verification.checks are run there too.")
    public Level level;

    /** How thoroughly a point is proven; each level includes the ones before it. */
    public enum Level {
        Checksum,
        Restored,
        Queried
    }

    /** Which point is taken. */
    public enum Choice {
        Latest,
        Random
    }
}
