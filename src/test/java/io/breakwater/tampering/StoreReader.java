package io.breakwater.tampering;

/** The parts of the product that read objects of a location and act on them. */
enum StoreReader {
    /** A Restore: point, archive, and the snapshots of its volumes. */
    RESTORE,
    /** A Verification: all objects that a seal names. */
    VERIFY,
    /** A copy to another location. */
    COPY,
    /** The deletion of a RestorePoint, and its undeletion. */
    DELETION,
    /** The sweep of deleted objects. */
    TOMBSTONES,
    /** The sweep of unfinished points and unreferenced snapshots. */
    UNSEALED,
    /** The prunes of repositories. */
    PRUNES,
    /** The register of repositories. */
    REGISTER,
    /** The extension of object locks. */
    LOCKS,
    /** The probe of the location: its key, the keys of the sites, escrow. */
    PROBE,
    /** The reports of the sites about their keys, and their heartbeats. */
    SITES,
    /** The leases of FailoverPlans. */
    LEASE
}
