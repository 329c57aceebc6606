package io.breakwater.location;

import io.breakwater.api.BackupLocation;
import io.breakwater.api.BackupLocationStatus;
import io.breakwater.api.BackupLocationStatus.QuotaStatus;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Condition;
import io.breakwater.api.Reason;
import io.breakwater.api.Texts;
import io.breakwater.location.Quotas.Usage;
import io.breakwater.observe.Conditions;
import io.breakwater.observe.Events;
import io.breakwater.observe.MeterName;
import io.breakwater.observe.Meters;
import io.breakwater.observe.StatusWriter;
import io.breakwater.watch.ObjectCache;
import io.javaoperatorsdk.operator.api.config.informer.Informer;
import io.javaoperatorsdk.operator.api.reconciler.ControllerConfiguration;
import io.javaoperatorsdk.operator.processing.retry.GradualRetry;
import jakarta.inject.Singleton;
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

/** Measures how many bytes each namespace uses in locations with a quota, and reports the namespaces above it. */
@Singleton
@ControllerConfiguration(name = "quota", informer = @Informer(comparableResourceVersions = false))
@GradualRetry(maxAttempts = Integer.MAX_VALUE, initialInterval = 2000, intervalMultiplier = 1.5, maxInterval = 60_000)
class QuotaReconciler extends LocationController<QuotaReconciler.Measured> {
    private static final Duration RETRY = Duration.ofSeconds(30);
    private static final Duration EVERY = Duration.ofMinutes(10);

    /** Measuring a large location takes long; it may take at most a fiftieth of the time. */
    private static final int SHARE = 50;

    /** Number of repositories that a message names. */
    private static final int NAMED = 5;

    record Measured(List<Usage> usages, Duration took) {}

    private record Repository(String site, String namespace) {}

    private final Quotas quotas;
    private final StatusWriter writer;
    private final Events events;
    private final Meters meters;
    private final Clock clock;
    private final Map<String, Set<Repository>> gauged = new ConcurrentHashMap<>();
    private final Map<String, Set<String>> reported = new ConcurrentHashMap<>();

    QuotaReconciler(
            ObjectCache objects, Quotas quotas, StatusWriter writer, Events events, Meters meters, Clock clock) {
        super(objects, LocationWork.QUOTA, clock);
        this.quotas = quotas;
        this.writer = writer;
        this.events = events;
        this.meters = meters;
        this.clock = clock;
    }

    @Override
    protected boolean applies(BackupLocation location) {
        return super.applies(location) && location.getSpec().quota != null;
    }

    @Override
    protected Measured work(BackupLocation location) {
        Instant start = clock.instant();
        List<Usage> usages = quotas.measure(location);
        return new Measured(usages, Duration.between(start, clock.instant()));
    }

    @Override
    protected Duration done(BackupLocation location, Measured measured) {
        report(location, measured.usages());
        Duration pause = measured.took().multipliedBy(SHARE);
        return pause.compareTo(EVERY) > 0 ? pause : EVERY;
    }

    @Override
    protected Duration failed(BackupLocation location, BreakwaterException e) {
        events.warning(location, e.reason(), "could not measure quota usage, will retry: " + e.getMessage());
        return RETRY;
    }

    @Override
    protected void released(BackupLocation location) {
        if (location.getStatus() != null && location.getStatus().quota != null) {
            write(location, null, List.of());
        }
    }

    @Override
    protected void forget(BackupLocation location) {
        measure(location, List.of());
        gauged.remove(location.getMetadata().getUid());
        reported.remove(location.getMetadata().getUid());
    }

    private void report(BackupLocation location, List<Usage> usages) {
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
        Set<String> before = reported.put(location.getMetadata().getUid(), names);
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
                        "all namespaces are within quota"
                                + (status.near == 0 ? "" : "; " + status.near + " above 90 % of theirs"));
            } else {
                conditions.set(Condition.WITHIN_QUOTA, false, Reason.QuotaExceeded, message(over));
            }
        });
    }

    private static String message(List<Usage> over) {
        List<String> names =
                over.stream().map(u -> name(u) + " (" + u.text() + ")").toList();
        return "quota exceeded by " + Texts.first(names, NAMED)
                + ": no data is added there; delete RestorePoints, or raise spec.quota";
    }

    private static String name(Usage usage) {
        return usage.site() + "/" + usage.namespace();
    }

    private void measure(BackupLocation location, List<Usage> usages) {
        Set<Repository> now = new HashSet<>();
        for (Usage u : usages) {
            String[] tags = tags(location, u.site(), u.namespace());
            meters.set(MeterName.QUOTA_USED, u.used(), tags);
            meters.set(MeterName.QUOTA, u.allowed(), tags);
            now.add(new Repository(u.site(), u.namespace()));
        }
        Set<Repository> before = gauged.getOrDefault(location.getMetadata().getUid(), Set.of());
        before.stream().filter(s -> !now.contains(s)).forEach(s -> {
            meters.remove(MeterName.QUOTA_USED, tags(location, s.site(), s.namespace()));
            meters.remove(MeterName.QUOTA, tags(location, s.site(), s.namespace()));
        });
        gauged.put(location.getMetadata().getUid(), now);
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
