package io.breakwater.cleanup;

import io.breakwater.api.Api;
import io.breakwater.api.BackupLocation;
import io.breakwater.api.BackupLocationSpec.AccessMode;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Condition;
import io.breakwater.api.Reason;
import io.breakwater.catalog.PointKey;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.location.Stores;
import io.breakwater.location.keys.LocationDocument;
import io.breakwater.observe.Events;
import io.breakwater.observe.MeterName;
import io.breakwater.observe.Meters;
import io.breakwater.steps.Activities;
import io.breakwater.store.DeletedObjects;
import io.breakwater.store.DeletedObjects.Swept;
import io.breakwater.store.ObjectStore;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.javaoperatorsdk.operator.api.config.informer.Informer;
import io.javaoperatorsdk.operator.api.reconciler.Context;
import io.javaoperatorsdk.operator.api.reconciler.ControllerConfiguration;
import io.javaoperatorsdk.operator.api.reconciler.EventSourceContext;
import io.javaoperatorsdk.operator.api.reconciler.Reconciler;
import io.javaoperatorsdk.operator.api.reconciler.UpdateControl;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import io.javaoperatorsdk.operator.processing.event.source.EventSource;
import io.javaoperatorsdk.operator.processing.event.source.inbound.SimpleInboundEventSource;
import io.javaoperatorsdk.operator.processing.retry.GradualRetry;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** Frees in each location what this site deleted longer than the grace period ago, and takes deletions back on request. */
@ControllerConfiguration(name = "sweep", informer = @Informer(comparableResourceVersions = false))
@GradualRetry(maxAttempts = Integer.MAX_VALUE, initialInterval = 2000, intervalMultiplier = 1.5, maxInterval = 60_000)
class TombstoneReconciler implements Reconciler<BackupLocation> {
    private static final Duration UNTIL_READY = Duration.ofSeconds(10);

    /** How often to look for a request, which changes no generation and so wakes nobody. */
    private static final Duration LOOK = Duration.ofSeconds(10);

    private final KubernetesClient client;
    private final Stores stores;
    private final UndeletePoint undelete;
    private final BreakwaterConfig config;
    private final Meters meters;
    private final Events events;
    private final Clock clock;
    private final Activities activities = new Activities();
    private final Map<String, Instant> swept = new ConcurrentHashMap<>();
    private final Set<String> busy = ConcurrentHashMap.newKeySet();
    private final SimpleInboundEventSource<BackupLocation> wake = new SimpleInboundEventSource<>("sweep-wake");

    TombstoneReconciler(
            KubernetesClient client,
            Stores stores,
            UndeletePoint undelete,
            BreakwaterConfig config,
            Meters meters,
            Events events,
            Clock clock) {
        this.client = client;
        this.stores = stores;
        this.undelete = undelete;
        this.config = config;
        this.meters = meters;
        this.events = events;
        this.clock = clock;
    }

    @Override
    public List<EventSource<?, BackupLocation>> prepareEventSources(EventSourceContext<BackupLocation> context) {
        return List.of(wake);
    }

    @Override
    public UpdateControl<BackupLocation> reconcile(BackupLocation cached, Context<BackupLocation> context) {
        BackupLocation location = client.resource(cached).get();
        if (location == null
                || location.getMetadata().getDeletionTimestamp() != null
                || location.getSpec().accessMode == AccessMode.ReadOnly) {
            return UpdateControl.noUpdate();
        }
        if (location.getStatus() == null || !location.getStatus().holds(Condition.READY)) {
            return UpdateControl.<BackupLocation>noUpdate().rescheduleAfter(UNTIL_READY);
        }
        String id = location.getMetadata().getUid();
        if (!busy.contains(id) && asked(location).isEmpty() && !isDue(location)) {
            return UpdateControl.<BackupLocation>noUpdate().rescheduleAfter(LOOK);
        }
        busy.add(id);
        try {
            activities
                    .poll(id, () -> work(location), () -> wake.propagateEvent(ResourceID.fromResource(location)))
                    .ifPresent(result -> show(location, result));
        } catch (BreakwaterException e) {
            busy.remove(id);
            swept.remove(id);
            events.warning(location, e.reason(), "what was deleted is not freed yet: " + e.getMessage());
        }
        return UpdateControl.<BackupLocation>noUpdate().rescheduleAfter(LOOK);
    }

    private boolean isDue(BackupLocation location) {
        Instant last = swept.get(location.getMetadata().getUid());
        return last == null || !last.plus(config.sweep().interval()).isAfter(clock.instant());
    }

    private Swept work(BackupLocation location) {
        asked(location).ifPresent(what -> takeBack(location, what));
        ObjectStore store = stores.open(location);
        Instant now = LocationDocument.now(store, clock);
        boolean first = !swept.containsKey(location.getMetadata().getUid());
        return new DeletedObjects(store, config.site()).sweep(config.sweep().grace(), now, first);
    }

    private static Optional<String> asked(BackupLocation location) {
        return Optional.ofNullable(location.getMetadata().getAnnotations()).map(a -> a.get(Api.UNDELETE));
    }

    private void takeBack(BackupLocation location, String what) {
        try {
            String[] parts = what.split("/", -1);
            if (parts.length != 2) {
                throw BreakwaterException.permanent(
                        Reason.InvalidSpec,
                        "annotation " + Api.UNDELETE + ": '" + what + "' is not <namespace>/<restorepoint>");
            }
            undelete.undelete(location, new PointKey(config.site(), parts[0], parts[1]));
            events.normal(location, Reason.Completed, "took back the deletion of RestorePoint " + what);
        } catch (BreakwaterException e) {
            if (e.isRetryable()) {
                throw e;
            }
            events.warning(location, e.reason(), "could not take back a deletion: " + e.getMessage());
        }
        client.resource(location).edit(l -> {
            l.getMetadata().getAnnotations().remove(Api.UNDELETE, what);
            return l;
        });
    }

    private void show(BackupLocation location, Swept result) {
        busy.remove(location.getMetadata().getUid());
        swept.put(location.getMetadata().getUid(), clock.instant());
        String[] tags = {
            "namespace", location.getMetadata().getNamespace(),
            "location", location.getMetadata().getName()
        };
        meters.count(MeterName.SWEPT_OBJECTS, result.objects(), tags);
        meters.count(MeterName.SWEPT_BYTES, result.bytes(), tags);
        meters.set(MeterName.TOMBSTONES, result.waiting(), tags);
        if (result.forged() > 0) {
            meters.count(MeterName.FOREIGN_REMOVALS, result.forged(), tags);
            events.warning(
                    location,
                    Reason.Tampered,
                    "somebody who has the store's credentials put up " + result.forged()
                            + " tombstones, by which nothing was removed; change the credentials, and find out who had"
                            + " them");
        }
        if (result.objects() > 0) {
            events.normal(
                    location,
                    Reason.Deleting,
                    "freed " + result.bytes() + " bytes of " + result.objects() + " deleted objects");
        }
    }
}
