package io.breakwater.observe;

import io.breakwater.observe.MeterName.Kind;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.DoubleSupplier;
import java.util.stream.Collectors;

/**
 * The only writer of metrics. Each is registered with the unit and the description of its {@link MeterName}, and takes labels
 * as name, value, name, value. A gauge exists only while it has a value: a lag before the first copy is absent, not 0.
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
    private final Map<Id, Cell> gauges = new ConcurrentHashMap<>();

    public Meters(MeterRegistry registry, Clock clock) {
        this.registry = registry;
        this.clock = clock;
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

    /** Removes all gauges whose labels contain the given ones: for deleted objects. */
    public void removeAll(String... tags) {
        Tags wanted = Tags.of(tags);
        gauges.forEach((id, cell) -> {
            if (id.tags.stream().toList().containsAll(wanted.stream().toList()) && gauges.remove(id, cell)) {
                registry.remove(cell.gauge);
            }
        });
    }

    /** Adds one to a counter. */
    public void count(MeterName name, String... tags) {
        count(name, 1, tags);
    }

    /** Adds to a counter. */
    public void count(MeterName name, double amount, String... tags) {
        Counter.builder(name.registered())
                .description(name.description())
                .baseUnit(name.unit())
                .tags(checked(name, Kind.COUNTER, tags))
                .register(registry)
                .increment(amount);
    }

    /** Records a duration. */
    public void time(MeterName name, Duration took, String... tags) {
        Timer.builder(name.registered())
                .description(name.description())
                .tags(checked(name, Kind.TIMER, tags))
                .register(registry)
                .record(took);
    }

    /** Sets a gauge whose value is computed at each scrape. */
    public void gauge(MeterName name, DoubleSupplier value, String... tags) {
        Id id = new Id(name, checked(name, Kind.GAUGE, tags));
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

    /** The labels, which must be exactly those of the metric: Prometheus refuses a metric with changing labels. */
    private static Tags checked(MeterName name, Kind kind, String... tags) {
        Tags given = Tags.of(tags);
        var keys = given.stream().map(Tag::getKey).collect(Collectors.toSet());
        if (name.kind() != kind || keys.size() != name.labels().size() || !keys.containsAll(name.labels())) {
            throw new IllegalArgumentException(name.exported() + " is a " + name.kind() + " with the labels "
                    + name.labels() + ", not a " + kind + " with the labels " + keys);
        }
        return given;
    }
}
