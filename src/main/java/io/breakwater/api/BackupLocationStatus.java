package io.breakwater.api;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Size;
import java.util.ArrayList;
import java.util.List;

/** Result of the last probe. */
@JsonInclude(JsonInclude.Include.NON_NULL)
public class BackupLocationStatus extends ConditionedStatus {
    @JsonPropertyDescription(
            "Ready. Synced: a RestorePoint exists for every point. Readable: every point can be decrypted with"
                    + " the keys in the Secret. Rotated: the current master key is enough for that. Escrowed: all"
                    + " master keys are in escrow. WithinQuota: no namespace has used up its quota. Intact: no"
                    + " object that points need was deleted by anyone other than Breakwater. Successor: this cluster"
                    + " adopts the points of the clusters that Helm value site.succeeds names. Stalled: only a"
                    + " change of the spec or of a Secret can help.")
    public List<Condition> conditions = new ArrayList<>();

    @JsonPropertyDescription("Features of the store, as the probe found them.")
    public Capabilities capabilities;

    @Size(max = 640)
    @JsonPropertyDescription(
            "Kind of the store, and its container, bucket or directory, with the prefix. (Velero) marks a location that Velero"
                    + " writes.")
    public String store;

    @Size(max = 63)
    @JsonPropertyDescription(
            "Name of this site, by Helm value site.name. The objects of its points have it in their names.")
    public String site;

    @JsonPropertyDescription("Time of the last probe, RFC 3339 in UTC.")
    public String lastProbeTime;

    @Size(max = 64)
    @JsonPropertyDescription("The store's clock minus this cluster's clock, as a duration.")
    public String clockSkew;

    @Size(max = 63)
    @JsonPropertyDescription("Uid of this cluster: that of its namespace kube-system. Points contain it.")
    public String cluster;

    @Size(max = 64)
    @JsonPropertyDescription("Id of the master key for new points and repositories.")
    public String keyId;

    @JsonPropertyDescription(
            "Counter of breakwater/location.json when this cluster last read it. A document with a smaller one is refused.")
    public Long documentCounter;

    @JsonPropertyDescription("Counter of the last older document that an administrator accepted.")
    public Long acceptedDocument;

    @Size(max = 80)
    @JsonPropertyDescription("The last key of another site that an administrator accepted, as <site>.<fingerprint>.")
    public String acceptedSite;

    @Size(max = 64)
    @JsonPropertyDescription(
            "Other sites that use this location, with the key that each of them signs with. An entry with the name of this"
                    + " site is an earlier cluster of this site.")
    public List<SitePin> sites;

    @Size(max = 16)
    @JsonPropertyDescription("Master keys that the Secret holds, or that data in this location needs.")
    public List<Key> keys;

    @JsonPropertyDescription("Usage of spec.quota; absent without a quota.")
    public QuotaStatus quota;

    @JsonPropertyDescription("Prunes of the repositories of this site; absent before the first deletion.")
    public PruneStatus prune;

    @Override
    public List<Condition> conditions() {
        return conditions;
    }

    /** Usage of the quota. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public static class QuotaStatus {
        @JsonPropertyDescription("Number of repositories with a quota; one for each namespace and site.")
        public Integer repositories;

        @JsonPropertyDescription(
                "Number of repositories that use at least nine tenths of their quota, but not all of it.")
        public Integer near;

        @JsonPropertyDescription("Number of repositories that have used up their quota; they get no new data.")
        public Integer over;
    }

    /** Prunes of the repositories in the location. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public static class PruneStatus {
        @JsonPropertyDescription("When the last prune succeeded, RFC 3339 in UTC.")
        public String lastPruneTime;

        @JsonPropertyDescription(
                "Bytes that the captures of deleted points added and that no prune freed: an estimate, because other"
                        + " points may share them.")
        public Long garbageBytes;

        @JsonPropertyDescription("Number of repositories whose prune runs or starts next.")
        public Integer due;

        @JsonPropertyDescription("Why the last prune did not succeed; absent if it did.")
        public String lastFailure;
    }

    /** A site, as this cluster saw it first. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public static class SitePin {
        @Size(max = 63)
        @JsonPropertyDescription("Name of the site.")
        public String name;

        @Size(max = 64)
        @JsonPropertyDescription("Uid of its cluster, which is the uid of the namespace kube-system.")
        public String cluster;

        @Size(max = 128)
        @JsonPropertyDescription("Public half of the key that the site signs with.")
        public String publicKey;

        @JsonPropertyDescription("Time of its last heartbeat with this key, by the store's clock, RFC 3339 in UTC.")
        public String lastSeen;

        @JsonPropertyDescription(
                "Whether the last heartbeat was older than a day at the last probe, by the store's clock.")
        public Boolean silent;

        @Size(max = 16)
        @JsonPropertyDescription("Uids of the lost clusters that this one replaced, as the site stated.")
        public List<String> succeeds;

        @Size(max = 16)
        @JsonPropertyDescription("Fingerprint of another key that the site signs with now, and that is refused.")
        public String refused;
    }

    /** One master key. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public static class Key {
        @Size(max = 64)
        @JsonPropertyDescription("Id of the key. It derives from the key and reveals nothing about it.")
        public String id;

        @JsonPropertyDescription("Whether the Secret holds the key.")
        public Boolean atHand;

        @JsonPropertyDescription(
                "Number of points that need this key, because the current key does not open them yet. For the current"
                        + " key: all points.")
        public Integer points;

        @JsonPropertyDescription("Number of repositories that need this key, counted in the same way.")
        public Integer repositories;
    }

    /** Capabilities of a store. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    public static class Capabilities {
        @JsonPropertyDescription(
                "Whether the store honours If-Match and If-None-Match, so that the location can hold the lease of a"
                        + " FailoverPlan.")
        public Boolean conditionalWrites;

        @JsonPropertyDescription(
                "Whether the store locks objects. With spec.immutability the probe tries it. Absent when the store"
                        + " does not report it.")
        public Boolean objectLock;

        @JsonPropertyDescription(
                "Whether the store retains older versions of objects that are deleted or overwritten. Absent when the"
                        + " store does not report it.")
        public Boolean versioning;
    }
}
