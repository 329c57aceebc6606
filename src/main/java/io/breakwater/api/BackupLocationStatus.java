package io.breakwater.api;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Size;
import java.util.ArrayList;
import java.util.List;

/** What probing found. */
@JsonInclude(JsonInclude.Include.NON_NULL)
public class BackupLocationStatus implements ConditionedStatus {
    @JsonPropertyDescription("Generation that this status describes.")
    public Long observedGeneration;

    @JsonPropertyDescription("Ready; Stalled when only a change of the spec or of a Secret can help.")
    public List<Condition> conditions = new ArrayList<>();

    @JsonPropertyDescription("What the store can do, found by doing it.")
    public Capabilities capabilities;

    @JsonPropertyDescription("When the store was last probed, RFC 3339 in UTC.")
    public String lastProbeTime;

    @Size(max = 64)
    @JsonPropertyDescription("The store's clock minus this cluster's, as a duration.")
    public String clockSkew;

    @Size(max = 64)
    @JsonPropertyDescription("Fingerprint of the encryption key that the location was set up with.")
    public String keyId;

    @Override
    public List<Condition> conditions() {
        return conditions;
    }

    @Override
    public Long observedGeneration() {
        return observedGeneration;
    }

    @Override
    public void observedGeneration(Long generation) {
        observedGeneration = generation;
    }

    /** Capabilities of a store. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public static class Capabilities {
        @JsonPropertyDescription(
                "If-Match and If-None-Match are honoured: the location can hold a FailoverPlan's lease.")
        public Boolean conditionalWrites;
    }
}
