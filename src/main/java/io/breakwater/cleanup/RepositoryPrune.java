package io.breakwater.cleanup;

import com.fasterxml.jackson.databind.JsonNode;
import io.breakwater.api.BackupLocation;
import io.breakwater.api.BoundedCache;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.api.RestorePoint;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.failover.PlanRole;
import io.breakwater.failover.PlanRoles;
import io.breakwater.gateway.EpochGuard;
import io.breakwater.gateway.Repositories;
import io.breakwater.location.LocationResolver;
import io.breakwater.location.RepositoryRegister;
import io.breakwater.location.Stores;
import io.breakwater.location.keys.LocationDocument;
import io.breakwater.mover.MoverJobs;
import io.breakwater.mover.MoverTask;
import io.breakwater.points.PointIndex;
import io.breakwater.replication.PointCopies;
import io.breakwater.steps.Activities;
import io.breakwater.steps.RunLabel;
import io.breakwater.store.CapturedNamespace;
import io.breakwater.store.ObjectStore;
import io.breakwater.store.OwnedRepository;
import io.breakwater.trust.IdentityRule;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Clock;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Prunes one repository by a mover Job, which deletes the data that no visible snapshot needs. It starts only while no capture and
 * no copy uses the repository, and stops when a capture starts. For very old garbage the captures wait instead. Readers need no pause: the gateway writes tombstones, and their read leases protect
 * the data. The site must own the repository alone, and hold the lease of the namespace's plan, if there is one.
 */
@ApplicationScoped
class RepositoryPrune {
    private static final int MOST_RECORDS = 10_000;

    private final BreakwaterConfig config;
    private final Stores stores;
    private final PointIndex index;
    private final MoverJobs movers;
    private final PointCopies copies;
    private final IdentityRule rule;
    private final RepositoryRegister register;
    private final PlanRoles plans;
    private final LocationResolver locations;
    private final EpochGuard epochs;
    private final Clock clock;
    private final Activities activities = new Activities();

    /** The records of repositories as this process read or wrote them last: no other process of the site writes them. */
    private final Map<String, PruneRecord> records = BoundedCache.of(MOST_RECORDS);

    /** Number of writes and forgotten locations. A read that began before one of them may be old. Guarded by the records. */
    private long changes;

    private final Map<String, Prepared> prepared = new ConcurrentHashMap<>();

    /** The round that found the repository last; it hid the snapshots of the points that were deleted before. */
    private final Map<String, Round> rounds = BoundedCache.of(MOST_RECORDS);

    /** Repositories whose prune could not start, with the turn of the last try. */
    private final Map<String, Long> postponed = BoundedCache.of(MOST_RECORDS);

    private final AtomicLong turns = new AtomicLong();

    RepositoryPrune(
            BreakwaterConfig config,
            Stores stores,
            PointIndex index,
            MoverJobs movers,
            PointCopies copies,
            IdentityRule rule,
            RepositoryRegister register,
            PlanRoles plans,
            LocationResolver locations,
            EpochGuard epochs,
            Clock clock) {
        this.config = config;
        this.stores = stores;
        this.index = index;
        this.movers = movers;
        this.copies = copies;
        this.rule = rule;
        this.register = register;
        this.plans = plans;
        this.locations = locations;
        this.epochs = epochs;
        this.clock = clock;
    }

    /**
     * A round of the cleanup.
     *
     * @param began by the store's clock; what was deleted later may still be visible
     * @param urgent whether the garbage is so old that captures wait for the prune
     */
    record Round(Instant began, boolean urgent) {}

    /** State of a prune. */
    sealed interface State {
        /** In progress. */
        record Running(String message) implements State {}

        /** Not started: something else uses the repository, or there is nothing to prune. */
        record Postponed(String message) implements State {}

        /** Stopped, because a capture needs the repository, or the Job disappeared. */
        record Interrupted(String message) implements State {}

        /** Ended with success. */
        record Succeeded(long deleted) implements State {}

        /** Ended without success. */
        record Failed(BreakwaterException cause) implements State {}
    }

    /**
     * @param exists whether its Job exists: no copy starts then
     * @param refusal why no Job is created; null when one may be
     */
    private record Prepared(
            List<CapturedNamespace> owners, Optional<EpochGuard.Guard> guard, boolean exists, State refusal) {
        Prepared started() {
            return new Prepared(owners, guard, true, refusal);
        }

        static Prepared refused(State why) {
            return new Prepared(List.of(), Optional.empty(), false, why);
        }
    }

    /** Advances the prune of a repository; does not block. Call it until the state is another one than {@link State.Running}. */
    State advance(BackupLocation location, OwnedRepository repository) {
        String id = id(location, repository.id());
        try {
            if (!prepared.containsKey(id)) {
                Optional<Prepared> ready =
                        activities.poll(id + "/start", () -> prepare(location, repository), () -> {});
                if (ready.isEmpty()) {
                    return new State.Running("checking the repository");
                }
                if (ready.get().refusal() != null) {
                    postponed.put(id, turns.incrementAndGet());
                    return ready.get().refusal();
                }
                prepared.put(id, ready.get());
                postponed.remove(id);
            }
            Optional<State> ended =
                    activities.poll(id + "/job", () -> work(location, repository, prepared.get(id)), () -> {});
            State state = ended.orElse(new State.Running("pruning"));
            if (!(state instanceof State.Running)) {
                prepared.remove(id);
            }
            return state;
        } catch (BreakwaterException e) {
            prepared.remove(id);
            postponed.put(id, turns.incrementAndGet());
            return new State.Failed(e);
        }
    }

    /** Forgets a location. A Job of it stays; the next process or round finds it by its record. */
    void forget(BackupLocation location) {
        String prefix = location.getMetadata().getUid() + "/";
        prepared.keySet().removeIf(id -> id.startsWith(prefix));
        synchronized (records) {
            changes++;
            records.keySet().removeIf(id -> id.startsWith(prefix));
        }
        postponed.keySet().removeIf(id -> id.startsWith(prefix));
        rounds.keySet().removeIf(id -> id.startsWith(prefix));
    }

    /** Reports which round found the repository. Without one, a prune is not urgent. */
    void found(BackupLocation location, String repository, Round round) {
        rounds.put(id(location, repository), round);
    }

    private boolean isUrgent(BackupLocation location, OwnedRepository repository) {
        Round round = rounds.get(id(location, repository.id()));
        return round != null && round.urgent();
    }

    /**
     * A number that grows with the time of the last try that could not start the prune; 0 without one. Only this process knows it: a new
     * process tries again.
     */
    long lastPostponed(BackupLocation location, String repository) {
        return postponed.getOrDefault(id(location, repository), 0L);
    }

    /**
     * The record of the prunes of a repository.
     *
     * @param now by the store's clock; a record of a later time counts as none
     */
    PruneRecord record(BackupLocation location, ObjectStore store, String repository, Instant now) {
        return known(location, store, repository).at(now);
    }

    private PruneRecord known(BackupLocation location, ObjectStore store, String repository) {
        String id = id(location, repository);
        long before;
        synchronized (records) {
            PruneRecord known = records.get(id);
            if (known != null) {
                return known;
            }
            before = changes;
        }
        PruneRecord read = PruneRecord.read(store, repository); // a store can hang, so no other caller waits for it
        synchronized (records) {
            if (changes == before) {
                records.put(id, read);
            }
            return records.getOrDefault(id, read);
        }
    }

    private PruneRecord write(BackupLocation location, ObjectStore store, String repository, PruneRecord record) {
        String id = id(location, repository);
        records.remove(id); // unknown, if the write fails
        record.write(store, repository);
        synchronized (records) {
            changes++;
            records.put(id, record);
        }
        return record;
    }

    private static String id(BackupLocation location, String repository) {
        return location.getMetadata().getUid() + "/" + repository;
    }

    /** Checks everything that a prune depends on, and writes the record of its start. */
    private Prepared prepare(BackupLocation location, OwnedRepository repository) {
        List<CapturedNamespace> owners = register.requireOwnedBy(location, repository.id(), config.site());
        ObjectStore store = stores.open(location);
        Instant now = LocationDocument.now(store, clock);
        PruneRecord record = record(location, store, repository.id(), now);
        Set<String> runs = movers.runs(config.namespace());
        boolean exists = runs.contains(RunLabel.ofPrune(location, repository.id()));
        if (exists && !record.isRunning()) {
            // The operator was killed after it recorded the end. The result of this Job is not the result of a new
            // prune.
            movers.delete(config.namespace(), RunLabel.ofPrune(location, repository.id()));
            return Prepared.refused(new State.Postponed("the Job of the last prune is being deleted"));
        }
        if (record.isRunning() && !exists) {
            write(location, store, repository.id(), record.interrupt(now));
            return Prepared.refused(new State.Interrupted("its Job does not exist any more"));
        }
        if (store.head(repository.prefix() + "config").isEmpty()) {
            return Prepared.refused(new State.Postponed("the repository has no config, so it has no data"));
        }
        Optional<String> busy = busy(location, repository, owners, runs);
        if (busy.isPresent() && !exists) {
            return Prepared.refused(new State.Postponed(busy.get()));
        }
        try {
            Optional<PlanRole> role = role(owners);
            if (role.isPresent() && !role.get().isActive()) {
                return Prepared.refused(
                        new State.Postponed("FailoverPlan " + role.get().plan() + " is not active here"));
            }
            Optional<EpochGuard.Guard> guard = role.map(r -> guard(owners, r));
            guard.ifPresent(epochs::check);
            if (!exists) {
                new MissingSnapshots(index.now(), rule)
                        .describe(location, store, repository, owners)
                        .ifPresent(cause -> {
                            throw BreakwaterException.retryable(Reason.Tampered, cause);
                        });
            }
            if (!record.isRunning()) {
                Round round = rounds.get(id(location, repository.id()));
                write(location, store, repository.id(), record.start(now, round == null ? now : round.began()));
            }
            return new Prepared(owners, guard, exists, null);
        } catch (BreakwaterException e) {
            write(location, store, repository.id(), record.fail(now));
            throw e;
        }
    }

    private Optional<String> busy(
            BackupLocation location, OwnedRepository repository, List<CapturedNamespace> owners, Set<String> runs) {
        if (isCaptured(owners) && !isUrgent(location, repository)) {
            return Optional.of("a capture uses the repository");
        }
        if (copies.busy(repository.id())) {
            return Optional.of("a copy uses the repository");
        }
        String keyId = location.getStatus() == null ? null : location.getStatus().keyId;
        return keyId != null && runs.contains(RunLabel.ofRekey(location, repository.id(), keyId))
                ? Optional.of("the keys of the repository are being changed")
                : Optional.empty();
    }

    /** Whether a capture of an owner runs. Deletions use no lock of the repository. */
    private boolean isCaptured(Collection<CapturedNamespace> owners) {
        return owners.stream()
                .map(CapturedNamespace::name)
                .distinct()
                .flatMap(namespace -> index.in(namespace).stream())
                .anyMatch(RepositoryPrune::isRunning);
    }

    private static boolean isRunning(RestorePoint point) {
        return !point.isOver() && point.getMetadata().getDeletionTimestamp() == null;
    }

    /** The plan of the newest owner: only its namespace can still be captured. */
    private Optional<PlanRole> role(List<CapturedNamespace> owners) {
        return plans.roleOf(owners.getLast().name());
    }

    private EpochGuard.Guard guard(List<CapturedNamespace> owners, PlanRole role) {
        String namespace = owners.getLast().name();
        return new EpochGuard.Guard(
                locations.resolve(namespace, role.rendezvous()), namespace, role.plan(), role.epoch());
    }

    /** One look at the Job. It is deleted after the record is written, so that a killed operator finds it. */
    private State work(BackupLocation location, OwnedRepository repository, Prepared ready) {
        String run = RunLabel.ofPrune(location, repository.id());
        String id = "unsealed/" + location.getMetadata().getUid() + "/" + repository.id();
        var access = new Repositories.Access(location, repository, Repositories.Mode.MAINTAIN, ready.guard());
        var task = new MoverTask.Prune(config.sweep().prune().maxRepack());
        var request = new MoverJobs.Request(config.namespace(), run, id, task, access);
        if (isCaptured(ready.owners()) && !isUrgent(location, repository)) {
            return end(location, repository, new State.Interrupted("a capture needs the repository"), null);
        }
        if (!ready.exists() && copies.busy(repository.id())) {
            return end(location, repository, new State.Interrupted("a copy uses the repository"), null);
        }
        MoverJobs.State polled = movers.poll(request);
        prepared.computeIfPresent(id(location, repository.id()), (k, p) -> p.started());
        return switch (polled) {
            case MoverJobs.State.Running(String message) -> new State.Running(message);
            case MoverJobs.State.Succeeded(JsonNode report) ->
                end(
                        location,
                        repository,
                        new State.Succeeded(number(report, "deleted").orElse(0L)),
                        report);
            case MoverJobs.State.Failed(String message) ->
                end(
                        location,
                        repository,
                        new State.Failed(BreakwaterException.retryable(
                                Reason.MoverFailed, "could not prune repository " + repository + ": " + message)),
                        null);
        };
    }

    private State end(BackupLocation location, OwnedRepository repository, State state, JsonNode report) {
        ObjectStore store = stores.open(location);
        Instant now = LocationDocument.now(store, clock);
        PruneRecord record = record(location, store, repository.id(), now);
        PruneRecord next = switch (state) {
            case State.Succeeded s ->
                record.succeed(now, number(report, "remaining").orElse(null));
            case State.Interrupted i -> record.interrupt(now);
            default -> record.fail(now);
        };
        write(location, store, repository.id(), next);
        movers.delete(config.namespace(), RunLabel.ofPrune(location, repository.id()));
        return state;
    }

    private static Optional<Long> number(JsonNode report, String field) {
        JsonNode value = report == null ? null : report.get(field);
        return value != null && value.isIntegralNumber() && value.asLong() >= 0
                ? Optional.of(value.asLong())
                : Optional.empty();
    }
}
