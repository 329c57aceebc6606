package io.breakwater.location;

import io.breakwater.api.Api;
import io.breakwater.api.BackupLocation;
import io.breakwater.api.BackupLocationStatus;
import io.breakwater.api.BackupLocationStatus.SitePin;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Condition;
import io.breakwater.api.ObjectNames;
import io.breakwater.api.Reason;
import io.breakwater.api.ServerMessage;
import io.breakwater.location.keys.KeyEscrow;
import io.breakwater.observe.AuditAction;
import io.breakwater.observe.AuditEntry;
import io.breakwater.observe.AuditResult;
import io.breakwater.observe.Conditions;
import io.breakwater.observe.Events;
import io.breakwater.observe.MeterName;
import io.breakwater.observe.Meters;
import io.breakwater.observe.StatusWriter;
import io.breakwater.trust.AuthorReport;
import io.breakwater.trust.NamespaceIdentities;
import io.breakwater.watch.ObjectCache;
import io.javaoperatorsdk.operator.api.config.informer.Informer;
import io.javaoperatorsdk.operator.api.reconciler.ControllerConfiguration;
import io.javaoperatorsdk.operator.processing.retry.GradualRetry;
import jakarta.inject.Singleton;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.jboss.logging.Logger;

/** Probes each location once a minute, and reports whether it is ready and what its store supports. */
@Singleton
@ControllerConfiguration(name = "backuplocation", informer = @Informer(comparableResourceVersions = false))
@GradualRetry(maxAttempts = Integer.MAX_VALUE, initialInterval = 2000, intervalMultiplier = 1.5, maxInterval = 60_000)
class BackupLocationReconciler extends LocationController<LocationProbe.Findings> {
    private static final Logger LOG = Logger.getLogger(BackupLocationReconciler.class);
    private static final Duration EVERY = Duration.ofMinutes(1);
    private static final Duration SOON = Duration.ofSeconds(5);
    private static final int SHOWN = 5;

    private final LocationProbe probe;
    private final Stores stores;
    private final StatusWriter writer;
    private final Events events;
    private final Meters meters;
    private final AuthorReport authors;
    private final NamespaceIdentities identities;
    private final Clock clock;

    BackupLocationReconciler(
            ObjectCache objects,
            LocationProbe probe,
            Stores stores,
            StatusWriter writer,
            Events events,
            Meters meters,
            AuthorReport authors,
            NamespaceIdentities identities,
            Clock clock) {
        super(objects, LocationWork.PROBE, clock);
        this.probe = probe;
        this.stores = stores;
        this.writer = writer;
        this.events = events;
        this.meters = meters;
        this.authors = authors;
        this.identities = identities;
        this.clock = clock;
    }

    /** The probe makes a location ready. */
    @Override
    protected boolean needsReady() {
        return false;
    }

    /** A location that is being deleted is probed until it is gone. */
    @Override
    protected boolean applies(BackupLocation location) {
        return true;
    }

    @Override
    protected LocationProbe.Findings work(BackupLocation location) {
        try {
            return probe.run(location);
        } catch (BreakwaterException e) {
            throw e;
        } catch (RuntimeException | Error e) {
            LOG.errorf(e, "probe of %s failed", ObjectNames.of(location));
            throw BreakwaterException.retryable(
                    Reason.InternalError, "probe failed, will retry: " + ServerMessage.of(e), e);
        }
    }

    @Override
    protected Duration done(BackupLocation location, LocationProbe.Findings found) {
        boolean first = found.sites() != null && !LocationProbe.isRecorded(location);
        ready(location, found);
        return found.turning() || first ? SOON : EVERY;
    }

    @Override
    protected Duration failed(BackupLocation location, BreakwaterException e) {
        notReady(location, e);
        return SOON;
    }

    @Override
    protected void forget(BackupLocation location) {
        stores.remove(location);
        meters.remove(MeterName.LOCATION_READY, tags(location));
        meters.remove(MeterName.LOCATION_ESCROWED, tags(location));
        meters.remove(MeterName.LOCATION_RESPONSIVE, tags(location));
        meters.removeCounters(tags(location));
        StoreCallMeters.remove(meters, location);
        authors.forget(location);
    }

    private void ready(BackupLocation location, LocationProbe.Findings found) {
        boolean before = holds(location);
        Optional<Condition> escrowed =
                Optional.ofNullable(location.getStatus()).flatMap(s -> s.condition(Condition.ESCROWED));
        String message = found.conditionalWrites()
                ? "the location can be used"
                : "the location can be used, but not as rendezvous: the store does not honour conditional writes";
        OptionalLong document = LocationCounter.accepted(location, found.counter());
        Optional<String> key = SitePins.newlyAccepted(location, found.sites());
        AuthorReport.Answer author = authors.ask(location);
        authors.publish(location, location.getStatus(), author);
        CallFinding calls = reportCalls(location);
        writer.update(location, BackupLocationStatus.class, s -> {
            document.ifPresent(counter -> s.acceptedDocument = counter);
            key.ifPresent(accepted -> s.acceptedSite = accepted);
            describe(location, s);
            s.cluster = identities.cluster();
            s.keyId = found.keyId();
            s.documentCounter = found.keyId() == null ? null : found.counter();
            s.sites = found.sites();
            s.lastProbeTime = Conditions.timestamp(clock.instant());
            s.clockSkew = found.clockSkew().toSeconds() + "s";
            s.capabilities = new BackupLocationStatus.Capabilities();
            s.capabilities.conditionalWrites = found.conditionalWrites();
            s.capabilities.objectLock = found.locking().objectLock();
            s.capabilities.versioning = found.locking().versioning();
            Conditions conditions = Conditions.of(s, location.getMetadata().getGeneration(), clock)
                    .ready(Reason.Ready, message);
            author.set(conditions);
            escrow(conditions, found.escrow());
            calls.set(conditions);
            SuccessionFinding.set(conditions, found.succession());
        });
        escrow(location, escrowed, found.escrow());
        if (!before) {
            events.normal(location, Reason.Ready, message);
        }
        document.ifPresent(counter -> accepted(
                location, Reason.WentBack, "accepted the older document " + counter, AuditAction.AcceptDocument));
        key.ifPresent(named ->
                accepted(location, Reason.SiteKeyChanged, "accepted the key " + named, AuditAction.AcceptSite));
        reportRefused(location, found);
        reportDocuments(location, found.reports());
        found.succession().filter(f -> f.changes(location)).ifPresent(f -> report(location, f));
        meters.set(MeterName.LOCATION_READY, 1, tags(location));
    }

    private CallFinding reportCalls(BackupLocation location) {
        CallFinding calls = CallFinding.of(stores.limit(location).state());
        if (calls.changes(location) && !calls.holds()) {
            events.warning(location, calls.reason(), calls.message());
        }
        meters.set(MeterName.LOCATION_RESPONSIVE, calls.holds() ? 1 : 0, tags(location));
        return calls;
    }

    private void reportRefused(BackupLocation location, LocationProbe.Findings found) {
        for (SitePin pin : found.sites() == null ? List.<SitePin>of() : found.sites()) {
            if (pin.refused != null) {
                events.warning(
                        location,
                        Reason.SiteKeyChanged,
                        "site " + pin.name + " signs with key " + pin.refused
                                + ", but this cluster knows another key of"
                                + " cluster " + pin.cluster + ", so it refuses what the site signs; if the change is"
                                + " intended, annotate the BackupLocation with " + Api.ACCEPT_SITE + "=" + pin.name
                                + "."
                                + pin.refused);
            }
        }
    }

    /** Documents of leases are reported by their plans, too. A user who writes many documents causes few events. */
    private void reportDocuments(BackupLocation location, List<String> reports) {
        reports.stream().limit(SHOWN).forEach(message -> events.warning(location, Reason.Tampered, message));
        if (reports.size() > SHOWN) {
            events.warning(
                    location,
                    Reason.Tampered,
                    (reports.size() - SHOWN) + " more documents of the location have no valid signature, or went back;"
                            + " the log names them");
            reports.forEach(message -> LOG.warnf("%s: %s", ObjectNames.of(location), message));
        }
    }

    private void accepted(BackupLocation location, Reason reason, String what, AuditAction action) {
        events.audited(location, reason, what + " by annotation", AuditEntry.of(action, AuditResult.Finished));
    }

    private void report(BackupLocation location, SuccessionFinding found) {
        if (found.holds()) {
            events.normal(location, found.reason(), found.message());
        } else {
            events.warning(location, found.reason(), found.message());
        }
    }

    private static void escrow(Conditions conditions, KeyEscrow.State state) {
        if (state == null) {
            conditions.clear(Condition.ESCROWED);
        } else {
            conditions.set(Condition.ESCROWED, state.holds(), state.reason(), state.message());
        }
    }

    private void escrow(BackupLocation location, Optional<Condition> before, KeyEscrow.State state) {
        String[] tags = tags(location);
        if (state == null) {
            meters.remove(MeterName.LOCATION_ESCROWED, tags);
            return;
        }
        meters.set(MeterName.LOCATION_ESCROWED, state.holds() ? 1 : 0, tags);
        if (before.filter(c -> state.message().equals(c.message)).isEmpty()) {
            AuditResult result = state.holds() ? AuditResult.Finished : AuditResult.Failed;
            events.audited(
                    location, state.reason(), state.message(), AuditEntry.of(AuditAction.EscrowMasterKey, result));
        }
    }

    private void notReady(BackupLocation location, BreakwaterException e) {
        stores.forget(location);
        boolean reported = location.getStatus() != null
                && location.getStatus()
                        .condition(Condition.READY)
                        .map(c -> e.getMessage().equals(c.message))
                        .orElse(false);
        AuthorReport.Answer author = authors.ask(location);
        authors.publish(location, location.getStatus(), author);
        CallFinding calls = reportCalls(location);
        writer.update(location, BackupLocationStatus.class, s -> {
            describe(location, s);
            Conditions conditions = Conditions.of(s, location.getMetadata().getGeneration(), clock)
                    .notReady(e);
            calls.set(conditions);
            author.set(conditions);
        });
        if (!reported) {
            events.warning(location, e.reason(), e.getMessage());
        }
        meters.set(MeterName.LOCATION_READY, 0, tags(location));
    }

    private void describe(BackupLocation location, BackupLocationStatus status) {
        status.store = location.getSpec().describeStore();
        status.site = identities.site();
    }

    private static boolean holds(BackupLocation location) {
        return location.getStatus() != null && location.getStatus().holds(Condition.READY);
    }
}
