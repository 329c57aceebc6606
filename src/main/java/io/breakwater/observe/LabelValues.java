package io.breakwater.observe;

import io.breakwater.api.FailoverPlanStatus;
import io.breakwater.api.Reason;
import io.breakwater.api.VerificationSpec;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The values of labels that name one of a fixed number of cases. Alerts select by these values, so a metric with another value is
 * an error. Labels that name objects have no fixed values.
 */
public final class LabelValues {
    private static final Map<MeterName, Map<String, Set<String>>> VALUES = new EnumMap<>(MeterName.class);

    static {
        for (MeterName name : MeterName.values()) {
            Map<String, Set<String>> labels = new TreeMap<>();
            name.labels().forEach(label -> labels.put(label, values(name, label)));
            VALUES.put(name, labels);
        }
    }

    private LabelValues() {}

    /** The values that a label of a metric can have; empty if they are not fixed. */
    public static Optional<Set<String>> of(MeterName name, String label) {
        return Optional.ofNullable(VALUES.get(name).get(label));
    }

    private static Set<String> values(MeterName name, String label) {
        return switch (label) {
            case "reason" -> names(Reason.values());
            case "result" -> results(name);
            case "kind" -> kinds(name);
            case "state" -> states(name);
            case "role" -> names(FailoverPlanStatus.Role.values());
            case "level" -> names(VerificationSpec.Level.values());
            case "direction" -> Set.of("received", "sent");
            case "verb" -> Set.of("get", "head", "list", "put", "post", "delete");
            case "budget" -> Set.of("captures", "movers", "prunes");
            case "action" -> names(AuditAction.values());
            default -> null;
        };
    }

    private static Set<String> states(MeterName name) {
        return switch (name) {
            case POLICIES -> Set.of("protected", "late", "unprotected");
            case RECONCILE_QUEUE -> Set.of("waiting", "working");
            case COVERAGE_NAMESPACES -> Set.of("covered", "uncovered", "excluded");
            default -> Set.of("protected", "waiting", "failing", "left");
        };
    }

    private static Set<String> results(MeterName name) {
        return switch (name) {
            case AUDIT_EVENTS -> names(AuditResult.values());
            case STORE_CALLS -> Set.of("Answered", "Throttled", "Failed");
            case FAILOVERS, FAILOVER_DURATION -> Set.of("Completed", "NotReady", "RolledBack", "Failed");
            case PRUNES -> Set.of("Completed", "Failed", "Interrupted");
            default -> Set.of("Completed", "Failed");
        };
    }

    private static Set<String> kinds(MeterName name) {
        if (name == MeterName.UNSEALED_SWEPT) {
            return Set.of("archive", "snapshot", "upload", "kept");
        }
        Set<String> kinds = new TreeSet<>(names(FailoverPlanStatus.Kind.values()));
        kinds.add("Divergent");
        return kinds;
    }

    private static Set<String> names(Enum<?>... values) {
        return Stream.of(values).map(Enum::name).collect(Collectors.toUnmodifiableSet());
    }
}
