package io.breakwater.location;

import io.breakwater.api.BackupLocation;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Quota;
import io.breakwater.api.Reason;
import io.breakwater.config.BreakwaterConfig;
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
 * How much of their quotas repositories use: what lies in the store below their prefixes, seen by listing, and what this
 * process has added since. A quota is used up when so much lies there; what is being uploaded at that moment still passes.
 *
 * <p>Nobody is refused by what was only reckoned: right before, the repository is listed. Whoever adds lists again after each
 * eighth of the room that is left, so that up to eight gateways that know nothing of each other do not run past the quota
 * together by more than {@link RepositorySize#STEP} and their uploads each.
 */
@ApplicationScoped
public class Quotas {
    /** From which part on a repository is told of. */
    private static final double NEAR = 0.9;

    /** What may lie beside the packs of a repository that is full: an eighth, and this in small ones. */
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
     * How a repository stands.
     *
     * @param used bytes
     * @param allowed bytes
     */
    public record Usage(String site, String namespace, long used, long allowed) {
        /** Whether nothing more may be added. */
        public boolean isOver() {
            return used >= allowed;
        }

        /** Whether that is close. */
        public boolean isNear() {
            return !isOver() && used >= NEAR * allowed;
        }

        /** Both figures for people. */
        public String text() {
            return Quota.text(used) + " of " + Quota.text(allowed);
        }
    }

    /** Whether a quota holds for a namespace in a location. */
    public static boolean limits(BackupLocation location, String namespace) {
        return limit(location, namespace).isPresent();
    }

    /**
     * Passes when something may be added to a repository.
     *
     * @param pack whether it is of what counts; other files pass for a while longer
     * @throws BreakwaterException QuotaExceeded, when nothing may; StoreUnavailable, when that cannot be found out
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

    /** Says that so many bytes were added to a repository. */
    public void added(BackupLocation location, String site, String namespace, long bytes) {
        if (bytes > 0 && limits(location, namespace)) {
            size(location, site, namespace).add(bytes);
        }
    }

    /**
     * Why nothing can be added to this site's repository of a namespace; empty when something can. May list the repository.
     *
     * @throws BreakwaterException StoreUnavailable, when that cannot be found out
     */
    public Optional<BreakwaterException> exceeded(BackupLocation location, String namespace) {
        return limit(location, namespace)
                .map(allowed -> new Usage(ownSite, namespace, upTo(location, ownSite, namespace, allowed), allowed))
                .filter(Usage::isOver)
                .map(usage -> exceeded(location, usage));
    }

    /** How this site's repository of a namespace stood when it was looked at; empty before, and without a quota. */
    public Optional<Usage> known(BackupLocation location, String namespace) {
        return limit(location, namespace)
                .flatMap(allowed -> Optional.ofNullable(sizes.get(id(location, ownSite, namespace)))
                        .flatMap(RepositorySize::known)
                        .map(used -> new Usage(ownSite, namespace, used, allowed)));
    }

    /** Lists all repositories of a location, whose ever they are, and tells how those with a quota stand. */
    public List<Usage> measure(BackupLocation location) {
        Map<String, Long> bytes = new HashMap<>();
        Map<String, RepositorySize.Mark> marks = new HashMap<>();
        RepositorySize.Mark start = new RepositorySize.Mark(nanos.getAsLong(), 0);
        sizes.forEach((id, size) -> marks.put(id, size.mark()));
        String all = StoreLayout.repositories();
        stores.open(location).list(all, o -> {
            String[] parts = o.key().substring(all.length()).split("/", 3);
            if (parts.length == 3) {
                bytes.merge(parts[0] + "/" + parts[1], o.size(), Long::sum);
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

    /** What is told wherever a quota stands in the way. */
    public static BreakwaterException exceeded(BackupLocation location, Usage usage) {
        String name = location.getMetadata().getNamespace() + "/"
                + location.getMetadata().getName();
        return BreakwaterException.permanent(
                Reason.QuotaExceeded,
                "namespace " + usage.namespace() + " holds " + usage.used() + " bytes in BackupLocation " + name
                        + " and may hold " + usage.allowed() + " (" + usage.text()
                        + "), so nothing is added; delete RestorePoints or keep fewer by spec.retention of the"
                        + " BackupPolicy, whose bytes are free after the grace period, or have spec.quota of the"
                        + " BackupLocation raised");
    }

    private static Optional<Long> limit(BackupLocation location, String namespace) {
        Quota quota = location.getSpec().quota;
        return quota == null ? Optional.empty() : quota.of(namespace);
    }

    private long upTo(BackupLocation location, String site, String namespace, long limit) {
        return size(location, site, namespace).upTo(limit, () -> {
            long[] sum = {0};
            stores.open(location).list(StoreLayout.repository(site, namespace), o -> sum[0] += o.size());
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
