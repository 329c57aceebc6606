package io.breakwater.failover;

import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * What one site knows when it decides.
 *
 * @param site this site
 * @param timing the lease arithmetic of this site's plan
 * @param seen the lease as just read; empty when there is none in the store
 * @param knownEpoch the epoch that this cluster remembers (0: it was about to create the first lease); empty for a plan
 *     that is new here
 * @param named whether spec.activeSite names this site
 * @param wanted whether a user has changed spec.activeSite to this site, and that was not dealt with yet
 * @param run identity of the run that would serve the wish
 * @param maxDataLoss what an unplanned failover may lose
 * @param peerSilent whether the other site's operator has not been seen for longer than a lease
 * @param handover how far this site is with handing over
 * @param newest the newest point that an unplanned failover could start from
 */
record SiteFacts(
        String site,
        LeaseTiming timing,
        Optional<LeaseVersion> seen,
        OptionalLong knownEpoch,
        boolean named,
        boolean wanted,
        String run,
        Duration maxDataLoss,
        boolean peerSilent,
        Handover handover,
        Optional<PointRef> newest) {

    /** How far handing over is, as the cluster shows it. */
    sealed interface Handover {
        /** Pods may run, or the final point is not complete at the other site. */
        record Pending() implements Handover {}

        /** Nothing runs, and the final point is complete at the other site. */
        record Complete(PointRef last) implements Handover {}

        /** It cannot be completed. */
        record Failed(String message) implements Handover {}

        Handover PENDING = new Pending();
    }
}
