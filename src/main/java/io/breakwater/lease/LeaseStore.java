package io.breakwater.lease;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.datatype.jsr310.JavaTimeModule;
import io.breakwater.api.Api;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.store.ObjectStore;
import io.breakwater.store.ObjectStore.ObjectInfo;
import io.breakwater.store.ObjectStore.Observed;
import io.breakwater.store.ObjectStore.Precondition;
import io.breakwater.store.SignedDocument;
import io.breakwater.store.SiteHeartbeat;
import io.breakwater.store.SiteSigner;
import io.breakwater.store.StoreLayout;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.Set;

/**
 * The objects of one plan in its rendezvous location: the lease, the journal, and the heartbeats of both sites. All of them are
 * signed with the master key of that location. An object without a valid signature is {@code Tampered}: it cannot be read, which
 * proves nothing, in particular not that it is absent. Every call blocks until the store has answered, and throws
 * {@link BreakwaterException} when it does not answer.
 */
public class LeaseStore {
    private static final ObjectMapper JSON = JsonMapper.builder()
            .addModule(new JavaTimeModule())
            .disable(SerializationFeature.WRITE_DATES_AS_TIMESTAMPS)
            .build();

    /** The largest document that is read. A lease with all its epochs is smaller than 10 KiB. */
    static final int LARGEST = 64 * 1024;

    private final ObjectStore store;
    private final StoreBulkhead bulkhead;
    private final String namespace;
    private final String plan;
    private final LeaseMemory memory;
    private final Set<String> sites;

    /**
     * @param bulkhead for the calls to the location of the store
     * @param memory of the lease of this plan, which all stores of the plan share
     */
    public LeaseStore(ObjectStore store, StoreBulkhead bulkhead, String namespace, String plan, LeaseMemory memory) {
        this(store, bulkhead, namespace, plan, memory, Set.of());
    }

    /** @param sites the sites of the plan, which alone may sign its lease; empty for any site */
    public LeaseStore(
            ObjectStore store,
            StoreBulkhead bulkhead,
            String namespace,
            String plan,
            LeaseMemory memory,
            Set<String> sites) {
        this.sites = sites;
        this.memory = memory;
        this.store = store;
        this.bulkhead = bulkhead;
        this.namespace = namespace;
        this.plan = plan;
    }

    /**
     * The lease as it is now; empty when the store has none.
     *
     * @throws BreakwaterException Tampered, when its signature is missing or wrong; WentBack, when a newer one was seen;
     *     SiteNameTaken, when another cluster holds it by the name of this site
     */
    public Optional<LeaseVersion> read() {
        LeaseCounter before = memory.newest();
        Optional<LeaseVersion> seen;
        try {
            seen = bulkhead.call(() -> store.readSigned(key(), LARGEST)).map(this::ofSites);
        } catch (BreakwaterException e) {
            return Optional.of(accepted(e));
        }
        seen.ifPresent(version -> {
            memory.check(
                    key(), LeaseCounter.of(version.lease()), version.lease().id(), before);
            requireOwnCluster(version.lease());
            memory.verified(version.lease());
        });
        return seen.map(this::observed);
    }

    /** A version that an administrator accepts although its site could not be verified. */
    private LeaseVersion accepted(BreakwaterException e) {
        if (e.reason() != Reason.Tampered) {
            throw e;
        }
        LeaseVersion stated = readStated(e).orElseThrow(() -> e);
        LeaseCounter counter = LeaseCounter.of(stated.lease());
        if (!memory.isAcceptable(counter)) {
            throw BreakwaterException.permanent(
                    Reason.Tampered,
                    e.getMessage() + "; or annotate the FailoverPlan with " + Api.ACCEPT_LEASE + "=" + counter
                            + " to accept this version",
                    e);
        }
        requireOwnCluster(stated.lease());
        memory.accepted(counter);
        memory.verified(stated.lease());
        return observed(stated);
    }

    private void requireOwnCluster(Lease lease) {
        signerOf(lease).ifPresent(site -> memory.requireCluster(key(), lease, site.cluster()));
    }

    /** This site, if it is the holder that the lease names; empty also in a process that does not sign for its site. */
    private Optional<SiteSigner> signerOf(Lease lease) {
        return store.documents().site().filter(site -> site.site().equals(lease.holder()));
    }

    private LeaseVersion observed(LeaseVersion version) {
        return version.after(memory.stoodStill(version.lease()));
    }

    private Optional<LeaseVersion> readStated(BreakwaterException e) {
        try {
            return readStated();
        } catch (BreakwaterException other) {
            throw e;
        }
    }

    /**
     * The lease that someone with the master key wrote, whatever site signed it. It proves nothing.
     *
     * @throws BreakwaterException Tampered, when the signature of the master key is missing or wrong
     */
    Optional<LeaseVersion> readStated() {
        return bulkhead.call(() -> store.readStated(key(), LARGEST)).map(this::version);
    }

    private LeaseVersion ofSites(SignedDocument document) {
        SignedDocument.SiteStamp stamp = document.stamp();
        if (stamp != null && !sites.isEmpty() && !sites.contains(stamp.site())) {
            throw BreakwaterException.permanent(
                    Reason.Tampered,
                    key() + " is not a valid lease: site " + stamp.site()
                            + " signed it, which is no site of the plan; find out who can write to the location");
        }
        return version(document);
    }

    /** Whether no site renews a lease, so that its age has no meaning. A lease that cannot be parsed is not at rest. */
    public static boolean isAtRest(SignedDocument document) {
        try {
            Lease.State state = JSON.readValue(document.payload(), Lease.class).state();
            return state == Lease.State.Offered || state == Lease.State.Retired || state == Lease.State.Vacated;
        } catch (IOException e) {
            return false;
        }
    }

    /** What is known about earlier versions of the lease. */
    public LeaseMemory memory() {
        return memory;
    }

    /**
     * Writes the lease if no other write has changed it. The version of a holder gets the uid of its cluster.
     *
     * @param change the lease to write
     * @param basis the version that the change was decided on; empty for the first lease
     * @return the new version, or empty when another write came first and nothing was written
     * @throws BreakwaterException when the write failed, or its result is unknown
     */
    public Optional<LeaseVersion> write(Lease change, Optional<LeaseVersion> basis) {
        Lease lease =
                signerOf(change).map(site -> change.ofCluster(site.cluster())).orElse(change);
        Precondition condition = basis.<Precondition>map(version -> new Precondition.Matches(version.etag()))
                .orElse(Precondition.ABSENT);
        try {
            byte[] signed = store.documents().signAsSite(key(), lease.writes(), bytes(lease));
            Optional<LeaseVersion> written = bulkhead.call(
                            () -> store.write(key(), signed, condition).map(this::dated))
                    .map(o -> new LeaseVersion(
                            lease, o.info().etag(), o.info().lastModified(), o.storeTime(), Duration.ZERO))
                    .map(this::observed);
            written.ifPresent(version -> {
                memory.wrote(LeaseCounter.of(lease));
                memory.verified(lease);
            });
            return written.isPresent() ? written : findWritten(lease);
        } catch (BreakwaterException e) {
            Optional<LeaseVersion> landed = findWritten(lease);
            if (landed.isPresent()) {
                return landed;
            }
            throw e;
        }
    }

    /** What was written, with its time by the clock of the store. Another write that follows at once has a time of its own. */
    private Observed dated(Observed written) {
        ObjectInfo info = written.info();
        if (info.lastModified() != null) {
            return written;
        }
        return store.head(key())
                .filter(now -> now.info().etag().equals(info.etag()))
                .orElseGet(() -> new Observed(
                        new ObjectInfo(info.key(), info.size(), info.etag(), written.storeTime()),
                        written.storeTime()));
    }

    /** Writes the heartbeat of this site. */
    public void heartbeat(String site) {
        bulkhead.call(() -> SiteHeartbeat.write(store, site, Instant.now()));
    }

    /**
     * Time since the last heartbeat of a site: the longer one of the age by the clock of the store, and of the time in which this
     * process has seen no change of it. So an old heartbeat that is written again is not a new one. Empty when there is none, or
     * none with a valid signature.
     */
    public Optional<Duration> timeSinceHeartbeat(String site) {
        return bulkhead.call(() -> SiteHeartbeat.read(store, site)).map(beat -> {
            Duration byStore = Duration.between(beat.modified(), beat.storeTime());
            Duration seen = memory.sinceHeartbeat(site, beat.counter());
            return byStore.compareTo(seen) > 0 ? byStore : seen;
        });
    }

    /** Writes one entry of the journal. */
    public void journal(long epoch, int number, String step, Object entry) {
        String key = StoreLayout.journal(namespace, plan, epoch, number, step);
        bulkhead.call(() -> store.writeSigned(key, epoch, bytes(entry), Precondition.NONE));
    }

    /** A write may have succeeded although its answer was lost: the store has the document then. */
    private Optional<LeaseVersion> findWritten(Lease lease) {
        return read().filter(version -> version.lease().equals(lease));
    }

    private LeaseVersion version(SignedDocument document) {
        try {
            Lease lease = JSON.readValue(document.payload(), Lease.class);
            if (lease.schemaVersion() != Lease.SCHEMA) {
                throw BreakwaterException.permanent(
                        Reason.InvalidSpec,
                        key() + " has schemaVersion " + lease.schemaVersion() + ", but this operator supports "
                                + Lease.SCHEMA + "; run the same version of Breakwater on both sites");
            }
            if (lease.writes() != document.counter()) {
                throw BreakwaterException.permanent(
                        Reason.Tampered,
                        key() + " is not a valid lease: it has write " + lease.writes() + " and counter "
                                + document.counter() + "; do not edit the object by hand");
            }
            Instant written = memory.firstWritten(LeaseCounter.of(lease), document.modified());
            return new LeaseVersion(lease, document.etag(), written, document.storeTime(), Duration.ZERO);
        } catch (IOException e) {
            throw BreakwaterException.permanent(
                    Reason.Tampered,
                    key() + " is not a valid lease: " + e.getMessage() + "; do not edit the object by hand",
                    e);
        }
    }

    private String key() {
        return StoreLayout.lease(namespace, plan);
    }

    private static byte[] bytes(Object value) {
        try {
            return JSON.writeValueAsBytes(value);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }
}
