package io.breakwater.catalog;

import io.breakwater.api.BackupLocation;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Digests;
import io.breakwater.api.ObjectNames;
import io.breakwater.api.Reason;
import io.breakwater.api.RestorePoint;
import io.breakwater.catalog.ImportedPoint.Place;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.points.PointSource;
import io.breakwater.store.CapturedNamespace;
import io.breakwater.trust.AdoptionIndex;
import io.breakwater.trust.AdoptionRule;
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
import java.util.TreeSet;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Makes the cluster show the points in a location. A sealed point without a RestorePoint gets one, after its signature was
 * verified. An imported RestorePoint whose seal does not exist any more is deleted. Other RestorePoints are never changed, and data
 * is never deleted.
 *
 * <p>A point appears in the namespace that it was captured in, under its own name. If that namespace does not exist any more, or
 * is on another site, the point appears as {@code <site>-<point>-<hash>} in each namespace that adopts its data. If no namespace
 * that may use the location may use the point, it appears as {@code <site>-<namespace>-<point>-<hash>} in the operator's
 * namespace, or in the location's namespace if only that may use it. The hash of the identity makes the name unique.
 */
@ApplicationScoped
class CatalogSync {
    private static final int LONGEST_NAME = 253;
    private static final int HASH = 12;
    private static final int TRIES = 8;

    /** Reasons that concern one point, and not the others. */
    private static final Set<Reason> OF_A_POINT = Set.of(Reason.Tampered, Reason.Conflict, Reason.KeyMismatch);

    private final Catalog catalog;
    private final ClusterPoints cluster;
    private final BreakwaterConfig config;
    private final IdentityRule rule;
    private final AdoptionRule adoption;
    private final EarlierHistoryReport earlier;
    private final Clock clock;

    CatalogSync(
            Catalog catalog,
            ClusterPoints cluster,
            BreakwaterConfig config,
            Clock clock,
            IdentityRule rule,
            AdoptionRule adoption,
            EarlierHistoryReport earlier) {
        this.catalog = catalog;
        this.cluster = cluster;
        this.config = config;
        this.rule = rule;
        this.adoption = adoption;
        this.earlier = earlier;
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
        private final Set<PointKey> listed = new HashSet<>();
        private final PointSource objects;
        private int sealed;
        private final AdoptionIndex index = adoption.index();
        private final Map<CapturedNamespace, Set<String>> homes = new HashMap<>();
        private final Map<String, Integer> hidden = new TreeMap<>();
        private final Map<String, Optional<String>> resolved = new HashMap<>();
        private final Result result = new Result(0, new ArrayList<>(), new ArrayList<>(), new TreeMap<>());

        Round(BackupLocation location) {
            this.location = location;
            this.locationName = location.getMetadata().getName();
            this.objects = cluster.points();
        }

        /** Points that this cluster has captured itself are nearly all, and need nothing. So they are not gathered. */
        Result run() {
            // A point that is sealed later, or that the index does not show yet, is found by the read before a
            // creation.
            listed.addAll(catalog.list(location, key -> {
                sealed++;
                return !isCaptured(key);
            }));
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
            objects.imported()
                    .filter(object -> object.getMetadata().getDeletionTimestamp() == null)
                    .forEach(object -> ImportedPoint.origin(object).ifPresent(key -> review(object, key)));
            listed.forEach(this::countHidden);
            earlier.publish(location, hidden, index, this::isThis);
            return new Result(sealed, result.imported(), result.removed(), result.bad());
        }

        private void importPoint(PointKey key) {
            if (!ObjectNames.isLabel(key.namespace()) || !ObjectNames.isLabel(key.site())) {
                throw SealCodec.tampered(key, "Breakwater writes no such key");
            }
            for (Place place : places(key)) {
                importPoint(key, place);
            }
        }

        private void importPoint(PointKey key, Place place) {
            RestorePoint object = find(place).orElse(null);
            if (object == null) {
                create(key, place);
            } else if (ImportedPoint.origin(object).filter(key::equals).isPresent()) {
                refresh(key, object);
            } else if (!isOwn(key) || ImportedPoint.origin(object).isPresent()) {
                throw BreakwaterException.permanent(
                        Reason.Conflict,
                        "point " + key + " was not imported: another RestorePoint " + place
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

        private void refresh(PointKey key, RestorePoint indexed) {
            Set<String> claims = ImportedPoint.claims(indexed);
            if (claims.contains(locationName) || indexed.getMetadata().getDeletionTimestamp() != null) {
                return;
            }
            Optional<RestorePoint> current = cluster.current(indexed);
            if (current.isEmpty()) {
                return; // The next sync knows more.
            }
            RestorePoint object = current.get();
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
                            ? !isListed(key)
                            : resolve(at.namespace(), name).isEmpty())
                    .toList();
            claims.removeAll(wrong);
            List<Place> wanted = isListed(key) ? places(key) : List.of();
            boolean moved = here
                    && !wanted.contains(at)
                    && wanted.stream().anyMatch(place -> cluster.at(place).isPresent())
                    && !cluster.inUse(at);
            if (wrong.isEmpty() && !moved) {
                return;
            }
            // The index can be behind. An object that changed meanwhile is reviewed by the next sync.
            cluster.current(object).ifPresent(now -> {
                if (claims.isEmpty() || moved) {
                    cluster.remove(now);
                    result.removed().add(at.toString());
                } else {
                    cluster.update(now, s -> wrong.forEach(name -> ImportedPoint.unclaim(s, name)));
                }
            });
        }

        /** Where the point is shown: in the namespaces that may use it, or else where only its administrators see it. */
        private List<Place> places(PointKey key) {
            List<Place> found = new ArrayList<>();
            boolean elsewhere = false;
            for (String home : homes(key.source())) {
                Place place =
                        isOwn(key) ? new Place(home, key.point()) : free(home, key.site() + "-" + key.point(), key);
                if (isThis(home)) {
                    found.add(place);
                } else {
                    elsewhere = elsewhere || isShownAt(place, key);
                }
            }
            return elsewhere || !found.isEmpty() ? found : apart(key);
        }

        private List<Place> apart(PointKey key) {
            return Stream.of(config.namespace(), location.getMetadata().getNamespace())
                    .filter(this::isThis)
                    .map(namespace -> free(namespace, key.site() + "-" + key.namespace() + "-" + key.point(), key))
                    .findFirst()
                    .map(List::of)
                    .orElse(List.of());
        }

        /**
         * The namespaces that may use data: the captured one, those that adopt it, and that of the location, whose owner has the keys
         * in any case.
         */
        private Set<String> homes(CapturedNamespace source) {
            return homes.computeIfAbsent(source, s -> {
                Set<String> names = new TreeSet<>(index.adopters(s));
                if (exists(s)) {
                    names.add(s.name());
                }
                String owner = location.getMetadata().getNamespace();
                if (!owner.equals(config.namespace()) && owner.equals(s.name())) {
                    names.add(owner);
                }
                return names;
            });
        }

        /** A place that no other object has. A user who creates an object of that name cannot hide the point. */
        private Place free(String namespace, String name, PointKey key) {
            return IntStream.range(0, TRIES)
                    .mapToObj(attempt -> new Place(namespace, unique(name, key, attempt)))
                    .filter(place -> {
                        Optional<RestorePoint> object = find(place);
                        return object.isEmpty()
                                || ImportedPoint.origin(object.get())
                                        .filter(key::equals)
                                        .isPresent();
                    })
                    .findFirst()
                    .orElseGet(() -> new Place(namespace, unique(name, key, 0)));
        }

        /** Counts points of an earlier namespace of this site whose name exists, and which it does not adopt. */
        private void countHidden(PointKey key) {
            String name = key.namespace();
            if (key.site().equals(config.site())
                    && index.named(name).isPresent()
                    && isThis(name)
                    && !homes(key.source()).contains(name)) {
                hidden.merge(name, 1, Integer::sum);
            }
        }

        /** Whether the object that captured the point is in its namespace, and no other namespace may use the point. */
        private boolean isCaptured(PointKey key) {
            return isOwn(key)
                    && homes(key.source()).equals(Set.of(key.namespace()))
                    && isThis(key.namespace())
                    && find(new Place(key.namespace(), key.point()))
                            .filter(object -> ImportedPoint.origin(object).isEmpty())
                            .isPresent();
        }

        private boolean isListed(PointKey key) {
            return listed.contains(key) || isCaptured(key);
        }

        private Optional<RestorePoint> find(Place place) {
            return objects.find(place.namespace(), place.name());
        }

        /** Whether a RestorePoint there already represents the point, from another location. */
        private boolean isShownAt(Place place, PointKey key) {
            return find(place)
                    .filter(object -> rule.represents(object, key, location))
                    .isPresent();
        }

        private boolean isOwn(PointKey key) {
            return exists(key.source());
        }

        private boolean exists(CapturedNamespace source) {
            return index.named(source.name()).filter(source::equals).isPresent();
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
    private static String unique(String name, PointKey key, int attempt) {
        String hash = Digests.sha256Hex(key.path() + (attempt == 0 ? "" : " " + attempt));
        String end = "-" + hash.substring(0, HASH);
        String start = name.substring(0, Math.min(name.length(), LONGEST_NAME - end.length()));
        return start.replaceAll("[.-]+$", "") + end;
    }
}
