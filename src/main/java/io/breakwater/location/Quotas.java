package io.breakwater.location;

import io.breakwater.api.BackupLocation;
import io.breakwater.api.BoundedCache;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.ObjectNames;
import io.breakwater.api.Quota;
import io.breakwater.api.Reason;
import io.breakwater.api.RepositoryNames;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.store.CapturedNamespace;
import io.breakwater.store.GatheringBound;
import io.breakwater.store.ObjectStore;
import io.breakwater.store.OwnedRepository;
import io.breakwater.store.StoreLayout;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongSupplier;

/**
 * How much of their quotas repositories use: the bytes below their prefixes in the store, by listing, and the bytes that this
 * process has added since. A quota is exceeded when so many bytes are stored. Uploads that run at that moment still succeed.
 *
 * <p>An upload is never refused because of an estimate: the repository is listed immediately before. A gateway that adds data
 * lists again after each eighth of the remaining room. So up to eight gateways that do not know of each other exceed the quota
 * together by at most {@link RepositorySize#STEP} and their running uploads each.
 */
@ApplicationScoped
public class Quotas {
    /** Part of a quota above which a repository is reported. */
    private static final double NEAR = 0.9;

    /** Room for other files than packs in a repository that is full: an eighth of the quota, and at least this. */
    private static final long LEAST_SLACK = 64L << 20;

    /** Repositories whose size is remembered. The size of another one is read again. */
    private static final int REMEMBERED = 20_000;

    private final Stores stores;
    private final RepositoryRegister register;
    private final String ownSite;
    private final LongSupplier nanos;
    private final Map<String, RepositorySize> sizes = BoundedCache.of(REMEMBERED);

    /** The repository of each namespace of this site, as it was last used or measured. */
    private final Map<String, String> latest = BoundedCache.of(REMEMBERED);

    @Inject
    public Quotas(Stores stores, RepositoryRegister register, BreakwaterConfig config) {
        this(stores, register, config.site(), System::nanoTime);
    }

    /** @param nanos the monotonic clock */
    Quotas(Stores stores, RepositoryRegister register, String ownSite, LongSupplier nanos) {
        this.stores = stores;
        this.register = register;
        this.ownSite = ownSite;
        this.nanos = nanos;
    }

    /**
     * Usage of the quota of a repository.
     *
     * @param site of the namespace
     * @param namespace that owns the repository; the newest owner, where there are several
     * @param used bytes
     * @param allowed bytes
     */
    public record Usage(String site, String namespace, long used, long allowed) {
        /** Whether the quota is exceeded, so that no data may be added. */
        public boolean isOver() {
            return used >= allowed;
        }

        /** Whether more than 90 % of the quota is used, and the quota is not exceeded. */
        public boolean isNear() {
            return !isOver() && used >= NEAR * allowed;
        }

        /** Both numbers with units, as {@code 95 GiB of 100 GiB}. */
        public String text() {
            return Quota.text(used) + " of " + Quota.text(allowed);
        }
    }

    /** Whether a namespace has a quota in a location. */
    public static boolean limits(BackupLocation location, String namespace) {
        return limit(location, namespace).isPresent();
    }

    /**
     * Returns if data may be added to a repository.
     *
     * @param pack whether the data is a pack; other files may exceed the quota by an eighth
     * @throws BreakwaterException QuotaExceeded, if no data may be added; StoreUnavailable, if the size cannot be read
     */
    public void admit(BackupLocation location, OwnedRepository repository, boolean pack) {
        Optional<Long> allowed = limit(location, repository.source().name());
        if (allowed.isEmpty()) {
            return;
        }
        remember(location, repository.source(), repository.id());
        long most = pack ? allowed.get() : plus(allowed.get(), Math.max(LEAST_SLACK, allowed.get() / 8));
        long used = upTo(location, repository.id(), most);
        if (used >= most) {
            throw exceeded(location, usage(repository.source(), used, allowed.get()));
        }
    }

    /** Records that this many bytes were added to a repository. */
    public void added(BackupLocation location, OwnedRepository repository, long bytes) {
        if (bytes > 0 && limits(location, repository.source().name())) {
            size(location, repository.id()).add(bytes);
        }
    }

    /**
     * Why no data can be added to the repository of a namespace; empty if it can. May list the repository. A namespace without
     * a repository uses nothing.
     *
     * @throws BreakwaterException StoreUnavailable, if the size cannot be read
     */
    public Optional<BreakwaterException> exceeded(BackupLocation location, CapturedNamespace source) {
        Optional<Long> limit = limit(location, source.name());
        return limit.flatMap(allowed -> register.find(location, source))
                .map(repository -> {
                    remember(location, source, repository.id());
                    return usage(source, upTo(location, repository.id(), limit.get()), limit.get());
                })
                .filter(Usage::isOver)
                .map(usage -> exceeded(location, usage));
    }

    /** Which repository a namespace of this site writes to, or has written to last. */
    private void remember(BackupLocation location, CapturedNamespace source, String repository) {
        if (source.site().equals(ownSite)) {
            latest.put(id(location, source.name()), repository);
        }
    }

    private static Usage usage(CapturedNamespace source, long used, long allowed) {
        return new Usage(source.site(), source.name(), used, allowed);
    }

    /** Last known usage of the repository of a namespace of this site; empty before it was listed, and without a quota. */
    public Optional<Usage> known(BackupLocation location, String namespace) {
        return limit(location, namespace)
                .flatMap(allowed -> Optional.ofNullable(latest.get(id(location, namespace)))
                        .flatMap(repository -> Optional.ofNullable(sizes.get(id(location, repository))))
                        .flatMap(RepositorySize::known)
                        .map(used -> new Usage(ownSite, namespace, used, allowed)));
    }

    /**
     * Lists all repositories in a location, and returns the usage of those with a quota. A repository counts for its newest
     * owner. A namespace that is the newest owner of several is reported with the largest.
     */
    public List<Usage> measure(BackupLocation location) {
        Map<String, Long> bytes = new HashMap<>();
        Map<String, RepositorySize.Mark> marks = new HashMap<>();
        RepositorySize.Mark start = new RepositorySize.Mark(nanos.getAsLong(), 0);
        sizes.forEach((id, size) -> marks.put(id, size.mark()));
        String all = StoreLayout.repositories();
        ObjectStore store = stores.open(location);
        GatheringBound gathered = new GatheringBound(store, all);
        store.list(all, o -> {
            String[] parts = o.key().substring(all.length()).split("/", 2);
            if (parts.length == 2 && RepositoryNames.isRepository(parts[0]) && isData(o, parts[0])) {
                if (!bytes.containsKey(parts[0])) {
                    gathered.add(o.key());
                }
                bytes.merge(parts[0], o.size(), Quotas::plus);
            }
        });
        Map<String, Usage> found = new LinkedHashMap<>();
        register.list(location).stream()
                .filter(repository -> repository.source() != null && bytes.containsKey(repository.id()))
                .forEach(repository -> limit(location, repository.source().name())
                        .ifPresent(allowed -> {
                            long used = bytes.get(repository.id());
                            size(location, repository.id())
                                    .settle(used, marks.getOrDefault(id(location, repository.id()), start));
                            Usage usage = usage(repository.source(), used, allowed);
                            Usage largest = found.merge(
                                    repository.source().toString(), usage, (x, y) -> x.used() >= y.used() ? x : y);
                            if (largest == usage) {
                                remember(location, repository.source(), repository.id());
                            }
                        }));
        return List.copyOf(found.values());
    }

    /** The error for every operation that a quota prevents. */
    public static BreakwaterException exceeded(BackupLocation location, Usage usage) {
        return BreakwaterException.permanent(
                Reason.QuotaExceeded,
                "namespace " + usage.namespace() + " uses " + usage.used() + " of " + usage.allowed()
                        + " bytes in " + ObjectNames.of(location) + " (" + usage.text()
                        + "), so no data is added; delete RestorePoints, or reduce spec.retention of the BackupPolicy,"
                        + " which frees bytes after the grace period, or raise spec.quota of the BackupLocation");
    }

    private static Optional<Long> limit(BackupLocation location, String namespace) {
        Quota quota = location.getSpec().quota;
        return quota == null ? Optional.empty() : quota.of(namespace);
    }

    private long upTo(BackupLocation location, String repository, long limit) {
        return size(location, repository).upTo(limit, () -> {
            long[] sum = {0};
            stores.open(location)
                    .list(
                            StoreLayout.repository(repository),
                            o -> sum[0] = plus(sum[0], isData(o, repository) ? o.size() : 0));
            return sum[0];
        });
    }

    /** The record of a repository is not the namespace's data. */
    private static boolean isData(ObjectStore.ObjectInfo object, String repository) {
        return !object.key().equals(StoreLayout.repositoryRecord(repository));
    }

    private RepositorySize size(BackupLocation location, String repository) {
        return sizes.computeIfAbsent(id(location, repository), id -> new RepositorySize(nanos));
    }

    private static String id(BackupLocation location, String name) {
        return location.getMetadata().getUid() + "/" + name;
    }

    private static long plus(long a, long b) {
        return a > Long.MAX_VALUE - b ? Long.MAX_VALUE : a + b;
    }
}
