package io.breakwater.failover;

/** The steps of a failover over both sites, in the order of their numbers in the store's journal. */
enum FailoverStep {
    /** The new site asks for the lease. */
    Request,
    /** The old site starts to hand over. */
    Honour,
    GatePods,
    FinalPoint,
    /** The old site gives the lease up. */
    Release,
    /** The new site takes the lease. */
    Acquire,
    AwaitPoint,
    Restore,
    /** The lease says that the new site is active. */
    Serve,
    Open,
    AwaitReady,
    /** The old site keeps what only it had. */
    Divergent;

    int number() {
        return ordinal() + 1;
    }
}
