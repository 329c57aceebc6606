package io.breakwater.policy;

import io.breakwater.api.BackupLocation;
import io.breakwater.api.BackupLocationSpec.AccessMode;
import io.breakwater.api.BackupLocationStatus.SitePin;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Condition;
import io.breakwater.api.NamedRef;
import io.breakwater.api.RestorePoint;
import io.breakwater.api.RestorePointSpec.Trigger;
import io.breakwater.location.LocationResolver;
import io.breakwater.location.RepositoryRegister;
import io.breakwater.store.CapturedNamespace;
import io.breakwater.store.OwnedRepository;
import io.breakwater.trust.IdentityRule;
import io.breakwater.trust.NamespaceIdentities;
import io.breakwater.trust.SiteSuccession;
import io.breakwater.trust.SiteSuccession.Proof;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Finds the adopted points to which the retention of a policy applies: those that its namespace inherits. In doubt, a point is not
 * one of them, and its data stays. In each location of the point, Breakwater must be able to write, the namespace must have the
 * repository of the earlier one, and the cluster of that one must have been silent for a day.
 *
 * <p>Holds and pins of a lost cluster are not in the store. So a user has a day to set them again before the point counts.
 */
@ApplicationScoped
class InheritedPoints {
    private static final Duration WAIT = Duration.ofDays(1);

    private final LocationResolver locations;
    private final RepositoryRegister register;
    private final NamespaceIdentities identities;
    private final IdentityRule rule;
    private final Clock clock;

    InheritedPoints(
            LocationResolver locations,
            RepositoryRegister register,
            NamespaceIdentities identities,
            IdentityRule rule,
            Clock clock) {
        this.locations = locations;
        this.register = register;
        this.identities = identities;
        this.rule = rule;
        this.clock = clock;
    }

    /**
     * Names of the inherited points among those of one policy.
     *
     * @param certain whether points are deleted by the answer, so that it follows from reads; otherwise from the cache
     */
    Set<String> names(List<RestorePoint> points, boolean certain) {
        Instant now = clock.instant();
        List<RestorePoint> imported = points.stream()
                .filter(p -> p.getSpec().trigger == Trigger.Imported && p.isSealed())
                .filter(p -> Instant.parse(p.getMetadata().getCreationTimestamp())
                        .plus(WAIT)
                        .isBefore(now))
                .toList();
        if (imported.isEmpty()) {
            return Set.of();
        }
        Map<String, CapturedNamespace> sources = (certain ? rule : rule.cached()).inherited(imported);
        Map<String, Boolean> continued = new HashMap<>();
        return imported.stream()
                .filter(p -> sources.containsKey(p.getMetadata().getName()))
                .filter(p -> places(p).allMatch(location -> {
                    CapturedNamespace source = sources.get(p.getMetadata().getName());
                    return continued.computeIfAbsent(
                            location + " " + source.path(), k -> isContinued(p, location, source));
                }))
                .map(p -> p.getMetadata().getName())
                .collect(Collectors.toSet());
    }

    private static Stream<String> places(RestorePoint point) {
        Set<String> names = new LinkedHashSet<>();
        names.add(point.getStatus().location);
        Stream.ofNullable(point.getStatus().copies).flatMap(List::stream).forEach(copy -> names.add(copy.location));
        return names.stream();
    }

    /** Whether the namespace of an object continues the data of an earlier one in a location. */
    private boolean isContinued(RestorePoint object, String name, CapturedNamespace source) {
        if (name == null) {
            return false;
        }
        try {
            BackupLocation location = locations.resolve(object.getMetadata().getNamespace(), new NamedRef(name));
            // A location that is not ready may have had no look at the heartbeats.
            return location.getStatus() != null
                    && location.getStatus().holds(Condition.READY)
                    && location.getSpec().accessMode != AccessMode.ReadOnly
                    && !location.getSpec().hasVeleroLayout()
                    && !isAlive(location, source)
                    && repository(location, source).equals(repository(location, identities.of(object)));
        } catch (BreakwaterException e) {
            return false; // the location reports it
        }
    }

    private static boolean isAlive(BackupLocation location, CapturedNamespace source) {
        List<SitePin> pins = location.getStatus().sites;
        return pins != null && SiteSuccession.proof(pins, source.site(), source.cluster()) == Proof.ALIVE;
    }

    private Optional<String> repository(BackupLocation location, CapturedNamespace source) {
        return register.find(location, source).map(OwnedRepository::id);
    }
}
