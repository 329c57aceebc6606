package io.breakwater.cleanup;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.breakwater.catalog.PointKey;
import io.breakwater.steps.Parallel;
import io.breakwater.store.ObjectStore;
import io.breakwater.store.ObjectStore.Document;
import io.breakwater.store.ObjectStore.Precondition;
import io.breakwater.store.SoftDeleteStore;
import io.breakwater.store.StoreLayout;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.atomic.LongAdder;

/**
 * Extends the locks of everything that the points in one store reach: repositories, archives and seals that are not under
 * tombstones. Four rounds go to a period, and each extends what has less than three quarters of it left, so that half of it is
 * always left. How far a round is lies in the store, {@code breakwater/immutability/<site>.json}, after each namespace, so that
 * a killed one goes on.
 *
 * <p>A site extends what is its own, and what is another one's when that one is late: a site that is lost takes no lock with it.
 */
final class LockExtension {
    private static final int WORKERS = 8;
    private static final ObjectMapper JSON = new ObjectMapper();

    private final ObjectStore store;
    private final String site;
    private final Duration period;
    private final Instant now;

    /**
     * @param site whose operator this is
     * @param period of the location
     * @param now by the store's clock
     */
    LockExtension(ObjectStore store, String site, Duration period, Instant now) {
        this.store = store;
        this.site = site;
        this.period = period;
        this.now = now;
    }

    /**
     * A round as it lies in the store. Times are RFC 3339 in UTC.
     *
     * @param schemaVersion 1
     * @param completedAt null while it is going on
     * @param periodSeconds of the location when it began; a longer one begins another round at once
     * @param done the last namespace that was dealt with, in alphabetical order; null before the first
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    @JsonIgnoreProperties(ignoreUnknown = true)
    record Round(int schemaVersion, String startedAt, String completedAt, long periodSeconds, String done) {
        Instant begun() {
            return Instant.parse(startedAt);
        }
    }

    /**
     * What was done.
     *
     * @param objects that were looked at
     * @param extended locks that were extended
     * @param oldest when the newest complete round of the site that is furthest behind began; empty while one has none, or
     *     nothing lies here
     */
    record Result(long objects, long extended, Optional<Instant> oldest) {}

    /** Does the rounds that are due. Blocks. */
    Result run() {
        Map<String, TreeMap<String, List<PointKey>>> sites = new TreeMap<>();
        Map<String, Instant> first = new TreeMap<>();
        store.list(
                StoreLayout.points(),
                o -> PointKey.ofSeal(o.key()).ifPresent(key -> {
                    sites.computeIfAbsent(key.site(), s -> new TreeMap<>())
                            .computeIfAbsent(key.namespace(), n -> new ArrayList<>())
                            .add(key);
                    first.merge(key.site(), o.lastModified(), (a, b) -> a.isBefore(b) ? a : b);
                }));
        LongAdder objects = new LongAdder();
        LongAdder extended = new LongAdder();
        Instant oldest = sites.isEmpty() ? null : now;
        for (var s : sites.entrySet()) {
            Optional<Round> last = read(s.getKey());
            Instant complete = now;
            if (isDue(s.getKey(), last, first.get(s.getKey()))) {
                round(s.getKey(), s.getValue(), last, objects, extended);
            } else {
                // Before its first round everything is as old as its oldest seal at most.
                complete = last.map(Round::begun).orElse(first.get(s.getKey()));
            }
            oldest = complete.isBefore(oldest) ? complete : oldest;
        }
        return new Result(objects.sum(), extended.sum(), Optional.ofNullable(oldest));
    }

    private boolean isDue(String of, Optional<Round> last, Instant first) {
        boolean ours = of.equals(site);
        if (last.isEmpty()) {
            return ours || !first.plus(late()).isAfter(now);
        }
        if (last.get().completedAt() == null || last.get().periodSeconds() < period.toSeconds()) {
            return ours || !last.get().begun().plus(late()).isAfter(now);
        }
        return !last.get().begun().plus(ours ? period.dividedBy(4) : late()).isAfter(now);
    }

    /** How much of a lock has to be left, or it is extended. */
    static Duration least(Duration period) {
        return period.multipliedBy(3).dividedBy(4);
    }

    /** When another site's round is ours to do. */
    private Duration late() {
        return period.multipliedBy(3).dividedBy(8);
    }

    private void round(
            String of,
            TreeMap<String, List<PointKey>> namespaces,
            Optional<Round> last,
            LongAdder objects,
            LongAdder extended) {
        // One that was cut off goes on, unless that is long ago, or the period grew since.
        Round round = last.filter(r -> r.completedAt() == null
                        && r.periodSeconds() >= period.toSeconds()
                        && r.begun().plus(period.dividedBy(8)).isAfter(now))
                .orElseGet(() -> new Round(1, now.toString(), null, period.toSeconds(), null));
        var left = round.done() == null ? namespaces : namespaces.tailMap(round.done(), false);
        for (var namespace : left.entrySet()) {
            Parallel.each(WORKERS, reached(of, namespace.getKey(), namespace.getValue()), key -> {
                objects.increment();
                if (store.relock(key, least(period))) {
                    extended.increment();
                }
            });
            round = new Round(1, round.startedAt(), null, round.periodSeconds(), namespace.getKey());
            write(of, round);
        }
        write(of, new Round(1, round.startedAt(), now.toString(), round.periodSeconds(), null));
    }

    private List<String> reached(String of, String namespace, List<PointKey> points) {
        SoftDeleteStore alive = new SoftDeleteStore(store, of, namespace);
        String repository = points.getFirst().repositoryPrefix();
        List<String> keys = new ArrayList<>();
        for (String part : List.of("config", "keys/", "snapshots/", "index/", "data/")) {
            alive.listWithoutValidTombstone(repository + part, o -> keys.add(o.key()));
        }
        for (PointKey point : points) {
            keys.add(point.sealKey());
            alive.listWithoutValidTombstone(point.archivePrefix(), o -> keys.add(o.key()));
        }
        return keys;
    }

    private Optional<Round> read(String of) {
        return store.read(StoreLayout.lockRound(of)).flatMap(LockExtension::parsed);
    }

    /** One that cannot be read counts as none: the round is done again, which shortens nothing. */
    private static Optional<Round> parsed(Document document) {
        try {
            Round round = JSON.readValue(document.content(), Round.class);
            round.begun();
            return Optional.of(round);
        } catch (IOException | RuntimeException e) {
            return Optional.empty();
        }
    }

    private void write(String of, Round round) {
        try {
            store.write(StoreLayout.lockRound(of), JSON.writeValueAsBytes(round), Precondition.NONE);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a round can always be written", e);
        }
    }
}
