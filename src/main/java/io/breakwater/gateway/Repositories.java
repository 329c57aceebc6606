package io.breakwater.gateway;

import io.breakwater.api.BackupLocation;
import io.breakwater.api.BackupLocationSpec.AccessMode;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.location.Stores;
import io.breakwater.location.keys.LocationKeys;
import io.breakwater.store.OwnedRepository;
import io.breakwater.store.ReadLease;
import io.breakwater.tls.ServingCertificate;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/** The repositories behind the gateway, for the code that starts movers. */
@ApplicationScoped
public class Repositories {
    /** Validity of a ticket beyond the deadline of its Job, since the pod of the Job may wait for a node. */
    private static final Duration SLACK = Duration.ofHours(1);

    private final BreakwaterConfig config;
    private final Stores stores;
    private final LocationKeys keys;
    private final TicketSigner tickets;
    private final ServingCertificate certificate;

    Repositories(
            BreakwaterConfig config,
            Stores stores,
            LocationKeys keys,
            TicketSigner tickets,
            ServingCertificate certificate) {
        this.config = config;
        this.stores = stores;
        this.keys = keys;
        this.tickets = tickets;
        this.certificate = certificate;
    }

    /** The kind of access of a mover. */
    public enum Mode {
        /** Read objects. */
        READ,
        /** Read and add objects; delete only locks. */
        APPEND,
        /** Read, add and delete objects. */
        MAINTAIN
    }

    /**
     * One kind of access to one repository.
     *
     * @param location location of the repository
     * @param repository null for a task that reads no repository
     * @param guard epoch that writes must belong to; empty without a plan
     * @param limited whether the quota of the location applies to added data
     */
    public record Access(
            BackupLocation location,
            OwnedRepository repository,
            Mode mode,
            Optional<EpochGuard.Guard> guard,
            boolean limited) {
        /** Access to which the quota of the location applies. */
        public Access(
                BackupLocation location, OwnedRepository repository, Mode mode, Optional<EpochGuard.Guard> guard) {
            this(location, repository, mode, guard, true);
        }

        /** The same access, without the quota. */
        public Access unlimited() {
            return new Access(location, repository, mode, guard, false);
        }
    }

    /** The longest validity of a ticket and of a read lease. */
    public static Duration longest(BreakwaterConfig config) {
        return config.mover().deadline().plus(SLACK);
    }

    /**
     * A ticket for one ServiceAccount, in pods of one owner. A ticket for reading also creates a read lease until the ticket
     * expires. Data that is deleted in the meantime then stays at least that long. In a read-only location, only the grace period
     * protects readers.
     *
     * @param since when the owner was created: a later ticket for the same owner expires at the same time
     */
    public Ticket ticket(Access access, String holder, Ticket.Owner owner, Instant since) {
        Instant expires = since.plus(longest(config));
        if (access.mode() == Mode.READ && access.location().getSpec().accessMode != AccessMode.ReadOnly) {
            ReadLease.acquire(
                    stores.open(access.location()), access.repository().id(), expires);
        }
        ObjectMeta location = access.location().getMetadata();
        Ticket.Fence fence = access.guard()
                .map(guard -> new Ticket.Fence(
                        guard.rendezvous().getMetadata().getNamespace(),
                        guard.rendezvous().getMetadata().getName(),
                        guard.namespace(),
                        guard.plan(),
                        guard.epoch()))
                .orElse(null);
        return new Ticket.Draft()
                .location(location.getNamespace(), location.getName())
                .repository(access.repository())
                .mode(access.mode())
                .holder(holder)
                .owner(owner)
                .fence(fence)
                .expires(expires)
                .unlimited(!access.limited())
                .build();
    }

    /** A ticket in the form that a mover presents. */
    public String sign(Ticket ticket) {
        return tickets.sign(ticket);
    }

    /** Passwords that may open the repository; the one of the given master key is first. None without a repository. */
    public List<String> passwords(Access access, String keyId) {
        return access.repository() == null
                ? List.of()
                : keys.ring(access.location())
                        .repositoryPasswords(keyId, access.repository().id());
    }

    /** Id of the master key that the passwords of new repositories in the location derive from. */
    public String writingKey(Access access) {
        return keys.writing(access.location(), keys.ring(access.location()));
    }

    /** URL of the repository at the gateway, without credentials. */
    public String url(Access access) {
        ObjectMeta location = access.location().getMetadata();
        return "%s/%s/%s/%s/"
                .formatted(
                        config.gateway().url(),
                        location.getNamespace(),
                        location.getName(),
                        access.repository().id());
    }

    /** The authority that issued the certificate of the gateway. */
    public String caPem() {
        return certificate.caPem();
    }

    /** Whether the repository exists. */
    public boolean initialised(Access access) {
        return stores.open(access.location())
                .head(access.repository().prefix() + "config")
                .isPresent();
    }
}
