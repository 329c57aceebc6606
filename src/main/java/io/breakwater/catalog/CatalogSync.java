package io.breakwater.catalog;

import io.breakwater.api.BackupLocation;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Digests;
import io.breakwater.api.ObjectNames;
import io.breakwater.api.Reason;
import io.breakwater.api.RestorePoint;
import io.breakwater.catalog.ImportedPoint.Place;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.trust.IdentityRule;
import io.breakwater.trust.PointKey;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Clock;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Makes the cluster show the points in a location. A sealed point without a RestorePoint gets one, after its signature was
 * verified. An imported RestorePoint whose seal does not exist any more is deleted. Other RestorePoints are never changed, and data
 * is never deleted.
 *
 * <p>A point appears in the namespace that it was captured in, if that exists and may use the location. It has its own name there
 * if this site captured it, and the name {@code <site>-<point>} otherwise. In all other cases it appears as
 * {@code <site>-<namespace>-<point>} in the operator's namespace, or in the location's namespace if only that may use it.
 */
@ApplicationScoped
class CatalogSync {
    private static final int LONGEST_NAME = 253;

    /** Reasons that concern one point, and not the others. */
    private static final Set<Reason> OF_A_POINT = Set.of(Reason.Tampered, Reason.Conflict, Reason.KeyMismatch);

    private static final Pattern NAME = Pattern.compile("[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?");

    private final Catalog catalog;
    private final ClusterPoints cluster;
    private final BreakwaterConfig config;
    private final IdentityRule rule;
    private final Clock clock;

    CatalogSync(Catalog catalog, ClusterPoints cluster, BreakwaterConfig config, Clock clock) {
        this.catalog = catalog;
        this.cluster = cluster;
        this.config = config;
        this.rule = new IdentityRule(config);
        this.clock = clock;
    }

    /**
     * The result of a sync.
     *
     * @param sealed seals in the location
     * @param imported names of the RestorePoints that were created
     * @param removed names of the RestorePoints that were deleted
     * @param bad points that were not imported, with the reasons
     */
    record Result(int sealed, List<String> imported, List<String> removed, Map<String, BreakwaterException> bad) {}

    /**
     * Syncs one location, once.
     *
     * @throws BreakwaterException when the location could not be listed or read completely; nothing was deleted then
     */
    Result sync(BackupLocation location) {
        return new Round(location).run();
    }

    /** One sync, with its lists and its results. */
    private final class Round {
        private final BackupLocation location;
        private final String locationName;
        private final Set<PointKey> listed;
        private final Map<Place, RestorePoint> objects;
        private final Map<PointKey, Place> places = new HashMap<>();
        private final Map<String, Boolean> namespaces = new HashMap<>();
        private final Map<String, Optional<String>> resolved = new HashMap<>();
        private final Result result = new Result(0, new ArrayList<>(), new ArrayList<>(), new TreeMap<>());

        Round(BackupLocation location) {
            this.location = location;
            this.locationName = location.getMetadata().getName();
            this.listed = new HashSet<>(catalog.list(location));
            // Listed after the seals: a point that was sealed in between already has its RestorePoint.
            this.objects = cluster.all().stream().collect(Collectors.toMap(Place::of, p -> p));
        }

        Result run() {
            for (PointKey key : listed) {
                try {
                    importPoint(key);
                } catch (BreakwaterException e) {
                    if (!OF_A_POINT.contains(e.reason())) {
                        throw e;
                    }
                    result.bad().put(key.toString(), e);
                }
            }
            for (RestorePoint object : objects.values()) {
                if (object.getMetadata().getDeletionTimestamp() == null) {
                    ImportedPoint.origin(object).ifPresent(key -> review(object, key));
                }
            }
            return new Result(listed.size(), result.imported(), result.removed(), result.bad());
        }

        private void importPoint(PointKey key) {
            if (!NAME.matcher(key.namespace()).matches()
                    || !NAME.matcher(key.site()).matches()) {
                throw SealCodec.tampered(key, "Breakwater writes no such key");
            }
            Optional<Place> place = place(key);
            if (place.isEmpty()) {
                return;
            }
            places.put(key, place.get());
            RestorePoint object = objects.get(place.get());
            if (object == null) {
                create(key, place.get());
            } else if (ImportedPoint.origin(object).filter(key::equals).isPresent()) {
                refresh(key, object);
            } else if (!isOwn(key) || ImportedPoint.origin(object).isPresent()) {
                throw BreakwaterException.permanent(
                        Reason.Conflict,
                        "point " + key + " was not imported: another RestorePoint " + place.get()
                                + " has the name that it would get; give that one another name");
            }
        }

        private void create(PointKey key, Place place) {
            Optional<Catalog.Sealed> sealed = catalog.read(location, key);
            // The RestorePoint may have been created, or deleted with its seal, after the list.
            if (sealed.isEmpty() || cluster.at(place).isPresent()) {
                return;
            }
            PointDocument document = sealed.get().document();
            RestorePoint object = ImportedPoint.object(place, document, mayJoin(place, document.policy()));
            cluster.create(
                    object,
                    s -> ImportedPoint.describe(
                            s, 1L, sealed.get().document(), sealed.get().digest(), locationName, clock));
            result.imported().add(place.toString());
        }

        /**
         * Whether the point becomes one of its policy. The owner of a location in the namespace can seal points of any time for any
         * policy, and Restores and Verifications choose the newest point of a policy. So the policy must name the location.
         */
        private boolean mayJoin(Place place, String policy) {
            String owner = location.getMetadata().getNamespace();
            return policy == null
                    || owner.equals(config.namespace())
                    || !owner.equals(place.namespace())
                    || cluster.isUsedBy(place.namespace(), policy, locationName);
        }

        private void refresh(PointKey key, RestorePoint object) {
            Set<String> claims = ImportedPoint.claims(object);
            if (claims.contains(locationName) || object.getMetadata().getDeletionTimestamp() != null) {
                return;
            }
            Optional<Catalog.Sealed> sealed = catalog.read(location, key);
            if (sealed.isEmpty()) {
                return;
            }
            if (claims.isEmpty()) {
                cluster.update(
                        object,
                        s -> ImportedPoint.describe(
                                s,
                                object.getMetadata().getGeneration(),
                                sealed.get().document(),
                                sealed.get().digest(),
                                locationName,
                                clock));
                return;
            }
            if (!rule.hasDigest(object, sealed.get().digest())) {
                throw BreakwaterException.permanent(
                        Reason.Conflict,
                        "point " + key + " in " + ObjectNames.of(location) + " differs from the one in location "
                                + object.getStatus().location
                                + "; find out which of them is the original, and delete the other");
            }
            cluster.update(object, s -> ImportedPoint.claim(s, locationName, clock));
        }

        /** Removes locations from an imported RestorePoint that do not have the point any more, and deletes it if none is left. */
        private void review(RestorePoint object, PointKey key) {
            Place at = Place.of(object);
            List<String> claims = new ArrayList<>(ImportedPoint.claims(object));
            boolean here = claims.contains(locationName) && isThis(at.namespace());
            List<String> wrong = claims.stream()
                    .filter(name -> name.equals(locationName) && here
                            ? !listed.contains(key)
                            : resolve(at.namespace(), name).isEmpty())
                    .toList();
            claims.removeAll(wrong);
            boolean moved = here
                    && places.containsKey(key)
                    && !places.get(key).equals(at)
                    && cluster.at(places.get(key)).isPresent()
                    && !cluster.inUse(at);
            if ((claims.isEmpty() && !wrong.isEmpty()) || moved) {
                cluster.remove(object);
                result.removed().add(at.toString());
            } else if (!wrong.isEmpty()) {
                cluster.update(object, s -> wrong.forEach(name -> ImportedPoint.unclaim(s, name)));
            }
        }

        private Optional<Place> place(PointKey key) {
            String full = key.site() + "-" + key.namespace() + "-" + key.point();
            String home = key.namespace();
            Place atHome = new Place(home, isOwn(key) ? key.point() : fit(key.site() + "-" + key.point()));
            if (exists(home) && (isThis(home) || isShownAt(atHome, key))) {
                return isThis(home) ? Optional.of(atHome) : Optional.empty();
            }
            return Stream.of(config.namespace(), location.getMetadata().getNamespace())
                    .filter(this::isThis)
                    .map(namespace -> new Place(namespace, fit(full)))
                    .findFirst();
        }

        /** Whether a RestorePoint there already represents the point, from another location. */
        private boolean isShownAt(Place place, PointKey key) {
            RestorePoint object = objects.get(place);
            return object != null && rule.represents(object, key, location);
        }

        private boolean isOwn(PointKey key) {
            return key.site().equals(config.site());
        }

        private boolean exists(String namespace) {
            return namespaces.computeIfAbsent(namespace, cluster::hasNamespace);
        }

        /** Whether the location's name refers to this location in a namespace. */
        private boolean isThis(String namespace) {
            return resolve(namespace, locationName)
                    .filter(location.getMetadata().getUid()::equals)
                    .isPresent();
        }

        private Optional<String> resolve(String namespace, String name) {
            return resolved.computeIfAbsent(namespace + "/" + name, k -> cluster.location(namespace, name));
        }
    }

    /** A name that Kubernetes accepts; a hash replaces the rest of a long one. */
    private static String fit(String name) {
        if (name.length() <= LONGEST_NAME) {
            return name;
        }
        String hash = Digests.sha256Hex(name).substring(0, 12);
        return name.substring(0, LONGEST_NAME - 13) + "-" + hash;
    }
}
