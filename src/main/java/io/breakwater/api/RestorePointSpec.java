package io.breakwater.api;

import com.fasterxml.jackson.annotation.JsonClassDescription;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Default;
import io.fabric8.generator.annotation.ValidationRule;

/** One attempt. Only deletionPolicy and hold may change. */
@JsonClassDescription("One attempt. Only deletionPolicy and hold may change.")
@JsonInclude(JsonInclude.Include.NON_NULL)
@ValidationRule(
        value = "has(self.policyRef) == has(oldSelf.policyRef)"
                + " && (!has(self.policyRef) || self.policyRef.name == oldSelf.policyRef.name)"
                + " && self.trigger == oldSelf.trigger",
        message = "a RestorePoint is one attempt, of which only deletionPolicy and hold may change; create another"
                + " RestorePoint")
@ValidationRule(
        value = "has(self.policyRef) || self.trigger == 'Imported'",
        message = "spec.policyRef must be set, because the policy defines what is captured and where it is stored")
public class RestorePointSpec {
    @JsonPropertyDescription("BackupPolicy in this namespace that defines what is captured and where it is stored.")
    public NamedRef policyRef;

    @Default("Manual")
    @JsonPropertyDescription(
            "Cause of the capture. Scheduled: the schedule of the policy. Manual: a user. Final: the last point"
                    + " before a planned failover. Divergent: data that only a returning site had. Imported:"
                    + " catalog sync found the point in a location.")
    public Trigger trigger;

    @Default("Delete")
    @JsonPropertyDescription(
            "Delete: deleting this object deletes the data in every location. Retain: the data stays, and the"
                    + " catalog lists it again. The data always stays when the complete namespace is deleted.")
    public DeletionPolicy deletionPolicy;

    @Default("false")
    @JsonPropertyDescription("Hold the point: neither retention nor a user can delete it until this is false again.")
    public Boolean hold;

    /** Cause of a capture. */
    public enum Trigger {
        Scheduled,
        Manual,
        /** The last point before a planned failover. */
        Final,
        /** Data that only a returning site had. */
        Divergent,
        /** Catalog sync found the point in a location. */
        Imported
    }

    /** Effect of the deletion of the object on the data. */
    public enum DeletionPolicy {
        Delete,
        Retain
    }
}
