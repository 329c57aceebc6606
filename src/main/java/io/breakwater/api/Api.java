package io.breakwater.api;

/** Names in the API that users, manifests and other clusters see: group, labels, annotations, finalizers. */
public final class Api {
    /** API group of all kinds. */
    public static final String GROUP = "breakwater.io";

    /** The version that the API server serves and stores. */
    public static final String VERSION = "v1alpha1";

    /** Field manager of all objects that the operator applies. */
    public static final String FIELD_MANAGER = "breakwater";

    /** Finalizer that holds an object until its data in the store is deleted or released. */
    public static final String FINALIZER = GROUP + "/data";

    /** Namespace label: pods created here get the scheduling gate of the same name. */
    public static final String STANDBY = GROUP + "/standby";

    /** Namespace annotation: comma separated holders, such as {@code failoverplan/shop}, that closed the gate. */
    public static final String GATED_BY = GROUP + "/gated-by";

    /**
     * Namespace annotation: the workloads of holders that hold only some pods, in JSON:
     * {@code {"restore/shop.monday":["Deployment/web"]}}.
     */
    public static final String GATED_ONLY = GROUP + "/gated-only";

    /**
     * Namespace annotation: the reason why a user opens a gate although no FailoverPlan can prove that this site is active.
     * Breakwater removes it when it has opened the gate.
     */
    public static final String OPEN_GATE = GROUP + "/open-gate";

    /** Namespace annotation: the reason of the last {@link #OPEN_GATE}, until a FailoverPlan knows the active site again. */
    public static final String GATE_OPENED = GROUP + "/gate-opened";

    /** Namespace annotation: time and run of a hand-over since which no pod may run, since its final point is cut. */
    public static final String FINAL_CUT = GROUP + "/final-cut";

    /** Namespace annotation: a pod that was seen after {@link #FINAL_CUT}, which makes the final point void. */
    public static final String POD_SEEN = GROUP + "/pod-seen";

    /**
     * Namespace label that the guard sets when it has proof that this site is active. Without it, the pods of a namespace with
     * label {@link #PLAN} are held.
     */
    public static final String ACTIVE = GROUP + "/active";

    /**
     * Namespace label: name of the FailoverPlan that controls this namespace. Pods are held from the creation of the namespace until
     * the guard has proof that this site is active.
     */
    public static final String PLAN = GROUP + "/plan";

    /** Label on RestorePoints, Jobs and snapshots: name of the BackupPolicy that they belong to. */
    public static final String POLICY = GROUP + "/policy";

    /** Label on a BackupPolicy that a template manages: name of the template in the operator's namespace. */
    public static final String TEMPLATE = GROUP + "/template";

    /** Label on RestorePoints that catalog sync created: the site that captured the point. */
    public static final String ORIGIN_SITE = GROUP + "/origin-site";

    /** Label on RestorePoints in the operator's namespace: the namespace that was captured. */
    public static final String ORIGIN_NAMESPACE = GROUP + "/origin-namespace";

    /** Annotation on imported RestorePoints: the path of the point that the object represents. */
    public static final String ORIGIN = GROUP + "/origin";

    /** Label on children (Jobs, PVCs, VolumeSnapshots, Secrets): {@code <kind>.<name>} of the run they belong to. */
    public static final String RUN = GROUP + "/run";

    /** Label on the sandbox of a Verification: uid of the Verification. */
    public static final String SANDBOX = GROUP + "/sandbox";

    /** Label on mover pods, which the standby gate admits and captures exclude. */
    public static final String COMPONENT = GROUP + "/component";

    /** Annotation on a namespace: whether movers that read or write volumes in it run as root, {@code true} or {@code false}. */
    public static final String PRIVILEGED_MOVERS = GROUP + "/privileged-movers";

    /** Label: the value {@code true} excludes an object from all restore points. */
    public static final String EXCLUDE = GROUP + "/exclude";

    /**
     * Label of Secrets that locations may name, with the value true. Who may create a location and may not read Secrets could
     * otherwise send the values of any Secret to a server of his own.
     */
    public static final String LOCATION_CREDENTIALS = GROUP + "/location-credentials";

    /**
     * Prefix of a label on claims while a group snapshot is taken: {@code <uid of the RestorePoint>: <group snapshot>}.
     */
    public static final String CUT = "cut." + GROUP + "/";

    /** Velero's label with the same meaning. */
    public static final String VELERO_EXCLUDE = "velero.io/exclude-from-backup";

    /**
     * Annotation on Restores: their author, as the API server's userInfo in JSON; the admission webhook sets it and
     * refuses changes.
     */
    public static final String AUTHOR = GROUP + "/author";

    /** Annotation on a BackupLocation: {@code <namespace>/<point>} whose deletion is to be undone. */
    public static final String UNDELETE = GROUP + "/undelete";

    /** Annotation on a FailoverPlan: the epoch whose divergent data the user discards. */
    public static final String DISCARD_DIVERGENT = GROUP + "/discard-divergent";

    /**
     * Annotation on a Namespace: {@code <epoch>/<id>} of the epoch that its site served, until the data of that epoch is handed over
     * or backed up. It stays with the data when the FailoverPlan is deleted.
     */
    public static final String SERVED_EPOCH = GROUP + "/served-epoch";

    /** Annotation on a FailoverPlan that is being deleted: the epoch whose lease may stay as it is. */
    public static final String ABANDON_LEASE = GROUP + "/abandon-lease";

    /** Annotation on a BackupLocation: the counter of a location.json that is accepted although a newer one was seen. */
    public static final String ACCEPT_DOCUMENT = GROUP + "/accept-document";

    /** Annotation on a BackupLocation: {@code <site>.<fingerprint>} of the new key of another site that is accepted. */
    public static final String ACCEPT_SITE = GROUP + "/accept-site";

    /** Annotation on a FailoverPlan: the counter of a lease that is accepted although a newer one was seen. */
    public static final String ACCEPT_LEASE = GROUP + "/accept-lease";

    /**
     * Annotation on a FailoverPlan: the epoch of a lease that a deleted namespace has vacated. This site takes it and serves the data
     * that the namespace has now.
     */
    public static final String IN_PLACE = GROUP + "/in-place";

    /**
     * Annotation on a Namespace: the data of earlier namespaces that it adopts, as comma separated
     * {@code <site>/<namespace>}. It has an effect only with a valid {@link #ADOPT_STAMP}.
     */
    public static final String ADOPT = GROUP + "/adopt";

    /** Annotation on a Namespace: the webhook's signature of {@link #ADOPT}, with the user who set it. */
    public static final String ADOPT_STAMP = GROUP + "/adopt-stamp";

    /** Verb on restorepoints in all namespaces: to set {@link #ADOPT}, and to create a FailoverPlan. */
    public static final String ADOPT_VERB = "adopt";

    private Api() {}
}
