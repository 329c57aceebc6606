package io.breakwater.location;

import io.breakwater.api.BackupLocation;
import io.breakwater.api.BackupLocationStatus;
import io.breakwater.api.BackupLocationStatus.QuotaStatus;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Condition;
import io.breakwater.api.Reason;
import io.breakwater.location.Quotas.Usage;
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
import io.javaoperatorsdk.operator.processing.event.source.inbound.SimpleInboundEventSource;
import io.javaoperatorsdk.operator.processing.retry.GradualRetry;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;

/** Looks now and then how much lies in each location with a quota, and tells who has used it up. */
@ControllerConfiguration(name = "quota", informer = @Informer(comparableResourceVersions = false))
@GradualRetry(maxAttempts = Integer.MAX_VALUE, initialInterval = 2000, intervalMultiplier = 1.5, maxInterval = 60_000)
class QuotaReconciler implements Reconciler<BackupLocation> {
    private static final Duration LOOK = Duration.ofSeconds(30);
    private static final Duration EVERY = Duration.ofMinutes(10);

    /** A look at a large location takes long; it takes no more than a fiftieth of the time. */
    private static final int SHARE = 50;

    /** Repositories that a message names. */
    private static final int NAMED = 5;

    private record Found(List<Usage> usages, Duration took) {}

    private record Shown(String site, String namespace) {}

    private final KubernetesClient client;
    private final Quotas quotas;
    private final StatusWriter writer;
    private final Events events;
    private final Meters meters;
    private final Clock clock;
    private final Activities activities = new Activities();
    private final RoundSchedule turns;
    private final Map<String, Set<Shown>> shown = new ConcurrentHashMap<>();
    private final Map<String, Set<String>> told = new ConcurrentHashMap<>();
    private final SimpleInboundEventSource<BackupLocation> wake = new SimpleInboundEventSource<>("quota-wake");

    QuotaReconciler(
            KubernetesClient client, Quotas quotas, StatusWriter writer, Events events, Meters meters, Clock clock) {
        this.client = client;
        this.quotas = quotas;
        this.writer = writer;
        this.events = events;
        this.meters = meters;
        this.clock = clock;
        this.turns = new RoundSchedule(clock);
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
                || location.getSpec().quota == null) {
            turns.forget(cached);
            measure(cached, List.of());
            if (location != null && location.getStatus() != null && location.getStatus().quota != null) {
                write(location, null, List.of());
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
                            () -> look(location),
                            () -> wake.propagateEvent(ResourceID.fromResource(location)))
                    .ifPresent(found -> {
                        Duration pause = found.took().multipliedBy(SHARE);
                        turns.end(location, pause.compareTo(EVERY) > 0 ? pause : EVERY);
                        show(location, found.usages());
                    });
        } catch (BreakwaterException e) {
            turns.end(location, LOOK);
            events.warning(location, e.reason(), "how much namespaces hold is not known: " + e.getMessage());
        }
    }

    private Found look(BackupLocation location) {
        Instant began = clock.instant();
        List<Usage> usages = quotas.measure(location);
        return new Found(usages, Duration.between(began, clock.instant()));
    }

    private void show(BackupLocation location, List<Usage> usages) {
        measure(location, usages);
        QuotaStatus status = new QuotaStatus();
        status.repositories = usages.size();
        status.near = (int) usages.stream().filter(Usage::isNear).count();
        List<Usage> over = usages.stream()
                .filter(Usage::isOver)
                .sorted(Comparator.comparing(Usage::namespace).thenComparing(Usage::site))
                .toList();
        status.over = over.size();
        write(location, status, over);
        Set<String> names = over.stream().map(QuotaReconciler::name).collect(Collectors.toSet());
        Set<String> before = told.put(location.getMetadata().getUid(), names);
        over.stream()
                .filter(u -> before == null || !before.contains(name(u)))
                .forEach(u -> events.warning(
                        location,
                        Reason.QuotaExceeded,
                        Quotas.exceeded(location, u).getMessage()));
    }

    private void write(BackupLocation location, QuotaStatus status, List<Usage> over) {
        writer.update(location, BackupLocationStatus.class, s -> {
            s.quota = status;
            Conditions conditions = Conditions.of(s, location.getMetadata().getGeneration(), clock);
            if (status == null) {
                conditions.clear(Condition.WITHIN_QUOTA);
            } else if (over.isEmpty()) {
                conditions.set(
                        Condition.WITHIN_QUOTA,
                        true,
                        Reason.Ready,
                        status.near == 0
                                ? "no namespace has used its quota up"
                                : "no namespace has used its quota up; " + status.near + " will soon");
            } else {
                conditions.set(Condition.WITHIN_QUOTA, false, Reason.QuotaExceeded, message(over));
            }
        });
    }

    private static String message(List<Usage> over) {
        String names = over.stream()
                .limit(NAMED)
                .map(u -> name(u) + " (" + u.text() + ")")
                .collect(Collectors.joining(", "));
        String more = over.size() > NAMED ? " and " + (over.size() - NAMED) + " more" : "";
        return "used up by " + names + more
                + ": nothing is added there until points are removed, or spec.quota is raised";
    }

    private static String name(Usage usage) {
        return usage.site() + "/" + usage.namespace();
    }

    private void measure(BackupLocation location, List<Usage> usages) {
        Set<Shown> now = new HashSet<>();
        for (Usage u : usages) {
            String[] tags = tags(location, u.site(), u.namespace());
            meters.set(MeterName.QUOTA_USED, u.used(), tags);
            meters.set(MeterName.QUOTA, u.allowed(), tags);
            now.add(new Shown(u.site(), u.namespace()));
        }
        Set<Shown> before = shown.getOrDefault(location.getMetadata().getUid(), Set.of());
        before.stream().filter(s -> !now.contains(s)).forEach(s -> {
            meters.remove(MeterName.QUOTA_USED, tags(location, s.site(), s.namespace()));
            meters.remove(MeterName.QUOTA, tags(location, s.site(), s.namespace()));
        });
        shown.put(location.getMetadata().getUid(), now);
    }

    private static String[] tags(BackupLocation location, String site, String namespace) {
        return new String[] {
            "namespace",
            namespace,
            "site",
            site,
            "location",
            location.getMetadata().getName()
        };
    }
}
