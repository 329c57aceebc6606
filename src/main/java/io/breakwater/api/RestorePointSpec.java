package io.breakwater.api;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Default;
import io.fabric8.generator.annotation.ValidationRule;

/** One attempt; immutable but for deletionPolicy and hold. */
@JsonInclude(JsonInclude.Include.NON_NULL)
@ValidationRule(
        value = "has(self.policyRef) == has(oldSelf.policyRef)"
                + " && (!has(self.policyRef) || self.policyRef.name == oldSelf.policyRef.name)"
                + " && self.trigger == oldSelf.trigger",
        message = "a RestorePoint is one attempt: only deletionPolicy and hold may change; create another RestorePoint")
@ValidationRule(
        value = "has(self.policyRef) || self.trigger == 'Imported'",
        message = "spec.policyRef is needed: it says what to capture and where to put it")
public class RestorePointSpec {
    @JsonPropertyDescription("BackupPolicy in this namespace that says what to capture and where to put it.")
    public NamedRef policyRef;

    @Default("Manual")
    @JsonPropertyDescription("Why the point was made.")
    public Trigger trigger;

    @Default("Delete")
    @JsonPropertyDescription(
            "Delete: deleting this object deletes the data in every location. Retain: the data stays and the catalog lists it"
                    + " again. Data always stays when the whole namespace is deleted.")
    public DeletionPolicy deletionPolicy;

    @Default("false")
    @JsonPropertyDescription(
            "Keep the point whatever its policy says and whoever deletes it, until this is false again.")
    public Boolean hold;

    /** Why a point was made. */
    public enum Trigger {
        Scheduled,
        Manual,
        /** The last one before a planned failover. */
        Final,
        /** What a returning site still had. */
        Divergent,
        /** Found in a location by catalog sync. */
        Imported
    }

    /** What deletion of the object means for the data. */
    public enum DeletionPolicy {
        Delete,
        Retain
    }
}
