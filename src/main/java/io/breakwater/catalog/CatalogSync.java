package io.breakwater.catalog;

import io.breakwater.api.BackupLocation;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Digests;
import io.breakwater.api.ObjectNames;
import io.breakwater.api.Reason;
import io.breakwater.api.RestorePoint;
import io.breakwater.catalog.ImportedPoint.Place;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.store.CapturedNamespace;
import io.breakwater.trust.IdentityRule;
import io.breakwater.trust.NamespaceIdentities;
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
    private static final int HASH = 12;

    /** Reasons that concern one point, and not the others. */
    private static final Set<Reason> OF_A_POINT = Set.of(Reason.Tampered, Reason.Conflict, Reason.KeyMismatch);

    private static final Pattern NAME = Pattern.compile("[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?");

    private final Catalog catalog;
    private final ClusterPoints cluster;
    private final BreakwaterConfig config;
    private final IdentityRule rule;
    private final NamespaceIdentities identities;
    private final Clock clock;

    CatalogSync(
            Catalog catalog,
            ClusterPoints cluster,
            BreakwaterConfig config,
            Clock clock,
            IdentityRule rule,
            NamespaceIdentities identities) {
        this.catalog = catalog;
        this.cluster = cluster;
        this.config = config;
        this.rule = rule;
        this.identities = identities;
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
        private final Map<String, Optional<CapturedNamespace>> namespaces = new HashMap<>();
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
            String home = key.namespace();
            Optional<CapturedNamespace> now = current(home);
            if (now.isPresent() && isThis(home) && now.get().equals(key.source())) {
                return Optional.of(new Place(home, key.point()));
            }
            Place atHome = new Place(home, unique(key.site() + "-" + key.point(), key));
            if (now.isPresent() && isShownAt(atHome, key)) {
                return Optional.empty();
            }
            String full = unique(key.site() + "-" + key.namespace() + "-" + key.point(), key);
            return Stream.of(config.namespace(), location.getMetadata().getNamespace())
                    .filter(this::isThis)
                    .map(namespace -> new Place(namespace, full))
                    .findFirst();
        }

        /** Whether a RestorePoint there already represents the point, from another location. */
        private boolean isShownAt(Place place, PointKey key) {
            RestorePoint object = objects.get(place);
            return object != null && rule.represents(object, key, location);
        }

        private boolean isOwn(PointKey key) {
            return current(key.namespace()).filter(key.source()::equals).isPresent();
        }

        private Optional<CapturedNamespace> current(String namespace) {
            return namespaces.computeIfAbsent(
                    namespace, name -> cluster.hasNamespace(name) ? identities.named(name) : Optional.empty());
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

    /** A name that no other point gets: it ends with a hash of the whole identity, and is cut to a length that Kubernetes accepts. */
    private static String unique(String name, PointKey key) {
        String hash = "-" + Digests.sha256Hex(key.path()).substring(0, HASH);
        String start = name.substring(0, Math.min(name.length(), LONGEST_NAME - hash.length()));
        return start.replaceAll("[.-]+$", "") + hash;
    }
}
