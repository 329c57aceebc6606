package io.breakwater.api;

/** Names that users, manifests and other clusters see: group, labels, annotations, finalizers. */
public final class Api {
    /** API group of all kinds. */
    public static final String GROUP = "breakwater.io";

    /** The served and stored version. */
    public static final String VERSION = "v1alpha1";

    /** Field manager of everything that the operator applies. */
    public static final String FIELD_MANAGER = "breakwater";

    /** Finalizer that keeps an object until its data in the store is dealt with. */
    public static final String FINALIZER = GROUP + "/data";

    /** Namespace label: pods created here get the scheduling gate of the same name. */
    public static final String STANDBY = GROUP + "/standby";

    /** Namespace annotation: comma separated holders (as {@code failoverplan/shop}) for whom the gate is closed. */
    public static final String GATED_BY = GROUP + "/gated-by";

    /**
     * Namespace annotation: of holders that hold back the pods of some workloads only, which ones these are, in JSON:
     * {@code {"restore/shop.monday":["Deployment/web"]}}.
     */
    public static final String GATED_ONLY = GROUP + "/gated-only";

    /** Namespace label: name of the FailoverPlan that rules this namespace. */
    public static final String PLAN = GROUP + "/plan";

    /** Label on RestorePoints, Jobs and snapshots: name of the BackupPolicy they stem from. */
    public static final String POLICY = GROUP + "/policy";

    /** Label on a BackupPolicy that the operator keeps: name of its template in the operator's namespace. */
    public static final String TEMPLATE = GROUP + "/template";

    /** Label on RestorePoints that catalog sync made: the site whose operator captured the point. */
    public static final String ORIGIN_SITE = GROUP + "/origin-site";

    /** Label on RestorePoints in the operator's namespace: the namespace that was captured. */
    public static final String ORIGIN_NAMESPACE = GROUP + "/origin-namespace";

    /** Label on children (Jobs, PVCs, VolumeSnapshots, Secrets): {@code <kind>.<name>} of the run they belong to. */
    public static final String RUN = GROUP + "/run";

    /** Label on a namespace that a Verification restores into: uid of the Verification. */
    public static final String SANDBOX = GROUP + "/sandbox";

    /** Label on mover pods; they pass the standby gate and are never captured. */
    public static final String COMPONENT = GROUP + "/component";

    /** Label: with the value {@code true} an object stays out of every restore point. */
    public static final String EXCLUDE = GROUP + "/exclude";

    /** Prefix of a label on claims while a group snapshot takes them: {@code <uid of the RestorePoint>: <group snapshot>}. */
    public static final String CUT = "cut." + GROUP + "/";

    /** Velero's label for the same. */
    public static final String VELERO_EXCLUDE = "velero.io/exclude-from-backup";

    /** Annotation on Restores: who created it, as the API server's userInfo in JSON; kept by the admission webhook. */
    public static final String AUTHOR = GROUP + "/author";

    /** Annotation on a BackupLocation: {@code <namespace>/<point>} whose deletion is to be taken back. */
    public static final String UNDELETE = GROUP + "/undelete";

    private Api() {}
}
