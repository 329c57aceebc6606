package io.breakwater.lease;

import io.breakwater.api.Api;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Durations;
import io.breakwater.api.Reason;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongSupplier;

/**
 * The newest version of one lease that this process or its predecessors have seen. A lease that is older, because someone wrote
 * an earlier version of the object, is refused, until an administrator accepts its counter.
 */
public final class LeaseMemory {
    /** The last change of a site's heartbeat, by the monotonic clock of this process. */
    private record SeenHeartbeat(long counter, long nanos) {}

    /** The last renewal that this process saw, and when it saw it first. */
    private record SeenRenewal(long epoch, long renewals, long nanos) {}

    /** A renewal by another cluster that an administrator accepted as one of this cluster. */
    private record AdoptedRenewal(String cluster, long epoch, long renewals) {
        static AdoptedRenewal of(Lease lease) {
            return new AdoptedRenewal(lease.cluster(), lease.epoch(), lease.renewals());
        }
    }

    /** A version of the lease, and when it was written for the first time. */
    private record WrittenLease(LeaseCounter counter, Instant modified) {}

    private final LongSupplier nanos;
    private final Map<String, SeenHeartbeat> heartbeats = new HashMap<>();
    private LeaseCounter newest;
    private String id;
    private String acceptable;
    private LeaseCounter accepted;
    private WrittenLease written;
    private SeenRenewal renewal;
    private AdoptedRenewal adopted;
    private Lease verified;
    private String restored;

    /** @param newest the newest version that an earlier process recorded; {@link LeaseCounter#NONE} without a record */
    public LeaseMemory(LeaseCounter newest) {
        this(newest, System::nanoTime);
    }

    /** @param nanos a monotonic clock */
    public LeaseMemory(LeaseCounter newest, LongSupplier nanos) {
        this(newest, null, nanos);
    }

    /**
     * @param id identity of the lease that an earlier process recorded; null without a record
     * @param nanos a monotonic clock
     */
    public LeaseMemory(LeaseCounter newest, String id, LongSupplier nanos) {
        this.newest = newest;
        this.id = id;
        this.nanos = nanos;
    }

    /** The newest version that was seen. */
    public synchronized LeaseCounter newest() {
        return newest;
    }

    /** Accepts the lease with this counter, or a later one of its epoch, once, although a newer one was seen; null accepts none. */
    public synchronized void accept(String counter) {
        acceptable = counter;
    }

    /** The older version that was accepted since the last call. */
    public synchronized Optional<LeaseCounter> takeAccepted() {
        Optional<LeaseCounter> taken = Optional.ofNullable(accepted);
        accepted = null;
        return taken;
    }

    /**
     * Checks a version that was read.
     *
     * @param before the newest version when the read began; another thread may have written since then
     * @throws BreakwaterException WentBack, when it is older
     */
    synchronized void check(String key, LeaseCounter read, LeaseCounter before) {
        check(key, read, id, before);
    }

    /**
     * Checks a version that was read, with the identity of its lease. A lease of another identity is refused like an older one:
     * its epochs prove nothing about this one.
     *
     * @param other identity of the lease that was read
     * @throws BreakwaterException WentBack, when it is older or another lease
     */
    synchronized void check(String key, LeaseCounter read, String other, LeaseCounter before) {
        boolean same = id == null || id.equals(other);
        if (same && !read.isBefore(before)) {
            newest = newest.max(read);
            return;
        }
        if (!isAcceptable(read)) {
            String cause = same
                    ? " went back: it has counter " + read + ", but this site has seen " + before
                    : " went back: it is another lease, with id " + other + " and counter " + read
                            + ", but this site has seen the lease with id " + id;
            throw BreakwaterException.permanent(
                    Reason.WentBack,
                    key + cause
                            + "; restore the newest version of the object, or annotate the FailoverPlan with "
                            + Api.ACCEPT_LEASE + "=" + read + " to accept this one");
        }
        accepted(read);
    }

    /**
     * Checks that this cluster wrote a lease whose holder has the name of this site. Two clusters may have one name by mistake, and
     * then only one of them holds the lease. An administrator can accept the lease of a cluster that this one replaces. That has an
     * effect once this process has seen no renewal for so long that the pods of the other cluster must have ended.
     *
     * @param lease as the store returned it just now
     * @param own uid of this cluster
     * @throws BreakwaterException SiteNameTaken, when another cluster wrote it
     */
    synchronized void requireCluster(String key, Lease lease, String own) {
        Duration still = stoodStill(lease);
        AdoptedRenewal other = AdoptedRenewal.of(lease);
        if (lease.cluster() == null || lease.cluster().equals(own) || other.equals(adopted)) {
            return;
        }
        LeaseCounter counter = LeaseCounter.of(lease);
        boolean named = isAcceptable(counter);
        Duration left = lease.isHeld()
                ? LeaseTiming.of(lease.duration()).takeableAfter().minus(still)
                : Duration.ZERO;
        if (named && !left.isPositive()) {
            adopted = other;
            accepted(counter);
            return;
        }
        String way = named
                ? "; this cluster replaces the other one when that has not renewed the lease for "
                        + Durations.format(left.plusSeconds(1)) + " more, will retry"
                : "; if both exist, give one of them another site name; if this cluster replaces the other one, fail"
                        + " over to the other site, or annotate the FailoverPlan with " + Api.ACCEPT_LEASE + "="
                        + counter;
        throw BreakwaterException.permanent(
                Reason.SiteNameTaken,
                key + " belongs to another cluster with site name " + lease.holder() + ": it has UID " + lease.cluster()
                        + ", but this cluster has UID " + own + way);
    }

    /** Whether an administrator accepts a version: its counter, or a later one of the same epoch, since a holder renews it. */
    synchronized boolean isAcceptable(LeaseCounter read) {
        return LeaseCounter.parse(acceptable)
                .filter(named -> named.epoch() == read.epoch() && named.writes() <= read.writes())
                .isPresent();
    }

    /** Notes that the annotation was used. */
    synchronized void accepted(LeaseCounter read) {
        newest = read;
        acceptable = null;
        accepted = read;
    }

    /**
     * The time at which a version was written first. Someone who writes the same version again does not renew the lease.
     *
     * @param modified of the object that was read
     */
    synchronized Instant firstWritten(LeaseCounter version, Instant modified) {
        if (written == null || !written.counter().equals(version) || modified.isBefore(written.modified())) {
            written = new WrittenLease(version, modified);
        }
        return written.modified();
    }

    /**
     * The time for which this process has seen no other renewal, by its monotonic clock. It counts from the answer that showed the
     * renewal first, which is later than the start of the renewal. So a process that has just started has seen nothing, and no
     * clock of the store or of another site matters.
     *
     * @param lease as the store returned it just now
     */
    synchronized Duration stoodStill(Lease lease) {
        long now = nanos.getAsLong();
        boolean same = renewal != null && renewal.epoch() == lease.epoch() && renewal.renewals() == lease.renewals();
        if (!same) {
            renewal = new SeenRenewal(lease.epoch(), lease.renewals(), now);
        }
        return Duration.ofNanos(now - renewal.nanos());
    }

    /** Notes a version with valid signatures. */
    synchronized void verified(Lease lease) {
        id = lease.id();
        verified = lease;
    }

    /** The last version with valid signatures that this process read or wrote. */
    synchronized Optional<Lease> verified() {
        return Optional.ofNullable(verified);
    }

    /** Notes that the holder replaced a version whose site could not be verified. */
    synchronized void restored(String cause) {
        restored = cause;
    }

    /** Why a version was replaced since the last call. */
    public synchronized Optional<String> takeRestored() {
        Optional<String> taken = Optional.ofNullable(restored);
        restored = null;
        return taken;
    }

    /** Notes a version that this process wrote. */
    synchronized void wrote(LeaseCounter counter) {
        newest = newest.max(counter);
    }

    /** The time since this process saw the heartbeat of a site change. Zero for one that it sees for the first time. */
    synchronized Duration sinceHeartbeat(String site, long counter) {
        long now = nanos.getAsLong();
        SeenHeartbeat seen = heartbeats.get(site);
        if (seen == null || counter > seen.counter()) {
            seen = new SeenHeartbeat(counter, now);
            heartbeats.put(site, seen);
        }
        return Duration.ofNanos(now - seen.nanos());
    }
}
