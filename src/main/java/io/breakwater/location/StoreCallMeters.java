package io.breakwater.location;

import io.breakwater.api.BackupLocation;
import io.breakwater.observe.MeterName;
import io.breakwater.observe.Meters;
import io.breakwater.store.endpoint.StoreCallListener;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.Set;

/** Counts the requests to the stores of locations. A directory has none. */
@ApplicationScoped
public class StoreCallMeters {
    private static final int TOO_MANY_REQUESTS = 429;
    private static final int UNAVAILABLE = 503;
    private static final int SERVER_ERROR = 500;

    private static final Set<MeterName> NAMES = Set.of(MeterName.STORE_CALLS, MeterName.STORE_CALL_DURATION);

    private final Meters meters;

    public StoreCallMeters(Meters meters) {
        this.meters = meters;
    }

    /** Counts the requests to the store of one location. */
    StoreCallListener of(BackupLocation location) {
        String namespace = location.getMetadata().getNamespace();
        String name = location.getMetadata().getName();
        return (verb, status, took) -> {
            String[] labels = {"namespace", namespace, "location", name, "verb", verb.label()};
            meters.time(MeterName.STORE_CALL_DURATION, took, labels);
            meters.count(
                    MeterName.STORE_CALLS,
                    "namespace",
                    namespace,
                    "location",
                    name,
                    "verb",
                    verb.label(),
                    "result",
                    result(status));
        };
    }

    /** An answer that a precondition does not hold, or that an object does not exist, is an answer. */
    private static String result(int status) {
        return switch (status) {
            case TOO_MANY_REQUESTS, UNAVAILABLE -> "Throttled";
            case StoreCallListener.NO_ANSWER -> "Failed";
            default -> status < SERVER_ERROR ? "Answered" : "Failed";
        };
    }

    /** Removes the series of a deleted location. */
    static void remove(Meters meters, BackupLocation location) {
        meters.removeAll(
                NAMES,
                "namespace",
                location.getMetadata().getNamespace(),
                "location",
                location.getMetadata().getName());
    }
}
