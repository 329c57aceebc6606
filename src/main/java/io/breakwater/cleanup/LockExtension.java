package io.breakwater.cleanup;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.breakwater.api.BoundedJson;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.steps.Parallel;
import io.breakwater.store.DeletionScope;
import io.breakwater.store.GatheringBound;
import io.breakwater.store.ObjectStore;
import io.breakwater.store.ObjectStore.Precondition;
import io.breakwater.store.SignedDocument;
import io.breakwater.store.SoftDeleteStore;
import io.breakwater.store.StoreLayout;
import io.breakwater.trust.PointKey;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jboss.logging.Logger;

/**
 * Extends the locks of all objects that the points in one store need: repositories, archives and seals without a tombstone. A
 * period has four rounds. Each round extends locks that have less than three quarters of the period left, so at least half of
 * the period is always left. A round writes its progress to {@code breakwater/immutability/<site>.json} in the store after
 * each namespace, so that another process can continue it.
 *
 * <p>A site extends the locks of its own objects, and those of another site that is late. So locks stay when a site is lost.
 */
final class LockExtension {
    private static final Logger LOG = Logger.getLogger(LockExtension.class);
    private static final int WORKERS = 8;

    /** What is locked in a repository: everything except the locks of restic. */
    private static final List<String> PARTS =
            List.of("repository.json", "config", "keys/", "snapshots/", "index/", "data/");

    /** Number of keys in memory at the same time. */
    private static final int BATCH = 10_000;

    private static final ObjectMapper JSON = BoundedJson.mapper();

    private final ObjectStore store;
    private final Function<PointKey, Needs> needs;
    private final String site;
    private final Duration period;
    private final Instant now;

    /**
     * @param needs what a point needs, according to its seal
     * @param site site of this operator
     * @param period of the location
     * @param now by the store's clock
     */
    LockExtension(ObjectStore store, Function<PointKey, Needs> needs, String site, Duration period, Instant now) {
        this.store = store;
        this.needs = needs;
        this.site = site;
        this.period = period;
        this.now = now;
    }

    /**
     * What a point needs in addition to its seal.
     *
     * @param archive keys of its archive
     * @param repository id of its repository; empty without one
     */
    record Needs(List<String> archive, Optional<String> repository) {}

    /**
     * A round as it is stored. Times are RFC 3339 in UTC.
     *
     * @param schemaVersion 1
     * @param completedAt null while the round runs
     * @param periodSeconds period of the location when the round started; a longer period starts another round at once
     * @param done the last finished namespace, in alphabetical order; null before the first
     * @param previous start of the newest complete round; null if there is none, or if this round is complete
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    @JsonIgnoreProperties(ignoreUnknown = true)
    record Round(
            int schemaVersion, String startedAt, String completedAt, long periodSeconds, String done, String previous) {
        Instant started() {
            return Instant.parse(startedAt);
        }

        /** Start of the newest complete round. */
        Optional<Instant> complete() {
            return Optional.ofNullable(completedAt == null ? previous : startedAt)
                    .map(Instant::parse);
        }
    }

    /**
     * Result of the rounds.
     *
     * @param objects number of objects that were checked
     * @param extended number of locks that were extended
     * @param oldest start of the newest complete round of the site that is furthest behind; empty if the store has no points
     */
    record Result(long objects, long extended, Optional<Instant> oldest) {}

    /** Runs the rounds that are due. Blocks. */
    Result run() {
        Map<String, TreeMap<String, List<PointKey>>> sites = new TreeMap<>();
        Map<String, Instant> first = gather(sites);
        LongAdder objects = new LongAdder();
        LongAdder extended = new LongAdder();
        Instant oldest = sites.isEmpty() ? null : now;
        for (var s : sites.entrySet()) {
            Optional<Round> last = read(s.getKey());
            Instant complete = now;
            if (isDue(s.getKey(), last, first.get(s.getKey()))) {
                round(s.getKey(), s.getValue(), last, objects, extended);
            } else {
                complete = complete(last, first.get(s.getKey()));
            }
            oldest = complete.isBefore(oldest) ? complete : oldest;
        }
        return new Result(objects.sum(), extended.sum(), Optional.ofNullable(oldest));
    }

    /** Start of the newest complete round of the site that is furthest behind, without a round; empty if the store has no points. */
    Optional<Instant> oldest() {
        return gather(new TreeMap<>()).entrySet().stream()
                .map(site -> complete(read(site.getKey()), site.getValue()))
                .min(Comparator.naturalOrder());
    }

    /** Before the first complete round of a site, no lock is older than its oldest seal. */
    private static Instant complete(Optional<Round> last, Instant first) {
        return last.flatMap(Round::complete).orElse(first);
    }

    /** Collects the points of each site by namespace, and returns the time of the oldest seal of each site. */
    private Map<String, Instant> gather(Map<String, TreeMap<String, List<PointKey>>> sites) {
        Map<String, Instant> first = new TreeMap<>();
        GatheringBound gathered = new GatheringBound(store, StoreLayout.points());
        store.list(
                StoreLayout.points(),
                o -> PointKey.ofSeal(o).ifPresent(key -> {
                    gathered.add(o.key());
                    sites.computeIfAbsent(key.site(), s -> new TreeMap<>())
                            .computeIfAbsent(key.namespace(), n -> new ArrayList<>())
                            .add(key);
                    first.merge(key.site(), o.lastModified(), (a, b) -> a.isBefore(b) ? a : b);
                }));
        return first;
    }

    private boolean isDue(String of, Optional<Round> last, Instant first) {
        boolean own = of.equals(site);
        if (last.isEmpty()) {
            return own || !first.plus(late()).isAfter(now);
        }
        if (last.get().completedAt() == null || last.get().periodSeconds() < period.toSeconds()) {
            return own || !last.get().started().plus(late()).isAfter(now);
        }
        return !last.get().started().plus(own ? period.dividedBy(4) : late()).isAfter(now);
    }

    /** A lock with less time left is extended. */
    static Duration least(Duration period) {
        return period.multipliedBy(3).dividedBy(4);
    }

    /** Time after which this site runs the round of another site. */
    private Duration late() {
        return period.multipliedBy(3).dividedBy(8);
    }

    private void round(
            String of,
            TreeMap<String, List<PointKey>> namespaces,
            Optional<Round> last,
            LongAdder objects,
            LongAdder extended) {
        // An interrupted round is continued, unless it is old or the period has grown since.
        Round round = last.filter(r -> r.completedAt() == null
                        && r.periodSeconds() >= period.toSeconds()
                        && r.started().plus(period.dividedBy(8)).isAfter(now))
                .orElseGet(() -> new Round(
                        1,
                        now.toString(),
                        null,
                        period.toSeconds(),
                        null,
                        last.flatMap(Round::complete).map(Instant::toString).orElse(null)));
        var left = round.done() == null ? namespaces : namespaces.tailMap(round.done(), false);
        for (var namespace : left.entrySet()) {
            eachBatch(
                    namespace.getValue(),
                    batch -> Parallel.each(WORKERS, batch, key -> {
                        objects.increment();
                        if (store.relock(key, least(period))) {
                            extended.increment();
                        }
                    }));
            round = new Round(1, round.startedAt(), null, round.periodSeconds(), namespace.getKey(), round.previous());
            write(of, round);
        }
        write(of, new Round(1, round.startedAt(), now.toString(), round.periodSeconds(), null, null));
    }

    /** Calls back with the keys of a namespace, in batches: a repository can have more keys than fit into memory. */
    private void eachBatch(List<PointKey> points, Consumer<List<String>> each) {
        List<String> batch = new ArrayList<>();
        Consumer<String> add = key -> {
            batch.add(key);
            if (batch.size() == BATCH) {
                each.accept(List.copyOf(batch));
                batch.clear();
            }
        };
        Set<String> repositories = new TreeSet<>();
        for (PointKey point : points) {
            add.accept(point.sealKey());
            Needs needed = needs.apply(point);
            needed.archive().forEach(add);
            needed.repository().ifPresent(repositories::add);
        }
        points.stream()
                .map(point -> StoreLayout.owner(point.source()))
                .distinct()
                .forEach(add);
        for (String id : repositories) {
            SoftDeleteStore visible = new SoftDeleteStore(store, DeletionScope.repository(id));
            for (String part : PARTS) {
                visible.listWithoutValidTombstone(StoreLayout.repository(id) + part, o -> add.accept(o.key()));
            }
        }
        each.accept(List.copyOf(batch));
    }

    private Optional<Round> read(String of) {
        try {
            return store.readSigned(StoreLayout.lockRound(of), ObjectStore.MAX_DOCUMENT)
                    .flatMap(LockExtension::parsed);
        } catch (BreakwaterException e) {
            if (e.reason() != Reason.Tampered) {
                throw e;
            }
            LOG.warnf("the round of site %s is repeated: %s", of, e.getMessage());
            return Optional.empty();
        }
    }

    /** Empty for a round that cannot be read. Its repetition shortens no lock. */
    private static Optional<Round> parsed(SignedDocument document) {
        try {
            Round round = JSON.readValue(document.payload(), Round.class);
            round.started();
            round.complete();
            return Optional.of(round);
        } catch (IOException | RuntimeException e) {
            return Optional.empty();
        }
    }

    private void write(String of, Round round) {
        try {
            store.writeSigned(
                    StoreLayout.lockRound(of), now.toEpochMilli(), JSON.writeValueAsBytes(round), Precondition.NONE);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a round can always be serialized", e);
        }
    }
}
