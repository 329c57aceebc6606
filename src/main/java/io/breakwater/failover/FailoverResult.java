package io.breakwater.failover;

/** How a failover, or a backup of divergent data, ended on this site; a label of the metric of failovers. */
enum FailoverResult {
    Completed,
    /** This site is active, but the workloads were not ready in time. */
    NotReady,
    /** The site that was active stays active. */
    RolledBack,
    Failed
}
