package io.breakwater.api;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Size;
import java.util.ArrayList;
import java.util.List;

/** What probing found. */
@JsonInclude(JsonInclude.Include.NON_NULL)
public class BackupLocationStatus extends ConditionedStatus {
    @JsonPropertyDescription(
            "Ready; Synced: every point is shown; Readable: the keys at hand open all; Rotated: the current master key"
                    + " does; Escrowed: all master keys are in escrow; WithinQuota: no namespace has used its quota up;"
                    + " Intact: nobody but us removed what points need; Stalled when only a change of the spec or of a"
                    + " Secret can help.")
    public List<Condition> conditions = new ArrayList<>();

    @JsonPropertyDescription("What the store can do, found by doing it.")
    public Capabilities capabilities;

    @JsonPropertyDescription("When the store was last probed, RFC 3339 in UTC.")
    public String lastProbeTime;

    @Size(max = 64)
    @JsonPropertyDescription("The store's clock minus this cluster's, as a duration.")
    public String clockSkew;

    @Size(max = 64)
    @JsonPropertyDescription("Id of the master key that new points and repositories are written with.")
    public String keyId;

    @Size(max = 16)
    @JsonPropertyDescription("Master keys: those at hand, and those that something here needs.")
    public List<Key> keys;

    @JsonPropertyDescription("How namespaces stand to spec.quota; absent without one.")
    public QuotaStatus quota;

    @Override
    public List<Condition> conditions() {
        return conditions;
    }

    /** How namespaces stand to the quota. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public static class QuotaStatus {
        @JsonPropertyDescription("Repositories that a limit holds for; one a namespace and site.")
        public Integer repositories;

        @JsonPropertyDescription("Repositories at nine tenths of their limit or above, but not over it.")
        public Integer near;

        @JsonPropertyDescription("Repositories that hold as much as they may, or more: they get no new data.")
        public Integer over;
    }

    /** One master key. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public static class Key {
        @Size(max = 64)
        @JsonPropertyDescription("Id of the key; it derives from the key, and says nothing about it.")
        public String id;

        @JsonPropertyDescription("Whether the Secret holds it.")
        public Boolean atHand;

        @JsonPropertyDescription(
                "Points that this key opens, and the one that is written with does not yet; of that one: all.")
        public Integer points;

        @JsonPropertyDescription("Repositories that this key opens, counted like points.")
        public Integer repositories;
    }

    /** Capabilities of a store. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public static class Capabilities {
        @JsonPropertyDescription(
                "If-Match and If-None-Match are honoured: the location can hold a FailoverPlan's lease.")
        public Boolean conditionalWrites;

        @JsonPropertyDescription(
                "Objects can be locked; where spec.immutability asks for it, that was tried. Absent when the store"
                        + " does not tell.")
        public Boolean objectLock;

        @JsonPropertyDescription(
                "What is removed or written anew is kept as an older version. Absent when the store does not tell.")
        public Boolean versioning;
    }
}
