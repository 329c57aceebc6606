package io.breakwater.observe;

/** The acts that the audit log records. {@code docs/reference/logs.md} documents the names, so they do not change. */
public enum AuditAction {
    /** A Restore, also a dry run; the source is its point or policy, the target its namespace. */
    Restore,
    /** A Verification, which restores a point into a sandbox or reads all of its data. */
    Verify,
    /** The deletion of a RestorePoint, with or without its data. */
    DeletePoint,
    /** The deletion of a BackupPolicy that a template manages. */
    DeletePolicy,
    /** The change of {@code spec.hold} of a RestorePoint from true to false. */
    ReleaseHold,
    /** The undeletion of a point in its grace period. */
    Undelete,
    /** A change of {@code spec.activeSite}, {@code spec.maxDataLoss} or annotation {@code in-place} of a FailoverPlan. */
    FailOver,
    /** The takeover of the lease by this site, from the request to the other site until the application runs here. */
    TakeOver,
    /** The handover of the lease by this site, on request of the other site. */
    HandOver,
    /** The decision to discard data that exists only on this site. */
    DiscardDivergent,
    /** The decision to accept a lease that is older than one that was seen. */
    AcceptLease,
    /** The decision to accept a document of a location that is older than one that was seen. */
    AcceptDocument,
    /** The decision to accept another key of a site. */
    AcceptSite,
    /** A change of label or annotations that hold the pods of a namespace, by a user. */
    ChangeGate,
    /** A user makes a namespace adopt the points of other namespaces. */
    AdoptHistory,
    /** A change of {@code spec.encryption} of a BackupLocation. */
    ChangeEncryption,
    /** A location is written with another master key from now on. */
    SwitchMasterKey,
    /** All data of a location is readable with the master key that the location is written with. */
    RotateMasterKey,
    /** The master keys of a location are stored in it, wrapped with the public key of the escrow. */
    EscrowMasterKey
}
