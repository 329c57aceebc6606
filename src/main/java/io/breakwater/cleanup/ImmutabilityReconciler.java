package io.breakwater.cleanup;

import io.breakwater.api.BackupLocation;
import io.breakwater.api.BackupLocationSpec.AccessMode;
import io.breakwater.api.BackupLocationStatus;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Condition;
import io.breakwater.api.Durations;
import io.breakwater.api.Reason;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.location.RoundSchedule;
import io.breakwater.location.Stores;
import io.breakwater.location.keys.LocationDocument;
import io.breakwater.observe.Conditions;
import io.breakwater.observe.Events;
import io.breakwater.observe.MeterName;
import io.breakwater.observe.Meters;
import io.breakwater.observe.StatusWriter;
import io.breakwater.steps.Activities;
import io.breakwater.store.ObjectStore;
import io.breakwater.store.OldVersions;
import io.breakwater.store.StoreLayout;
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
import java.util.concurrent.ConcurrentHashMap;

/** Extends the locks in each location that has them, and frees what is out of sight and not locked any more. */
@ControllerConfiguration(name = "immutability", informer = @Informer(comparableResourceVersions = false))
@GradualRetry(maxAttempts = Integer.MAX_VALUE, initialInterval = 2000, intervalMultiplier = 1.5, maxInterval = 60_000)
class ImmutabilityReconciler implements Reconciler<BackupLocation> {
    private static final Duration LOOK = Duration.ofSeconds(30);

    /** How often it is asked whether a round is due, and how often versions are listed. */
    private static final Duration EVERY = Duration.ofHours(1);

    private static final Duration RETRY = Duration.ofMinutes(5);

    /** For how long a removal by somebody else is told of. */
    private static final Duration ALARM = Duration.ofDays(1);

    private static final MeterName[] GAUGES = {
        MeterName.IMMUTABILITY_AGE, MeterName.IMMUTABILITY_PERIOD, MeterName.LOCKED_VERSIONS, MeterName.LOCKED_BYTES
    };

    private final KubernetesClient client;
    private final Stores stores;
    private final BreakwaterConfig config;
    private final StatusWriter writer;
    private final Meters meters;
    private final Events events;
    private final Clock clock;
    private final Activities activities = new Activities();
    private final RoundSchedule turns;
    private final Map<String, Instant> alarms = new ConcurrentHashMap<>();
    private final SimpleInboundEventSource<BackupLocation> wake = new SimpleInboundEventSource<>("immutability-wake");

    ImmutabilityReconciler(
            KubernetesClient client,
            Stores stores,
            BreakwaterConfig config,
            StatusWriter writer,
            Meters meters,
            Events events,
            Clock clock) {
        this.client = client;
        this.stores = stores;
        this.config = config;
        this.writer = writer;
        this.meters = meters;
        this.events = events;
        this.clock = clock;
        this.turns = new RoundSchedule(clock);
    }

    private record Done(LockExtension.Result rounds, OldVersions.Swept versions) {}

    @Override
    public List<EventSource<?, BackupLocation>> prepareEventSources(EventSourceContext<BackupLocation> context) {
        return List.of(wake);
    }

    @Override
    public UpdateControl<BackupLocation> reconcile(BackupLocation cached, Context<BackupLocation> context) {
        BackupLocation location = client.resource(cached).get();
        if (location == null
                || location.getMetadata().getDeletionTimestamp() != null
                || location.getSpec().accessMode == AccessMode.ReadOnly
                || location.getSpec().immutability == null) {
            turns.forget(cached);
            for (MeterName gauge : GAUGES) {
                meters.remove(gauge, tags(cached));
            }
            alarms.remove(cached.getMetadata().getUid());
            if (location != null
                    && location.getStatus() != null
                    && location.getStatus().condition(Condition.INTACT).isPresent()) {
                writer.update(
                        location,
                        BackupLocationStatus.class,
                        s -> Conditions.of(s, location.getMetadata().getGeneration(), clock)
                                .clear(Condition.INTACT));
            }
            return UpdateControl.noUpdate();
        }
        if (location.getStatus() != null && location.getStatus().holds(Condition.READY)) {
            advance(location);
        }
        return UpdateControl.<BackupLocation>noUpdate().rescheduleAfter(LOOK);
    }

    private void advance(BackupLocation location) {
        if (!turns.begin(location)) {
            return;
        }
        try {
            activities
                    .poll(
                            location.getMetadata().getUid(),
                            () -> work(location),
                            () -> wake.propagateEvent(ResourceID.fromResource(location)))
                    .ifPresent(done -> {
                        turns.end(location, EVERY);
                        show(location, done);
                    });
        } catch (BreakwaterException e) {
            turns.end(location, RETRY);
            events.warning(
                    location, e.reason(), "locks are not extended, or what they held is not freed: " + e.getMessage());
        }
    }

    private Done work(BackupLocation location) {
        ObjectStore store = stores.open(location);
        Instant now = LocationDocument.now(store, clock);
        // First of all what somebody removed comes back, so that its locks are extended with the others.
        OldVersions.Swept versions = OldVersions.sweep(
                store,
                StoreLayout.prefixesFor(config.site()),
                config.sweep().grace(),
                LockExtension.least(period(location)),
                now);
        return new Done(new LockExtension(store, config.site(), period(location), now).run(), versions);
    }

    private void show(BackupLocation location, Done done) {
        String[] tags = tags(location);
        done.rounds().oldest().ifPresent(at -> meters.age(MeterName.IMMUTABILITY_AGE, at, tags));
        meters.set(MeterName.IMMUTABILITY_PERIOD, period(location).toSeconds(), tags);
        meters.count(MeterName.IMMUTABILITY_EXTENDED, done.rounds().extended(), tags);
        meters.set(MeterName.LOCKED_VERSIONS, done.versions().waiting(), tags);
        meters.set(MeterName.LOCKED_BYTES, done.versions().waitingBytes(), tags);
        intact(location, done.versions().restored());
        if (done.rounds().extended() > 0) {
            events.normal(
                    location,
                    Reason.Locked,
                    "extended the locks of " + done.rounds().extended() + " objects of "
                            + done.rounds().objects());
        }
        if (done.versions().bytes() > 0) {
            events.normal(
                    location,
                    Reason.Deleting,
                    "freed " + done.versions().bytes() + " bytes of "
                            + done.versions().removed()
                            + " versions whose locks are over; "
                            + done.versions().waitingBytes()
                            + " bytes wait for theirs");
        }
    }

    /** Tells what somebody else removed; for a day, since it is over at once. */
    private void intact(BackupLocation location, List<String> broughtBack) {
        Instant now = clock.instant();
        meters.count(MeterName.FOREIGN_REMOVALS, broughtBack.size(), tags(location));
        if (!broughtBack.isEmpty()) {
            String message = "somebody who has the store's credentials removed " + broughtBack.size()
                    + " objects, which were brought back; one is " + broughtBack.getFirst()
                    + "; change the credentials, and find out who had them";
            alarms.put(location.getMetadata().getUid(), now);
            tell(location, false, Reason.Tampered, message);
            events.warning(location, Reason.Tampered, message);
            return;
        }
        Optional<Condition> told =
                Optional.ofNullable(location.getStatus()).flatMap(s -> s.condition(Condition.INTACT));
        Instant last = alarms.computeIfAbsent(
                location.getMetadata().getUid(),
                id -> told.filter(c -> !c.holds())
                        .map(c -> Instant.parse(c.lastTransitionTime))
                        .orElse(Instant.EPOCH));
        if (!last.plus(ALARM).isAfter(now)) {
            tell(location, true, Reason.Ready, "nobody but us removed what points need");
        }
    }

    private void tell(BackupLocation location, boolean intact, Reason reason, String message) {
        writer.update(
                location,
                BackupLocationStatus.class,
                s -> Conditions.of(s, location.getMetadata().getGeneration(), clock)
                        .set(Condition.INTACT, intact, reason, message));
    }

    private static Duration period(BackupLocation location) {
        return Durations.parse(location.getSpec().immutability.period);
    }

    private static String[] tags(BackupLocation location) {
        return new String[] {
            "namespace", location.getMetadata().getNamespace(),
            "location", location.getMetadata().getName()
        };
    }
}
