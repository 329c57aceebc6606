package io.breakwater.gateway;

import io.breakwater.api.BackupLocation;
import io.breakwater.api.BackupLocationSpec.AccessMode;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.location.Stores;
import io.breakwater.location.keys.LocationKeys;
import io.breakwater.store.ReadLease;
import io.breakwater.store.StoreLayout;
import io.breakwater.tls.ServingCertificate;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/** The repositories behind the gateway, from the side of those who send movers to them. */
@ApplicationScoped
public class Repositories {
    /** How much longer than its Job a ticket lives: the Job's pod may wait for a node. */
    private static final Duration SLACK = Duration.ofHours(1);

    private final BreakwaterConfig config;
    private final Stores stores;
    private final LocationKeys keys;
    private final TicketSigner tickets;
    private final ServingCertificate certificate;
    private final Clock clock;

    Repositories(
            BreakwaterConfig config,
            Stores stores,
            LocationKeys keys,
            TicketSigner tickets,
            ServingCertificate certificate,
            Clock clock) {
        this.config = config;
        this.stores = stores;
        this.keys = keys;
        this.tickets = tickets;
        this.certificate = certificate;
        this.clock = clock;
    }

    /** What a mover may do. */
    public enum Mode {
        /** Read; locks may be written and removed. */
        READ,
        /** Read, and add what is not there yet; only locks may be removed. */
        APPEND,
        /** Also remove. */
        MAINTAIN
    }

    /**
     * One way of using one repository.
     *
     * @param location where it lies
     * @param site site that captured what is in it
     * @param namespace namespace that was captured
     * @param guard what writes must not be older than; empty without a plan
     * @param limited whether the location's quota holds for what is added
     */
    public record Access(
            BackupLocation location,
            String site,
            String namespace,
            Mode mode,
            Optional<EpochGuard.Guard> guard,
            boolean limited) {
        /** One for which the location's quota holds. */
        public Access(
                BackupLocation location, String site, String namespace, Mode mode, Optional<EpochGuard.Guard> guard) {
            this(location, site, namespace, mode, guard, true);
        }

        /** The same, for what must be kept whatever the quota says. */
        public Access unlimited() {
            return new Access(location, site, namespace, mode, guard, false);
        }
    }

    /**
     * A ticket for one ServiceAccount. Whoever may read is entered as a reader until the ticket runs out, so that nothing that
     * is deleted meanwhile goes before. In a location where nothing may be written the grace period alone protects readers.
     */
    public Ticket ticket(Access access, String holder) {
        Instant expires = clock.instant().plus(config.mover().deadline()).plus(SLACK);
        if (access.mode() == Mode.READ && access.location().getSpec().accessMode != AccessMode.ReadOnly) {
            ReadLease.acquire(stores.open(access.location()), access.site(), access.namespace(), expires);
        }
        ObjectMeta location = access.location().getMetadata();
        Ticket.Fence fence = access.guard()
                .map(g -> new Ticket.Fence(
                        g.rendezvous().getMetadata().getNamespace(),
                        g.rendezvous().getMetadata().getName(),
                        g.namespace(),
                        g.plan(),
                        g.epoch()))
                .orElse(null);
        return new Ticket(
                location.getNamespace(),
                location.getName(),
                access.site(),
                access.namespace(),
                access.mode(),
                holder,
                fence,
                expires.getEpochSecond(),
                access.limited() ? null : true);
    }

    /** A ticket as a mover presents it. */
    public String sign(Ticket ticket) {
        return tickets.sign(ticket);
    }

    /** Passwords that may open the repository, that of the given master key first. */
    public List<String> passwords(Access access, String keyId) {
        return keys.ring(access.location()).repositoryPasswords(keyId, access.site(), access.namespace());
    }

    /** Id of the master key that new repositories in the location get their password from. */
    public String writingKey(Access access) {
        return keys.writing(access.location(), keys.ring(access.location()));
    }

    /** URL of the repository at the gateway, without credentials. */
    public String url(Access access) {
        ObjectMeta location = access.location().getMetadata();
        return "%s/%s/%s/%s/%s/"
                .formatted(
                        config.gateway().url(),
                        location.getNamespace(),
                        location.getName(),
                        access.site(),
                        access.namespace());
    }

    /** The authority that the gateway's certificate is from. */
    public String caPem() {
        return certificate.caPem();
    }

    /** Whether the repository was made already. */
    public boolean initialised(Access access) {
        return stores.open(access.location())
                .head(StoreLayout.repository(access.site(), access.namespace()) + "config")
                .isPresent();
    }
}
