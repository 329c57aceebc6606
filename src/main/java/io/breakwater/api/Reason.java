package io.breakwater.api;

/**
 * The reasons of conditions, events, metrics and logs. They are part of the API, and {@code docs/reference/reasons.md}
 * documents them; a test compares the names and the texts.
 */
public enum Reason {
    /** Everything that was requested is in place. */
    Ready,
    /** A bounded run ended successfully. */
    Completed,
    /** Work is in progress; the message names the step. */
    InProgress,
    /** The object was read, but no work on it has started yet. */
    Pending,
    /** The run waits for a place, because much other work of its kind is in progress; the message has the number before it. */
    Queued,
    /** The user requested a pause. */
    Suspended,
    /** A field has a value that cannot work. */
    InvalidSpec,
    /** The named BackupLocation does not exist, or may not be used from this namespace. */
    LocationNotFound,
    /** The named BackupLocation exists but is not ready. */
    LocationNotReady,
    /** The store did not answer, or refused the request. */
    StoreUnavailable,
    /** The store asks for fewer requests, so calls to it wait. */
    Throttled,
    /** The store refused Breakwater's credentials. */
    CredentialsRejected,
    /** A Secret, a key in it, or the label that lets locations use it is missing. */
    SecretNotFound,
    /** The certificates of authorities that a location names cannot be read. */
    InvalidCaBundle,
    /** A required master key is not available, or sites have different ones. */
    KeyMismatch,
    /** The store lacks conditional writes, so it cannot hold a lease. */
    NoConditionalWrites,
    /** The store does not lock objects, which the location requires. */
    NoObjectLock,
    /** The namespace uses its full quota of bytes in the location. */
    QuotaExceeded,
    /** A listing of the location has more objects than Breakwater reads, or does not end. */
    TooManyObjects,
    /** The named BackupPolicy does not exist. */
    PolicyNotFound,
    /** Another policy already protects the same volumes. */
    PolicyConflict,
    /**
     * No template selects the namespace any more, so the policy that the template managed there is deleted;
     * RestorePoints stay.
     */
    NotSelected,
    /** The location has points of an earlier namespace of the same name, which this namespace does not adopt. */
    EarlierHistory,
    /** The cluster that site.succeeds names had a heartbeat within a day, or none that this location shows. */
    LossNotProven,
    /** The schedule cannot be parsed. */
    InvalidSchedule,
    /** A scheduled time passed without a RestorePoint, or two passed without a good one. */
    ScheduleMissed,
    /** A volume cannot be snapshotted, or not with its group, and is not listed in allowUnprotected. */
    VolumeUnprotectable,
    /** The point does not contain the data of a volume in a form that can be restored. */
    VolumeDataAbsent,
    /** Quiescing failed, or the database lost its session before the snapshots were taken. */
    QuiesceFailed,
    /** A command that a restored pod requires failed, or its container did not run in time. */
    RestoreHookFailed,
    /**
     * A Restore writes into the namespace, or failed half-way. The data there is not a valid state of the application.
     */
    RestoreInProgress,
    /** A workload did not become available in time, or cannot; the message names the workload and the cause. */
    WorkloadsNotReady,
    /** A VolumeSnapshot reported an error or did not become ready in time. */
    SnapshotFailed,
    /** A mover Job failed; the message contains the last lines of restic's output. */
    MoverFailed,
    /** Some files could not be read or written, or some objects could not be restored. */
    Partial,
    /** Listing the resources or writing their archive failed. */
    ResourcesFailed,
    /** The named RestorePoint does not exist. */
    RestorePointNotFound,
    /** The named RestorePoint is not sealed, so it cannot be restored. */
    RestorePointNotSealed,
    /** A digest or the signature of a sealed point does not match, or an object exceeds its limit: it was altered. */
    Tampered,
    /** A signed document is older than one that was seen before: an earlier version replaced the newest one. */
    WentBack,
    /** Another cluster holds the lease by the name of this site. */
    SiteNameTaken,
    /** A site signs with another key than before. What it signs is refused. */
    SiteKeyChanged,
    /** This cluster sees a signed document for the first time, so it cannot know whether it is the newest version. */
    FirstSeen,
    /** An object or volume in the target namespace conflicts, and onConflict does not allow changing it. */
    Conflict,
    /** The author lacks a right that the run would use. */
    Forbidden,
    /** The author of the object is unknown, or does not have a right that commands or credentials of the object need. */
    AuthorLacksRight,
    /** A verification could not restore the point, or a check got an unexpected result. */
    VerificationFailed,
    /** No point was verified yet, or not at the required level, or too long ago. */
    NotVerified,
    /** The newest verification proved its point. */
    Proven,
    /** A user holds the point, so it is not deleted. */
    Held,
    /** The policy promised to keep the point until a date in the future, or a lock in the store keeps an object. */
    Locked,
    /** Data is being deleted from the store. */
    Deleting,
    /** The objective is met. */
    ObjectiveMet,
    /** The objective is not met. */
    ObjectiveMissed,
    /** The other site holds the lease; this site is on standby. */
    Standby,
    /** This site holds the lease. */
    Active,
    /** A failover run is in progress. */
    FailingOver,
    /** The lease could not be renewed in time; the pods are gated. */
    LeaseLost,
    /** The lease cannot be renewed. The application keeps running, as spec.lease.onLoss of its plan says. */
    LeaseAtRisk,
    /** The lease of the other site is not renewed, and its plan keeps serving: a user must attest that the site is off. */
    AttestationNeeded,
    /** The other site renewed its lease after a user attested that it is off. */
    AttestationContradicted,
    /** The request was not started within its time. */
    Expired,
    /** A newer request replaced this one. */
    Superseded,
    /** The other site's lease has not expired yet. */
    WaitingForLease,
    /** More data would be lost than maxDataLoss allows. */
    DataLossTooHigh,
    /** The namespace was deleted and created again, and has volumes; a person decides whether the application is to have their data. */
    VolumesPresent,
    /** The plan names a site that neither operator has as its name, or names the same site twice. */
    UnknownSite,
    /** spec.activeSite disagrees with the lease; the lease wins. */
    Drifted,
    /** spec.activeSite agrees with the lease. */
    InSync,
    /** A run was rolled back before the point of no return. */
    RolledBack,
    /** An unexpected error occurred; the log has the details. */
    InternalError
}
