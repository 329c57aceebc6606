package io.breakwater.api;

/**
 * The words that say why. A reason is API: it stands in conditions, events, metrics and logs alike and is documented in
 * {@code docs/reference/reasons.md}; a test compares the two.
 */
public enum Reason {
    /** Everything that was asked for is in place. */
    Ready,
    /** A bounded run ended well. */
    Completed,
    /** Work is going on; the message says which step. */
    InProgress,
    /** The object was read, and nothing has been done about it yet. */
    Pending,
    /** The user asked for a pause. */
    Suspended,
    /** A field has a value that cannot work. */
    InvalidSpec,
    /** The named BackupLocation does not exist, or may not be used from this namespace. */
    LocationNotFound,
    /** The named BackupLocation exists and is not ready. */
    LocationNotReady,
    /** The store did not answer, or refused. */
    StoreUnavailable,
    /** The store refused our credentials. */
    CredentialsRejected,
    /** A Secret, or a key in it, is missing. */
    SecretNotFound,
    /** A master key that something needs is not at hand, or sites have different ones. */
    KeyMismatch,
    /** The store lacks conditional writes, so it cannot hold a lease. */
    NoConditionalWrites,
    /** The store does not lock objects, as the location demands. */
    NoObjectLock,
    /** The namespace holds as many bytes in the location as it may. */
    QuotaExceeded,
    /** The named BackupPolicy does not exist. */
    PolicyNotFound,
    /** Another policy already protects the same volumes. */
    PolicyConflict,
    /** No template selects the namespace any more, so the policy that it kept there goes; RestorePoints stay. */
    NotSelected,
    /** The schedule cannot be parsed. */
    InvalidSchedule,
    /** A volume cannot be snapshotted, or not with its group, and is not listed in allowUnprotected. */
    VolumeUnprotectable,
    /** The data of a volume is not in the point, in a form that could be restored. */
    VolumeDataAbsent,
    /** Quiescing failed, or the database lost its session before the snapshots were cut. */
    QuiesceFailed,
    /** A command that a restored pod asks for failed, or its container did not run in time. */
    RestoreHookFailed,
    /** A Restore is writing into the namespace, or failed half-way: what lies there is no state of the application. */
    RestoreInProgress,
    /** A workload did not become available in time, or cannot; the message says which one and why. */
    WorkloadsNotReady,
    /** A VolumeSnapshot reported an error or did not become ready in time. */
    SnapshotFailed,
    /** A mover Job failed; the message carries restic's last words. */
    MoverFailed,
    /** Some files could not be read or written. */
    Partial,
    /** The listing of resources or the writing of their archive failed. */
    ResourcesFailed,
    /** The named RestorePoint does not exist. */
    RestorePointNotFound,
    /** The named RestorePoint is not sealed, so it cannot be restored. */
    RestorePointNotSealed,
    /** A digest or the signature of a sealed point does not match: it was altered. */
    Tampered,
    /** Something in the target namespace is in the way and onConflict does not allow to touch it. */
    Conflict,
    /** The author lacks a right that the run would use. */
    Forbidden,
    /** A verification could not bring the point back to life, or a check found something else than it expects. */
    VerificationFailed,
    /** No point was verified yet, or not at the demanded level, or too long ago. */
    NotVerified,
    /** The newest verification proved its point. */
    Proven,
    /** Somebody holds the point, so it is not removed. */
    Held,
    /** The policy promised to keep the point until a date that has not come. */
    Locked,
    /** Data is being removed from the store. */
    Deleting,
    /** The objective is met. */
    ObjectiveMet,
    /** The objective is not met. */
    ObjectiveMissed,
    /** The other site holds the lease; this one stands by. */
    Standby,
    /** This site holds the lease. */
    Active,
    /** A failover run is going on. */
    FailingOver,
    /** The lease could not be renewed in time; the pods are gated. */
    LeaseLost,
    /** The other site's lease has not run out yet. */
    WaitingForLease,
    /** More data would be lost than maxDataLoss allows. */
    DataLossTooHigh,
    /** The plan names a site that neither operator calls its own, or itself twice. */
    UnknownSite,
    /** spec.activeSite disagrees with the lease; the lease wins. */
    Drifted,
    /** spec.activeSite agrees with the lease. */
    InSync,
    /** A run was undone before the point of no return. */
    RolledBack,
    /** An error that we did not foresee; the log has the details. */
    InternalError
}
