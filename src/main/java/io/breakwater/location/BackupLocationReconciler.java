package io.breakwater.location;

import io.breakwater.api.BackupLocation;
import io.breakwater.api.BackupLocationStatus;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Condition;
import io.breakwater.api.Reason;
import io.breakwater.location.keys.KeyEscrow;
import io.breakwater.observe.Conditions;
import io.breakwater.observe.Events;
import io.breakwater.observe.MeterName;
import io.breakwater.observe.Meters;
import io.breakwater.observe.StatusWriter;
import io.breakwater.steps.Activities;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.javaoperatorsdk.operator.api.config.informer.Informer;
import io.javaoperatorsdk.operator.api.reconciler.Context;
import io.javaoperatorsdk.operator.api.reconciler.ControllerConfiguration;
import io.javaoperatorsdk.operator.api.reconciler.EventSourceContext;
import io.javaoperatorsdk.operator.api.reconciler.Reconciler;
import io.javaoperatorsdk.operator.api.reconciler.UpdateControl;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import io.javaoperatorsdk.operator.processing.event.source.EventSource;
import io.javaoperatorsdk.operator.processing.event.source.IndexerResourceCache;
import io.javaoperatorsdk.operator.processing.event.source.inbound.SimpleInboundEventSource;
import io.javaoperatorsdk.operator.processing.retry.GradualRetry;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jboss.logging.Logger;

/** Probes each location again and again, and tells what it is good for. */
@ControllerConfiguration(name = "backuplocation", informer = @Informer(comparableResourceVersions = false))
@GradualRetry(maxAttempts = Integer.MAX_VALUE, initialInterval = 2000, intervalMultiplier = 1.5, maxInterval = 60_000)
class BackupLocationReconciler implements Reconciler<BackupLocation> {
    private static final Logger LOG = Logger.getLogger(BackupLocationReconciler.class);
    private static final Duration EVERY = Duration.ofMinutes(1);
    private static final Duration SOON = Duration.ofSeconds(5);

    private final KubernetesClient client;
    private final LocationProbe probe;
    private final Stores stores;
    private final StatusWriter writer;
    private final Events events;
    private final Meters meters;
    private final Clock clock;
    private final Activities activities = new Activities();
    private final SimpleInboundEventSource<BackupLocation> wake = new SimpleInboundEventSource<>("wake");
    private final Set<ResourceID> measured = ConcurrentHashMap.newKeySet();
    private IndexerResourceCache<BackupLocation> present;

    BackupLocationReconciler(
            KubernetesClient client,
            LocationProbe probe,
            Stores stores,
            StatusWriter writer,
            Events events,
            Meters meters,
            Clock clock) {
        this.client = client;
        this.probe = probe;
        this.stores = stores;
        this.writer = writer;
        this.events = events;
        this.meters = meters;
        this.clock = clock;
    }

    @Override
    public List<EventSource<?, BackupLocation>> prepareEventSources(EventSourceContext<BackupLocation> context) {
        present = context.getPrimaryCache();
        return List.of(wake);
    }

    @Override
    public UpdateControl<BackupLocation> reconcile(BackupLocation cached, Context<BackupLocation> context) {
        BackupLocation location = client.resource(cached).get();
        forgetGone();
        if (location == null) {
            stores.forget(cached);
            return UpdateControl.noUpdate();
        }
        ResourceID id = ResourceID.fromResource(location);
        try {
            Optional<LocationProbe.Findings> found = activities.poll(
                    location.getMetadata().getUid() + "/probe",
                    () -> probe.run(location),
                    () -> wake.propagateEvent(id));
            if (found.isEmpty()) {
                return UpdateControl.<BackupLocation>noUpdate().rescheduleAfter(SOON);
            }
            ready(location, found.get());
            return UpdateControl.<BackupLocation>noUpdate()
                    .rescheduleAfter(found.get().turning() ? SOON : EVERY);
        } catch (BreakwaterException e) {
            notReady(location, e);
        } catch (RuntimeException e) {
            LOG.errorf(e, "probing BackupLocation %s", id);
            notReady(
                    location,
                    BreakwaterException.retryable(Reason.InternalError, "probing failed: " + e.getMessage(), e));
        }
        return UpdateControl.<BackupLocation>noUpdate().rescheduleAfter(SOON);
    }

    private void ready(BackupLocation location, LocationProbe.Findings found) {
        boolean before = holds(location);
        Optional<Condition> escrowed =
                Optional.ofNullable(location.getStatus()).flatMap(s -> s.condition(Condition.ESCROWED));
        String message = found.conditionalWrites()
                ? "the location can be used"
                : "the location can be used, but not as rendezvous: it does not honour conditional writes";
        writer.update(location, BackupLocationStatus.class, s -> {
            s.keyId = found.keyId();
            s.lastProbeTime = Conditions.timestamp(clock.instant());
            s.clockSkew = found.clockSkew().toSeconds() + "s";
            s.capabilities = new BackupLocationStatus.Capabilities();
            s.capabilities.conditionalWrites = found.conditionalWrites();
            s.capabilities.objectLock = found.locking().objectLock();
            s.capabilities.versioning = found.locking().versioning();
            escrow(
                    Conditions.of(s, location.getMetadata().getGeneration(), clock)
                            .ready(Reason.Ready, message),
                    found.escrow());
        });
        escrow(location, escrowed, found.escrow());
        if (!before) {
            events.normal(location, Reason.Ready, message);
        }
        measure(location, 1);
    }

    private static void escrow(Conditions conditions, KeyEscrow.State state) {
        if (state == null) {
            conditions.clear(Condition.ESCROWED);
        } else {
            conditions.set(Condition.ESCROWED, state.holds(), state.reason(), state.message());
        }
    }

    private void escrow(BackupLocation location, Optional<Condition> before, KeyEscrow.State state) {
        String[] tags = tags(ResourceID.fromResource(location));
        if (state == null) {
            meters.remove(MeterName.LOCATION_ESCROWED, tags);
            return;
        }
        meters.set(MeterName.LOCATION_ESCROWED, state.holds() ? 1 : 0, tags);
        if (before.filter(c -> state.message().equals(c.message)).isEmpty()) {
            if (state.holds()) {
                events.normal(location, state.reason(), state.message());
            } else {
                events.warning(location, state.reason(), state.message());
            }
        }
    }

    private void notReady(BackupLocation location, BreakwaterException e) {
        stores.forget(location);
        boolean told = location.getStatus() != null
                && location.getStatus()
                        .condition(Condition.READY)
                        .map(c -> e.getMessage().equals(c.message))
                        .orElse(false);
        writer.update(
                location,
                BackupLocationStatus.class,
                s -> Conditions.of(s, location.getMetadata().getGeneration(), clock)
                        .notReady(e));
        if (!told) {
            events.warning(location, e.reason(), e.getMessage());
        }
        measure(location, 0);
    }

    private static boolean holds(BackupLocation location) {
        return location.getStatus() != null && location.getStatus().holds(Condition.READY);
    }

    private void measure(BackupLocation location, double value) {
        ResourceID id = ResourceID.fromResource(location);
        measured.add(id);
        meters.set(MeterName.LOCATION_READY, value, tags(id));
    }

    private void forgetGone() {
        measured.removeIf(id -> {
            boolean gone = present.get(id).isEmpty();
            if (gone) {
                meters.remove(MeterName.LOCATION_READY, tags(id));
                meters.remove(MeterName.LOCATION_ESCROWED, tags(id));
            }
            return gone;
        });
    }

    private static String[] tags(ResourceID id) {
        return new String[] {"namespace", id.getNamespace().orElse(""), "location", id.getName()};
    }
}
