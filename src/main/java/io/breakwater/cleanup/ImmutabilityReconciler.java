package io.breakwater.cleanup;

import io.breakwater.api.BackupLocation;
import io.breakwater.api.BackupLocationSpec.AccessMode;
import io.breakwater.api.BackupLocationStatus;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Condition;
import io.breakwater.api.Durations;
import io.breakwater.api.ObjectNames;
import io.breakwater.api.Reason;
import io.breakwater.catalog.Catalog;
import io.breakwater.catalog.PointDocument;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.location.LocationController;
import io.breakwater.location.LocationWork;
import io.breakwater.location.RepositoryRegister;
import io.breakwater.location.Stores;
import io.breakwater.location.keys.LocationDocument;
import io.breakwater.observe.Conditions;
import io.breakwater.observe.Events;
import io.breakwater.observe.MeterName;
import io.breakwater.observe.Meters;
import io.breakwater.observe.StatusWriter;
import io.breakwater.store.ObjectStore;
import io.breakwater.store.OldVersions;
import io.breakwater.store.OwnedRepository;
import io.breakwater.store.StoreLayout;
import io.breakwater.trust.PointKey;
import io.breakwater.watch.ObjectCache;
import io.javaoperatorsdk.operator.api.config.informer.Informer;
import io.javaoperatorsdk.operator.api.reconciler.ControllerConfiguration;
import io.javaoperatorsdk.operator.processing.retry.GradualRetry;
import jakarta.inject.Singleton;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.jboss.logging.Logger;

/** Extends object locks in each location that has them, and deletes hidden versions whose locks expired. */
@Singleton
@ControllerConfiguration(name = "immutability", informer = @Informer(comparableResourceVersions = false))
@GradualRetry(maxAttempts = Integer.MAX_VALUE, initialInterval = 2000, intervalMultiplier = 1.5, maxInterval = 60_000)
class ImmutabilityReconciler extends LocationController<ImmutabilityReconciler.Done> {
    /** How often versions are listed, and how often {@link LockExtension} checks whether locks must be extended. */
    private static final Duration EVERY = Duration.ofHours(1);

    private static final Duration RETRY = Duration.ofMinutes(5);

    private static final Logger LOG = Logger.getLogger(ImmutabilityReconciler.class);

    /** For how long the condition Intact reports a deletion that Breakwater did not make. */
    private static final Duration ALARM = Duration.ofDays(1);

    private static final MeterName[] GAUGES = {
        MeterName.IMMUTABILITY_AGE, MeterName.IMMUTABILITY_PERIOD, MeterName.LOCKED_VERSIONS, MeterName.LOCKED_BYTES
    };

    private final Stores stores;
    private final Catalog catalog;
    private final BreakwaterConfig config;
    private final StatusWriter writer;
    private final Meters meters;
    private final Events events;
    private final Clock clock;
    private final RepositoryRegister register;
    private final Map<String, Instant> alarms = new ConcurrentHashMap<>();

    ImmutabilityReconciler(
            ObjectCache objects,
            Stores stores,
            Catalog catalog,
            BreakwaterConfig config,
            StatusWriter writer,
            Meters meters,
            Events events,
            Clock clock,
            RepositoryRegister register) {
        super(objects, LocationWork.IMMUTABILITY, clock);
        this.stores = stores;
        this.catalog = catalog;
        this.config = config;
        this.writer = writer;
        this.meters = meters;
        this.events = events;
        this.clock = clock;
        this.register = register;
    }

    record Done(LockExtension.Result locks, OldVersions.Swept versions) {}

    @Override
    protected boolean applies(BackupLocation location) {
        return super.applies(location)
                && location.getSpec().accessMode != AccessMode.ReadOnly
                && location.getSpec().immutability != null;
    }

    @Override
    protected Done work(BackupLocation location) {
        ObjectStore store = stores.open(location);
        Instant now = LocationDocument.now(store, clock);
        LockExtension locks =
                new LockExtension(store, key -> needs(location, key), config.site(), period(location), now);
        try {
            // First, so that the locks of objects that are restored here are extended with the others.
            OldVersions.Swept versions = sweep(location, store, StoreLayout.prefixesFor(config.site()), now);
            // After the owner entries of the site are visible again.
            List<String> repositories =
                    register.ownedBy(location, config.site(), e -> warn(location, e)).values().stream()
                            .distinct()
                            .flatMap(id -> StoreLayout.prefixesForRepository(id).stream())
                            .toList();
            return new Done(locks.run(), versions.with(sweep(location, store, repositories, now)));
        } catch (BreakwaterException e) {
            measureAge(location, locks);
            throw e;
        }
    }

    /** Exports the age of the locks after a failed round too: this process may not have completed one. */
    private void measureAge(BackupLocation location, LockExtension locks) {
        try {
            setAge(location, locks.oldest());
        } catch (BreakwaterException e) {
            LOG.warnf("%s: the age of its locks is unknown: %s", ObjectNames.of(location), e.getMessage());
        }
    }

    private OldVersions.Swept sweep(BackupLocation location, ObjectStore store, List<String> prefixes, Instant now) {
        return OldVersions.sweep(store, prefixes, config.sweep().grace(), LockExtension.least(period(location)), now);
    }

    /** What a point needs. Names in a seal that cannot be verified are not used. */
    private LockExtension.Needs needs(BackupLocation location, PointKey key) {
        try {
            Optional<PointDocument> document = catalog.find(location, key);
            return new LockExtension.Needs(
                    document.stream()
                            .flatMap(d -> d.objects().stream())
                            .map(PointDocument.StoredObject::key)
                            .toList(),
                    document.map(PointDocument::repository));
        } catch (BreakwaterException e) {
            if (e.isRetryable()) {
                throw e;
            }
            return new LockExtension.Needs(catalog.listOwnArchive(location, key), repository(location, key));
        }
    }

    /** The repository that the owner entry of a point's namespace names; empty when the entry cannot be verified either. */
    private Optional<String> repository(BackupLocation location, PointKey key) {
        try {
            return register.find(location, key.source()).map(OwnedRepository::id);
        } catch (BreakwaterException e) {
            if (e.isRetryable()) {
                throw e;
            }
            return Optional.empty();
        }
    }

    private void warn(BackupLocation location, BreakwaterException e) {
        events.warning(location, e.reason(), e.getMessage());
    }

    @Override
    protected Duration done(BackupLocation location, Done done) {
        report(location, done);
        return EVERY;
    }

    @Override
    protected Duration failed(BackupLocation location, BreakwaterException e) {
        events.warning(
                location,
                e.reason(),
                "could not extend object locks or delete expired versions, will retry: " + e.getMessage());
        return RETRY;
    }

    @Override
    protected void released(BackupLocation location) {
        if (location.getStatus() != null
                && location.getStatus().condition(Condition.INTACT).isPresent()) {
            writer.update(
                    location,
                    BackupLocationStatus.class,
                    s -> Conditions.of(s, location.getMetadata().getGeneration(), clock)
                            .clear(Condition.INTACT));
        }
    }

    @Override
    protected void forget(BackupLocation location) {
        for (MeterName gauge : GAUGES) {
            meters.remove(gauge, tags(location));
        }
        alarms.remove(location.getMetadata().getUid());
    }

    private void report(BackupLocation location, Done done) {
        String[] tags = tags(location);
        setAge(location, done.locks().oldest());
        meters.count(MeterName.IMMUTABILITY_EXTENDED, done.locks().extended(), tags);
        meters.set(MeterName.LOCKED_VERSIONS, done.versions().waiting(), tags);
        meters.set(MeterName.LOCKED_BYTES, done.versions().waitingBytes(), tags);
        reportForeignDeletions(location, done.versions().restored());
        if (done.locks().extended() > 0) {
            events.normal(
                    location,
                    Reason.Locked,
                    "extended the locks of " + done.locks().extended() + " of "
                            + done.locks().objects() + " objects");
        }
        if (done.versions().bytes() > 0) {
            events.normal(
                    location,
                    Reason.Deleting,
                    "freed " + done.versions().bytes() + " bytes of "
                            + done.versions().removed()
                            + " versions whose locks expired; "
                            + done.versions().waitingBytes()
                            + " bytes wait until their locks expire");
        }
    }

    private void setAge(BackupLocation location, Optional<Instant> oldest) {
        oldest.ifPresent(at -> meters.age(MeterName.IMMUTABILITY_AGE, at, tags(location)));
        meters.set(MeterName.IMMUTABILITY_PERIOD, period(location).toSeconds(), tags(location));
    }

    /** Reports deletions that Breakwater did not make; for a day, since their objects are restored at once. */
    private void reportForeignDeletions(BackupLocation location, List<String> restored) {
        Instant now = clock.instant();
        meters.count(MeterName.FOREIGN_REMOVALS, restored.size(), tags(location));
        if (!restored.isEmpty()) {
            String message = "restored " + restored.size()
                    + " objects that someone else deleted with the store's credentials, such as " + restored.getFirst()
                    + ". Rotate the store credentials and check the store's access log";
            alarms.put(location.getMetadata().getUid(), now);
            setIntact(location, false, Reason.Tampered, message);
            events.warning(location, Reason.Tampered, message);
            return;
        }
        Optional<Condition> reported =
                Optional.ofNullable(location.getStatus()).flatMap(s -> s.condition(Condition.INTACT));
        Instant last = alarms.computeIfAbsent(
                location.getMetadata().getUid(),
                id -> reported.filter(c -> !c.holds())
                        .map(c -> Instant.parse(c.lastTransitionTime))
                        .orElse(Instant.EPOCH));
        if (!last.plus(ALARM).isAfter(now)) {
            setIntact(
                    location,
                    true,
                    Reason.Ready,
                    "no object that restore points need was deleted by anyone other than Breakwater");
        }
    }

    private void setIntact(BackupLocation location, boolean intact, Reason reason, String message) {
        writer.update(
                location,
                BackupLocationStatus.class,
                s -> Conditions.of(s, location.getMetadata().getGeneration(), clock)
                        .set(Condition.INTACT, intact, reason, message));
    }

    private static Duration period(BackupLocation location) {
        return Durations.parse(location.getSpec().immutability.period);
    }
}
