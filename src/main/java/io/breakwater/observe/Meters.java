package io.breakwater.observe;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.DoubleSupplier;

/**
 * Metrics with constant tag keys per name. Gauges exist only while there is something to say: a lag before the first copy
 * is absent, not 0. Names are given in Micrometer's form ({@code breakwater.replication.lag}, base unit seconds).
 */
@ApplicationScoped
public class Meters {
    private record Id(String name, Tags tags) {}

    /** The gauge and where it reads its value; kept here, since the registry holds values weakly. */
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

    /** Sets a gauge; tags are key, value, key, value. */
    public void set(String name, double value, String... tags) {
        gauge(name, () -> value, tags);
    }

    /** A gauge that shows the seconds since an instant, at the moment of the scrape. */
    public void age(String name, Instant since, String... tags) {
        gauge(name, () -> Duration.between(since, clock.instant()).toMillis() / 1000.0, tags);
    }

    /** Takes a gauge away. */
    public void remove(String name, String... tags) {
        Cell cell = gauges.remove(new Id(name, Tags.of(tags)));
        if (cell != null) {
            registry.remove(cell.gauge);
        }
    }

    /** Takes all gauges away whose tags contain the given ones: for objects that are gone. */
    public void removeAll(String... tags) {
        Tags wanted = Tags.of(tags);
        gauges.forEach((id, cell) -> {
            if (id.tags.stream().toList().containsAll(wanted.stream().toList()) && gauges.remove(id, cell)) {
                registry.remove(cell.gauge);
            }
        });
    }

    /** Counts one. */
    public void count(String name, String... tags) {
        registry.counter(name, tags).increment();
    }

    /** Counts several. */
    public void count(String name, double amount, String... tags) {
        registry.counter(name, tags).increment(amount);
    }

    /** Records how long something took. */
    public void time(String name, Duration took, String... tags) {
        registry.timer(name, tags).record(took);
    }

    /** A gauge whose value is computed at the moment of the scrape. */
    public void gauge(String name, DoubleSupplier value, String... tags) {
        Id id = new Id(name, Tags.of(tags));
        gauges.compute(id, (key, cell) -> {
            Cell c = cell == null ? new Cell() : cell;
            c.value = value;
            if (c.gauge == null) {
                c.gauge = Gauge.builder(name, c, x -> x.value.getAsDouble())
                        .tags(key.tags)
                        .register(registry);
            }
            return c;
        });
    }
}
