package io.breakwater.location;

import io.breakwater.api.BackupLocation;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.ObjectNames;
import io.breakwater.api.Quota;
import io.breakwater.api.Reason;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.store.GatheringBound;
import io.breakwater.store.ObjectStore;
import io.breakwater.store.StoreLayout;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
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

    private final Stores stores;
    private final String ownSite;
    private final LongSupplier nanos;
    private final Map<String, RepositorySize> sizes = new ConcurrentHashMap<>();

    @Inject
    public Quotas(Stores stores, BreakwaterConfig config) {
        this(stores, config.site(), System::nanoTime);
    }

    /** @param nanos the monotonic clock */
    Quotas(Stores stores, String ownSite, LongSupplier nanos) {
        this.stores = stores;
        this.ownSite = ownSite;
        this.nanos = nanos;
    }

    /**
     * Usage of the quota of a repository.
     *
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
    public void admit(BackupLocation location, String site, String namespace, boolean pack) {
        Optional<Long> allowed = limit(location, namespace);
        if (allowed.isEmpty()) {
            return;
        }
        long most = pack ? allowed.get() : plus(allowed.get(), Math.max(LEAST_SLACK, allowed.get() / 8));
        long used = upTo(location, site, namespace, most);
        if (used >= most) {
            throw exceeded(location, new Usage(site, namespace, used, allowed.get()));
        }
    }

    /** Records that this many bytes were added to a repository. */
    public void added(BackupLocation location, String site, String namespace, long bytes) {
        if (bytes > 0 && limits(location, namespace)) {
            size(location, site, namespace).add(bytes);
        }
    }

    /**
     * Why no data can be added to this site's repository of a namespace; empty if it can. May list the repository.
     *
     * @throws BreakwaterException StoreUnavailable, if the size cannot be read
     */
    public Optional<BreakwaterException> exceeded(BackupLocation location, String namespace) {
        return limit(location, namespace)
                .map(allowed -> new Usage(ownSite, namespace, upTo(location, ownSite, namespace, allowed), allowed))
                .filter(Usage::isOver)
                .map(usage -> exceeded(location, usage));
    }

    /** Last known usage of this site's repository of a namespace; empty before it was listed, and without a quota. */
    public Optional<Usage> known(BackupLocation location, String namespace) {
        return limit(location, namespace)
                .flatMap(allowed -> Optional.ofNullable(sizes.get(id(location, ownSite, namespace)))
                        .flatMap(RepositorySize::known)
                        .map(used -> new Usage(ownSite, namespace, used, allowed)));
    }

    /** Lists the repositories of all sites in a location, and returns the usage of those with a quota. */
    public List<Usage> measure(BackupLocation location) {
        Map<String, Long> bytes = new HashMap<>();
        Map<String, RepositorySize.Mark> marks = new HashMap<>();
        RepositorySize.Mark start = new RepositorySize.Mark(nanos.getAsLong(), 0);
        sizes.forEach((id, size) -> marks.put(id, size.mark()));
        String all = StoreLayout.repositories();
        ObjectStore store = stores.open(location);
        GatheringBound gathered = new GatheringBound(store, all);
        store.list(all, o -> {
            String[] parts = o.key().substring(all.length()).split("/", 3);
            if (parts.length == 3) {
                if (!bytes.containsKey(parts[0] + "/" + parts[1])) {
                    gathered.add(o.key());
                }
                bytes.merge(parts[0] + "/" + parts[1], o.size(), Quotas::plus);
            }
        });
        List<Usage> found = new ArrayList<>();
        bytes.forEach((repository, used) -> {
            String[] parts = repository.split("/");
            limit(location, parts[1]).ifPresent(allowed -> {
                String id = id(location, parts[0], parts[1]);
                size(location, parts[0], parts[1]).settle(used, marks.getOrDefault(id, start));
                found.add(new Usage(parts[0], parts[1], used, allowed));
            });
        });
        return found;
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

    private long upTo(BackupLocation location, String site, String namespace, long limit) {
        return size(location, site, namespace).upTo(limit, () -> {
            long[] sum = {0};
            stores.open(location).list(StoreLayout.repository(site, namespace), o -> sum[0] = plus(sum[0], o.size()));
            return sum[0];
        });
    }

    private RepositorySize size(BackupLocation location, String site, String namespace) {
        return sizes.computeIfAbsent(id(location, site, namespace), id -> new RepositorySize(nanos));
    }

    private static String id(BackupLocation location, String site, String namespace) {
        return location.getMetadata().getUid() + "/" + site + "/" + namespace;
    }

    private static long plus(long a, long b) {
        return a > Long.MAX_VALUE - b ? Long.MAX_VALUE : a + b;
    }
}
