package io.breakwater.location;

import io.breakwater.api.BackupLocation;
import io.breakwater.api.BackupLocationStatus.SitePin;
import io.breakwater.api.Condition;
import io.breakwater.api.Reason;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.observe.Conditions;
import io.breakwater.trust.SiteSuccession;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * Whether this cluster adopts the points of the clusters that {@code site.succeeds} names, as one location of the operator's
 * namespace shows it. {@link SiteSuccession} decides by all of these locations together.
 */
record SuccessionFinding(boolean holds, String message) {
    private static final String WAY_OUT =
            "; if the cluster does not run any more, set Helm value site.lossAttested to true";

    /** The finding of a probe; empty if this cluster replaces none, or for a location of another namespace. */
    static Optional<SuccessionFinding> of(BackupLocation location, BreakwaterConfig config, List<SitePin> pins) {
        List<String> named = config.siteSucceeds().orElse(List.of());
        boolean shared = location.getMetadata().getNamespace().equals(config.namespace());
        if (named.isEmpty() || pins == null || !shared) {
            return Optional.empty();
        }
        if (config.siteLossAttested()) {
            return Optional.of(new SuccessionFinding(
                    true,
                    "this cluster adopts the points of cluster " + String.join(", ", named)
                            + ", whose loss Helm value site.lossAttested attests"));
        }
        List<String> waiting = named.stream()
                .flatMap(cluster -> waiting(config.site(), cluster, pins).stream())
                .toList();
        return Optional.of(
                waiting.isEmpty()
                        ? new SuccessionFinding(
                                true,
                                "this cluster adopts the points of cluster " + String.join(", ", named)
                                        + ", which had no heartbeat for a day")
                        : new SuccessionFinding(false, "adoption waits: " + String.join(", and ", waiting) + WAY_OUT));
    }

    /** The reason why the points of a cluster are not adopted; empty when this location proves its loss. */
    private static Optional<String> waiting(String site, String cluster, List<SitePin> pins) {
        return switch (SiteSuccession.proof(pins, site, cluster)) {
            case SILENT -> Optional.empty();
            case UNKNOWN -> Optional.of("the location has no heartbeat of cluster " + cluster);
            case ALIVE -> {
                Instant seen = pins.stream()
                        .filter(pin -> pin.name.equals(site))
                        .map(pin -> Instant.parse(pin.lastSeen))
                        .findFirst()
                        .orElseThrow();
                yield Optional.of("the last heartbeat of cluster " + cluster + " is of " + seen
                        + ", and it is a day old at " + seen.plus(SitePins.SILENCE));
            }
        };
    }

    /** Sets or removes the condition of the location. */
    static void set(Conditions conditions, Optional<SuccessionFinding> found) {
        found.ifPresentOrElse(
                f -> conditions.set(Condition.SUCCESSOR, f.holds(), f.reason(), f.message()),
                () -> conditions.clear(Condition.SUCCESSOR));
    }

    Reason reason() {
        return holds ? Reason.Ready : Reason.LossNotProven;
    }

    /** Whether the condition of the location says something else; a later heartbeat alone is not a change. */
    boolean changes(BackupLocation location) {
        return location.getStatus() == null
                || location.getStatus()
                        .condition(Condition.SUCCESSOR)
                        .filter(c -> c.holds() == holds)
                        .isEmpty();
    }
}
