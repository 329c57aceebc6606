package io.breakwater.location;

import io.breakwater.api.BackupLocation;
import io.breakwater.api.ObjectNames;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.observe.MeterName;
import io.breakwater.observe.Meters;
import io.breakwater.store.CallLimit;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The limits of the calls to each location, with their metrics. All stores of a location share its limit: one that is opened again
 * with other credentials, too.
 */
@ApplicationScoped
public class LocationCalls {
    /** The number of threads that the guard has for one location. */
    private static final int LEAST_OF_LEASES = 16;

    /**
     * A lease is renewed several times in its duration, so its calls wait for less than that. The threads of the guard for one
     * location bound its calls already: one lease that hangs must not delay the others.
     */
    private static final CallLimit.Bounds OF_LEASES =
            new CallLimit.Bounds(Duration.ofSeconds(8), Duration.ofSeconds(2), LEAST_OF_LEASES, Duration.ofSeconds(4));

    /** Waits below this are part of any call, and are not recorded. */
    private static final Duration LEAST_WAIT = Duration.ofMillis(1);

    private static final Set<MeterName> METERS = EnumSet.of(
            MeterName.STORE_IN_FLIGHT,
            MeterName.STORE_LIMIT,
            MeterName.STORE_WAITING,
            MeterName.STORE_WAIT,
            MeterName.STORE_REFUSED);

    private final Meters meters;
    private final BreakwaterConfig config;
    private final Map<String, CallLimit> limits = new ConcurrentHashMap<>();

    /** @param meters null to count nothing */
    LocationCalls(Meters meters, BreakwaterConfig config) {
        this.meters = meters;
        this.config = config;
    }

    /** The limit of a location. */
    CallLimit of(BackupLocation location) {
        return limits.computeIfAbsent(location.getMetadata().getUid(), uid -> create(location));
    }

    private CallLimit create(BackupLocation location) {
        String name = ObjectNames.of(location);
        CallLimit.Bounds bounds =
                config != null && config.role() == BreakwaterConfig.Role.guard ? OF_LEASES : CallLimit.Bounds.DEFAULT;
        if (meters == null) {
            return new CallLimit(name, bounds, new CallLimit.Listener() {});
        }
        String[] tags = LocationController.tags(location);
        CallLimit limit = new CallLimit(name, bounds, new CallMeters(meters, tags));
        meters.gauge(MeterName.STORE_IN_FLIGHT, () -> limit.state().inFlight(), tags);
        meters.gauge(MeterName.STORE_LIMIT, () -> limit.state().limit(), tags);
        meters.gauge(MeterName.STORE_WAITING, () -> limit.state().waiting(), tags);
        meters.start(MeterName.STORE_REFUSED, tags);
        return limit;
    }

    /** Forgets a location that is gone. */
    void forget(BackupLocation location) {
        CallLimit gone = limits.remove(location.getMetadata().getUid());
        boolean isReplaced =
                limits.values().stream().anyMatch(other -> other.location().equals(ObjectNames.of(location)));
        if (gone != null && meters != null && !isReplaced) {
            meters.removeAllOf(METERS, LocationController.tags(location));
        }
    }

    private record CallMeters(Meters meters, String... tags) implements CallLimit.Listener {
        @Override
        public void waited(Duration time) {
            if (time.compareTo(LEAST_WAIT) >= 0) {
                meters.time(MeterName.STORE_WAIT, time, tags);
            }
        }

        @Override
        public void refused() {
            meters.count(MeterName.STORE_REFUSED, tags);
        }
    }
}
