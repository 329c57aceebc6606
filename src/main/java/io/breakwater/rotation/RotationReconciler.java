package io.breakwater.rotation;

import io.breakwater.api.BackupLocation;
import io.breakwater.api.BackupLocationStatus;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Condition;
import io.breakwater.api.Reason;
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
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** Looks after the master keys of each location that is ready, again and again, and tells how they stand. */
@ControllerConfiguration(name = "rotation", informer = @Informer(comparableResourceVersions = false))
@GradualRetry(maxAttempts = Integer.MAX_VALUE, initialInterval = 2000, intervalMultiplier = 1.5, maxInterval = 60_000)
class RotationReconciler implements Reconciler<BackupLocation> {
    private static final Duration UNTIL_READY = Duration.ofSeconds(5);
    private static final Duration SOON = Duration.ofSeconds(5);
    private static final Duration WAITING = Duration.ofSeconds(15);
    private static final Duration EVERY = Duration.ofMinutes(1);

    private final KubernetesClient client;
    private final Rotation rotation;
    private final StatusWriter writer;
    private final Events events;
    private final Meters meters;
    private final Clock clock;
    private final Activities activities = new Activities();
    private final SimpleInboundEventSource<BackupLocation> wake = new SimpleInboundEventSource<>("rotation-wake");
    private final Set<ResourceID> measured = ConcurrentHashMap.newKeySet();
    private IndexerResourceCache<BackupLocation> present;

    RotationReconciler(
            KubernetesClient client,
            Rotation rotation,
            StatusWriter writer,
            Events events,
            Meters meters,
            Clock clock) {
        this.client = client;
        this.rotation = rotation;
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
        forgetGone();
        BackupLocation location = client.resource(cached).get();
        if (location == null
                || location.getMetadata().getDeletionTimestamp() != null
                || location.getSpec().hasVeleroLayout()) {
            return UpdateControl.noUpdate();
        }
        if (location.getStatus() == null || !location.getStatus().holds(Condition.READY)) {
            return UpdateControl.<BackupLocation>noUpdate().rescheduleAfter(UNTIL_READY);
        }
        return UpdateControl.<BackupLocation>noUpdate().rescheduleAfter(advance(location));
    }

    private Duration advance(BackupLocation location) {
        try {
            Optional<RotationResult> outcome = activities.poll(
                    location.getMetadata().getUid(),
                    () -> rotation.advance(location),
                    () -> wake.propagateEvent(ResourceID.fromResource(location)));
            if (outcome.isEmpty()) {
                return EVERY;
            }
            show(location, outcome.get());
            boolean waits =
                    outcome.get().rotated() != null && !outcome.get().rotated().holds();
            return outcome.get().busy() ? SOON : waits ? WAITING : EVERY;
        } catch (BreakwaterException e) {
            events.warning(location, e.reason(), "the master keys could not be looked after: " + e.getMessage());
            return EVERY;
        }
    }

    private void show(BackupLocation location, RotationResult outcome) {
        Optional<Condition> readable = condition(location, Condition.READABLE);
        Optional<Condition> rotated = condition(location, Condition.ROTATED);
        writer.update(location, BackupLocationStatus.class, s -> {
            s.keyId = outcome.writing();
            s.keys = outcome.keys();
            Conditions conditions = Conditions.of(s, s.observedGeneration(), clock);
            set(conditions, Condition.READABLE, outcome.readable());
            if (outcome.rotated() == null) {
                conditions.clear(Condition.ROTATED);
            } else {
                set(conditions, Condition.ROTATED, outcome.rotated());
            }
        });
        if (outcome.turned()) {
            events.normal(
                    location,
                    Reason.Ready,
                    "the location is written with master key " + outcome.writing() + " from now on");
        }
        tell(location, readable, outcome.readable());
        tell(location, rotated, outcome.rotated());
        measure(location, outcome);
    }

    private void measure(BackupLocation location, RotationResult outcome) {
        ResourceID id = ResourceID.fromResource(location);
        measured.add(id);
        meters.set(MeterName.LOCATION_UNREADABLE, outcome.unread(), tags(id));
        Optional<Condition> pending = condition(location, Condition.ROTATED).filter(c -> !c.holds());
        if (pending.isPresent()) {
            meters.age(MeterName.LOCATION_ROTATION_AGE, Instant.parse(pending.get().lastTransitionTime), tags(id));
        } else {
            meters.remove(MeterName.LOCATION_ROTATION_AGE, tags(id));
        }
    }

    /** What a user has to do something about is an event too, once. */
    private void tell(BackupLocation location, Optional<Condition> before, RotationResult.Told now) {
        boolean news = now != null
                && now.reason() != Reason.InProgress
                && before.map(c -> !c.message.equals(now.message())).orElse(!now.holds());
        if (news && now.holds()) {
            events.normal(location, now.reason(), now.message());
        } else if (news) {
            events.warning(location, now.reason(), now.message());
        }
    }

    private static void set(Conditions conditions, String type, RotationResult.Told told) {
        conditions.set(type, told.holds(), told.reason(), told.message());
    }

    private static Optional<Condition> condition(BackupLocation location, String type) {
        return Optional.ofNullable(location.getStatus()).flatMap(s -> s.condition(type));
    }

    private void forgetGone() {
        measured.removeIf(id -> {
            boolean gone = present.get(id).isEmpty();
            if (gone) {
                meters.remove(MeterName.LOCATION_UNREADABLE, tags(id));
                meters.remove(MeterName.LOCATION_ROTATION_AGE, tags(id));
            }
            return gone;
        });
    }

    private static String[] tags(ResourceID id) {
        return new String[] {"namespace", id.getNamespace().orElse(""), "location", id.getName()};
    }
}
