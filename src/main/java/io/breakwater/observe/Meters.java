package io.breakwater.observe;

import io.breakwater.config.BreakwaterConfig;
import io.breakwater.observe.MeterName.Kind;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BiPredicate;
import java.util.function.DoubleSupplier;
import java.util.stream.Collectors;

/**
 * The only writer of metrics. Each is registered with the unit and the description of its {@link MeterName}, and takes labels
 * as name, value, name, value; some labels have {@linkplain LabelValues fixed values}. A gauge exists only while it has a value: a lag before the first copy is absent, not 0. A counter
 * whose labels are known before its first event is registered with 0, so that Prometheus sees the first increase. The series of
 * a deleted object are removed, counters and timers too.
 *
 * <p>Without series of policies, the gauges that name a policy do not exist, and counters and timers are sums: their labels
 * {@code namespace} and {@code policy} are empty.
 */
@ApplicationScoped
public class Meters {
    private record Id(MeterName name, Tags tags) {}

    /** A gauge and the source of its value; held here, because the registry refers to sources weakly. */
    private static final class Cell {
        volatile DoubleSupplier value;
        Gauge gauge;
    }

    private final MeterRegistry registry;
    private final Clock clock;
    private final boolean perPolicy;
    private final Map<Id, Cell> gauges = new ConcurrentHashMap<>();
    private final Map<Id, Meter> sums = new ConcurrentHashMap<>();

    @Inject
    public Meters(MeterRegistry registry, Clock clock, BreakwaterConfig config) {
        this(registry, clock, config.metrics().policies());
    }

    /** Metrics with series of policies. */
    public Meters(MeterRegistry registry, Clock clock) {
        this(registry, clock, true);
    }

    private Meters(MeterRegistry registry, Clock clock, boolean perPolicy) {
        this.registry = registry;
        this.clock = clock;
        this.perPolicy = perPolicy;
    }

    /** Sets a gauge. */
    public void set(MeterName name, double value, String... tags) {
        gauge(name, () -> value, tags);
    }

    /** Sets a gauge to the seconds since an instant, computed at each scrape. */
    public void age(MeterName name, Instant since, String... tags) {
        gauge(name, () -> Duration.between(since, clock.instant()).toMillis() / 1000.0, tags);
    }

    /** Removes a gauge. */
    public void remove(MeterName name, String... tags) {
        Cell cell = gauges.remove(new Id(name, checked(name, Kind.GAUGE, tags)));
        if (cell != null) {
            registry.remove(cell.gauge);
        }
    }

    /** Removes all series whose labels contain the given ones: for deleted objects. */
    public void removeAll(String... tags) {
        List<Tag> wanted = Tags.of(tags).stream().toList();
        removeIf((name, labels) -> labels.stream().toList().containsAll(wanted));
    }

    /** Removes the series of some metrics whose labels contain the given ones. */
    public void removeAll(Set<MeterName> names, String... tags) {
        List<Tag> wanted = Tags.of(tags).stream().toList();
        removeIf((name, labels) ->
                names.contains(name) && labels.stream().toList().containsAll(wanted));
    }

    /** Removes the counters that have exactly these labels: for a deleted object whose gauges several controllers set. */
    public void removeCounters(String... tags) {
        Tags wanted = Tags.of(tags);
        removeIf((name, labels) -> name.kind() == Kind.COUNTER && labels.equals(wanted));
    }

    /** Removes the series of some metrics that have exactly these labels. */
    public void removeAllOf(Set<MeterName> names, String... tags) {
        Tags wanted = Tags.of(tags);
        removeIf((name, labels) -> names.contains(name) && labels.equals(wanted));
    }

    /** Removes all series that a condition on the metric and the labels selects. */
    public void removeIf(BiPredicate<MeterName, Tags> condition) {
        gauges.forEach((id, cell) -> {
            if (condition.test(id.name, id.tags) && gauges.remove(id, cell)) {
                registry.remove(cell.gauge);
            }
        });
        sums.forEach((id, meter) -> {
            if (condition.test(id.name, id.tags) && sums.remove(id, meter)) {
                registry.remove(meter);
            }
        });
    }

    /** Registers a counter with 0, unless it exists. */
    public void start(MeterName name, String... tags) {
        count(name, 0, tags);
    }

    /** Adds one to a counter. */
    public void count(MeterName name, String... tags) {
        count(name, 1, tags);
    }

    /** Adds to a counter. */
    public void count(MeterName name, double amount, String... tags) {
        Id id = new Id(name, summed(name, checked(name, Kind.COUNTER, tags)));
        Meter counter = sums.computeIfAbsent(
                id,
                key -> Counter.builder(name.registered())
                        .description(name.description())
                        .baseUnit(name.unit())
                        .tags(key.tags)
                        .register(registry));
        ((Counter) counter).increment(amount);
    }

    /** Records a duration. */
    public void time(MeterName name, Duration took, String... tags) {
        Kind kind = name.kind() == Kind.HISTOGRAM ? Kind.HISTOGRAM : Kind.TIMER;
        Id id = new Id(name, summed(name, checked(name, kind, tags)));
        Meter timer = sums.computeIfAbsent(
                id,
                key -> Timer.builder(name.registered())
                        .description(name.description())
                        .tags(key.tags)
                        .serviceLevelObjectives(DurationBuckets.of(name))
                        .register(registry));
        ((Timer) timer).record(took);
    }

    /** Sets a gauge whose value is computed at each scrape. */
    public void gauge(MeterName name, DoubleSupplier value, String... tags) {
        Id id = new Id(name, checked(name, Kind.GAUGE, tags));
        if (!perPolicy && name.isPerPolicy()) {
            return;
        }
        gauges.compute(id, (key, cell) -> {
            Cell c = cell == null ? new Cell() : cell;
            c.value = value;
            if (c.gauge == null) {
                c.gauge = Gauge.builder(name.registered(), c, x -> x.value.getAsDouble())
                        .description(name.description())
                        .baseUnit(name.unit())
                        .tags(key.tags)
                        .register(registry);
            }
            return c;
        });
    }

    /** The labels of a counter or timer: those of the sum over all policies, if policies have no series. */
    private Tags summed(MeterName name, Tags tags) {
        return perPolicy || !name.isPerPolicy() ? tags : tags.and("namespace", "", "policy", "");
    }

    /** The labels, which must be exactly those of the metric: Prometheus refuses a metric with changing labels. */
    private static Tags checked(MeterName name, Kind kind, String... tags) {
        Tags given = Tags.of(tags);
        var keys = given.stream().map(Tag::getKey).collect(Collectors.toSet());
        if (name.kind() != kind || keys.size() != name.labels().size() || !keys.containsAll(name.labels())) {
            throw new IllegalArgumentException(name.exported() + " is a " + name.kind() + " with the labels "
                    + name.labels() + ", not a " + kind + " with the labels " + keys);
        }
        for (Tag tag : given) {
            if (LabelValues.of(name, tag.getKey())
                    .filter(values -> !values.contains(tag.getValue()))
                    .isPresent()) {
                throw new IllegalArgumentException(
                        name.exported() + " has no label " + tag.getKey() + " with the value " + tag.getValue());
            }
        }
        return given;
    }
}
