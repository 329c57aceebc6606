package io.breakwater.election;

import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.coordination.v1.Lease;
import io.fabric8.kubernetes.api.model.coordination.v1.LeaseSpec;
import io.fabric8.kubernetes.api.model.coordination.v1.LeaseSpecBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.net.HttpURLConnection;
import java.time.Clock;
import java.time.Duration;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.util.Objects;
import java.util.Optional;
import java.util.function.LongSupplier;

/**
 * The Lease of Kubernetes that names the pod which leads. Each write depends on the resource version that was read. A pod takes
 * the Lease when its holder gave it back, when the holder's pod does not exist any more, or when the Lease did not change for its
 * duration while this process watched. Times in it were written by clocks of other nodes, and serve for people only.
 */
final class LeaderLease {
    static final Duration DURATION = Duration.ofSeconds(10);
    private static final Duration LONGEST = Duration.ofMinutes(1);

    /** The last change of the Lease, by the monotonic clock of this process. */
    private record SeenRenewal(String holder, ZonedDateTime renewed, long nanos) {}

    private final KubernetesClient client;
    private final String namespace;
    private final String name;
    private final String pod;
    private final Clock clock;
    private final LongSupplier nanos;
    private SeenRenewal seen;

    /**
     * @param name of the Lease
     * @param pod that competes; a container that starts again in it is the same competitor
     * @param nanos a monotonic clock
     */
    LeaderLease(KubernetesClient client, String namespace, String name, String pod, Clock clock, LongSupplier nanos) {
        this.client = client;
        this.namespace = namespace;
        this.name = name;
        this.pod = pod;
        this.clock = clock;
        this.nanos = nanos;
    }

    /**
     * Renews or takes the Lease, or only looks at it.
     *
     * @return the pod that leads after this attempt; empty if it is not known, because another process wrote at the same time
     * @throws KubernetesClientException when the API server cannot be asked
     */
    Optional<String> attempt() {
        try {
            Lease found = find();
            if (found == null) {
                client.resource(written(null)).create();
                return Optional.of(pod);
            }
            String holder = found.getSpec() == null ? null : found.getSpec().getHolderIdentity();
            if (pod.equals(holder) || isTakeable(holder, found.getSpec())) {
                client.resource(written(found)).update();
                return Optional.of(pod);
            }
            return Optional.of(holder);
        } catch (KubernetesClientException e) {
            if (e.getCode() == HttpURLConnection.HTTP_CONFLICT) {
                return Optional.empty();
            }
            throw e;
        }
    }

    /**
     * Gives the Lease back, so that the next pod need not wait. Has no effect unless this pod holds it.
     *
     * @throws KubernetesClientException when the API server cannot be asked, or another process wrote at the same time
     */
    void release() {
        Lease found = find();
        if (found != null
                && found.getSpec() != null
                && pod.equals(found.getSpec().getHolderIdentity())) {
            found.getSpec().setHolderIdentity("");
            client.resource(found).update();
        }
    }

    private Lease find() {
        return client.leases().inNamespace(namespace).withName(name).get();
    }

    private boolean isTakeable(String holder, LeaseSpec spec) {
        if (holder == null || holder.isEmpty()) {
            return true;
        }
        long now = nanos.getAsLong();
        if (seen == null || !holder.equals(seen.holder()) || !Objects.equals(spec.getRenewTime(), seen.renewed())) {
            seen = new SeenRenewal(holder, spec.getRenewTime(), now);
            return false;
        }
        return now - seen.nanos() > durationOf(spec).toNanos() || isGone(holder);
    }

    private boolean isGone(String holder) {
        Pod found = client.pods().inNamespace(namespace).withName(holder).get();
        return found == null;
    }

    /** What the holder promised, within bounds. */
    private static Duration durationOf(LeaseSpec spec) {
        Duration promised =
                spec.getLeaseDurationSeconds() == null ? DURATION : Duration.ofSeconds(spec.getLeaseDurationSeconds());
        Duration atLeast = promised.compareTo(DURATION) < 0 ? DURATION : promised;
        return atLeast.compareTo(LONGEST) > 0 ? LONGEST : atLeast;
    }

    private Lease written(Lease before) {
        ZonedDateTime now = ZonedDateTime.ofInstant(clock.instant(), ZoneOffset.UTC);
        LeaseSpec spec = before == null || before.getSpec() == null ? new LeaseSpec() : before.getSpec();
        boolean renews = pod.equals(spec.getHolderIdentity());
        int transitions = spec.getLeaseTransitions() == null ? 0 : spec.getLeaseTransitions();
        Lease lease = before == null ? new Lease() : before;
        if (before == null) {
            lease.setMetadata(new ObjectMetaBuilder()
                    .withName(name)
                    .withNamespace(namespace)
                    .build());
        }
        lease.setSpec(new LeaseSpecBuilder()
                .withHolderIdentity(pod)
                .withLeaseDurationSeconds((int) DURATION.toSeconds())
                .withRenewTime(now)
                .withAcquireTime(renews ? spec.getAcquireTime() : now)
                .withLeaseTransitions(renews ? transitions : transitions + 1)
                .build());
        return lease;
    }
}
