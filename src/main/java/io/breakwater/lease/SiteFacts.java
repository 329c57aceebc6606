package io.breakwater.lease;

import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * The facts that one site decides from.
 *
 * @param site this site
 * @param timing the lease arithmetic of this site's plan
 * @param seen the lease as just read; empty when the store has none
 * @param knownEpoch the epoch that this cluster remembers (0: it was about to create the first lease); empty for a plan
 *     that is new here
 * @param named whether spec.activeSite names this site
 * @param wanted whether a user has changed spec.activeSite to this site, and no run has answered that yet
 * @param run identity of the run that would answer this edit
 * @param maxDataLoss data loss that an unplanned failover may cause
 * @param peerSilent whether the last heartbeat of the other site's operator is older than a lease
 * @param handover progress of the hand-over by this site
 * @param newest the newest point that an unplanned failover could start from
 * @param inPlace whether a user lets this site serve what these volumes have
 * @param hasVolumes whether this site vacated the lease, and its namespace has volumes again whose data no user has discarded
 * @param attestation the valid attestation of a user that the site of the holder is off
 */
public record SiteFacts(
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
        Optional<PointRef> newest,
        boolean inPlace,
        boolean hasVolumes,
        Optional<Attestation> attestation) {

    public SiteFacts {
        Objects.requireNonNull(site, "site");
        Objects.requireNonNull(timing, "timing");
        Objects.requireNonNull(seen, "seen");
        Objects.requireNonNull(knownEpoch, "knownEpoch");
        Objects.requireNonNull(run, "run");
        Objects.requireNonNull(maxDataLoss, "maxDataLoss");
        Objects.requireNonNull(handover, "handover");
        Objects.requireNonNull(newest, "newest");
        Objects.requireNonNull(attestation, "attestation");
    }

    /** Progress of a hand-over, as the cluster shows it: on the new site, of the preparation of the offered point. */
    public sealed interface Handover {
        /** Pods may run, or the final point is not complete in the location of the other site. */
        record Pending() implements Handover {}

        /** No pod runs. The final point is complete in the location of the other site, or that site has restored it. */
        record Complete(PointRef last) implements Handover {}

        /** The hand-over cannot be completed. */
        record Failed(String message) implements Handover {}

        Handover PENDING = new Pending();
    }

    /** Collects the facts by their names. Facts without a default must be set. */
    public static final class Draft {
        private String site;
        private LeaseTiming timing;
        private Optional<LeaseVersion> seen;
        private OptionalLong knownEpoch;
        private boolean named;
        private boolean wanted;
        private String run;
        private Duration maxDataLoss;
        private boolean peerSilent;
        private Handover handover = Handover.PENDING;
        private Optional<PointRef> newest = Optional.empty();
        private boolean inPlace;
        private boolean hasVolumes;
        private Optional<Attestation> attestation = Optional.empty();

        public Draft site(String value) {
            site = value;
            return this;
        }

        public Draft timing(LeaseTiming value) {
            timing = value;
            return this;
        }

        public Draft seen(Optional<LeaseVersion> value) {
            seen = value;
            return this;
        }

        public Draft knownEpoch(OptionalLong value) {
            knownEpoch = value;
            return this;
        }

        public Draft named(boolean value) {
            named = value;
            return this;
        }

        public Draft wanted(boolean value) {
            wanted = value;
            return this;
        }

        public Draft run(String value) {
            run = value;
            return this;
        }

        public Draft maxDataLoss(Duration value) {
            maxDataLoss = value;
            return this;
        }

        public Draft peerSilent(boolean value) {
            peerSilent = value;
            return this;
        }

        public Draft handover(Handover value) {
            handover = value;
            return this;
        }

        public Draft newest(Optional<PointRef> value) {
            newest = value;
            return this;
        }

        public Draft inPlace(boolean value) {
            inPlace = value;
            return this;
        }

        public Draft hasVolumes(boolean value) {
            hasVolumes = value;
            return this;
        }

        public Draft attestation(Optional<Attestation> value) {
            attestation = value;
            return this;
        }

        public SiteFacts build() {
            return new SiteFacts(
                    site,
                    timing,
                    seen,
                    knownEpoch,
                    named,
                    wanted,
                    run,
                    maxDataLoss,
                    peerSilent,
                    handover,
                    newest,
                    inPlace,
                    hasVolumes,
                    attestation);
        }
    }
}
