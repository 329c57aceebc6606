package io.breakwater.gate;

import io.breakwater.api.Api;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.api.WorkloadName;
import io.breakwater.config.BreakwaterConfig;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import jakarta.enterprise.context.ApplicationScoped;
import java.net.HttpURLConnection;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.jboss.logging.Logger;

/**
 * The gate of a namespace: while it is closed for anybody, no pod of the application runs or starts; movers do. Closed for
 * several holders at a time (a FailoverPlan, a Restore), it opens when the last of them lets go. A holder may hold back the
 * pods of some workloads only, and let the others go before. Every method may be called again at any time, and goes on where
 * a killed process stopped.
 */
@ApplicationScoped
public class NamespaceGate {
    private static final Logger LOG = Logger.getLogger(NamespaceGate.class);
    /** What the name of a holder that is a Restore begins with: {@code restore/<namespace>.<name>}. */
    public static final String RESTORE = "restore/";

    /** What the name of a holder that is a FailoverPlan begins with: {@code failoverplan/<name>}. */
    public static final String PLAN = "failoverplan/";

    private static final Set<String> NEVER = Set.of("kube-system", "kube-public", "kube-node-lease");
    private static final int TRIES = 5;

    private final KubernetesClient client;
    private final String ownNamespace;
    private final GatedPods pods;
    private final Map<String, ReentrantLock> locks = new ConcurrentHashMap<>();

    public NamespaceGate(KubernetesClient client, BreakwaterConfig config) {
        this.client = client;
        this.ownNamespace = config.namespace();
        this.pods = new GatedPods(client);
    }

    /**
     * Closes the gate for the holder and begins to end what runs, each pod with its own grace period.
     *
     * @see #close(String, String, Duration)
     */
    public void close(String namespace, String holder) {
        close(namespace, holder, null);
    }

    /**
     * Closes the gate for the holder and begins to end what runs: pods, and Jobs of CronJobs. Pods are never removed by
     * force: one whose node does not answer keeps the namespace from being quiet, since it may still write.
     *
     * @param holder who asks, as {@code failoverplan/shop}
     * @param grace at most this much time for a pod to end; its own grace period when null
     * @throws BreakwaterException when the namespace does not exist or may not be gated
     */
    public void close(String namespace, String holder, Duration grace) {
        if (namespace.equals(ownNamespace) || NEVER.contains(namespace)) {
            throw BreakwaterException.permanent(
                    Reason.InvalidSpec,
                    "namespace " + namespace + " cannot be held back: the cluster or Breakwater lives there");
        }
        if (holder.isBlank() || holder.contains(",")) {
            throw new IllegalArgumentException("'" + holder + "' is no holder such as failoverplan/shop");
        }
        locked(namespace, () -> {
            change(namespace, holders -> holders.add(holder), limits -> limits.remove(holder) != null);
            pods.end(namespace, grace, all -> true);
        });
    }

    /**
     * From now on holds back, for this holder, only the pods of some workloads; all others may run. Nothing where the gate is
     * not closed for the holder.
     *
     * @param workloads as {@code Deployment/web}
     */
    public void narrow(String namespace, String holder, Collection<String> workloads) {
        Set<WorkloadName> names = workloads.stream().map(WorkloadName::parse).collect(Collectors.toSet());
        locked(namespace, () -> {
            if (holders(namespace).contains(holder)) {
                change(namespace, holders -> false, limits -> !names.equals(limits.put(holder, names)));
                settle(namespace);
            }
        });
    }

    /** Which workloads' pods alone are held back for this holder, as {@code Deployment/web}; empty when it has no such limit. */
    public Optional<List<String>> limit(String namespace, String holder) {
        return Optional.ofNullable(
                        GateRules.limits(client.namespaces().withName(namespace).get())
                                .get(holder))
                .map(names ->
                        names.stream().map(WorkloadName::toString).sorted().toList());
    }

    /**
     * Whether nothing of the application runs any more. While the gate is closed this also ends pods that slipped in when
     * it closed.
     */
    public boolean endStragglers(String namespace) {
        if (pods.active(namespace).isEmpty()) {
            return true;
        }
        sweep(namespace);
        return false;
    }

    /** Lets go for the holder; when it was the last one, pods that were held back start. A missing namespace is open. */
    public void open(String namespace, String holder) {
        locked(namespace, () -> {
            Namespace present = client.namespaces().withName(namespace).get();
            if (present == null) {
                return;
            }
            if (GateRules.holders(present).contains(holder)) {
                change(namespace, holders -> holders.remove(holder), limits -> limits.remove(holder) != null);
            }
            settle(namespace);
        });
    }

    /** Whether the gate is closed for this holder. */
    public boolean closedBy(String namespace, String holder) {
        return holders(namespace).contains(holder);
    }

    /** Who keeps the gate closed, in the order in which they came; nobody where the namespace is missing. */
    public List<String> holders(String namespace) {
        return List.copyOf(
                GateRules.holders(client.namespaces().withName(namespace).get()));
    }

    /** Makes pods agree with the namespace's gate as it is: ends those that run behind a closed one, lets others go. */
    void sweep(String namespace) {
        locked(namespace, () -> settle(namespace));
    }

    private void settle(String namespace) {
        Namespace present = client.namespaces().withName(namespace).get();
        Predicate<HasMetadata> held = o -> GateRules.holds(present, o);
        if (GateRules.isStandby(present)) {
            pods.end(namespace, null, held);
        }
        pods.release(namespace, held);
    }

    /** Changes the holders, and label and annotations with them, unless somebody else changed them in between. */
    private void change(
            String namespace, Predicate<Set<String>> edit, Predicate<Map<String, Set<WorkloadName>>> editLimits) {
        for (int i = 0; i < TRIES; i++) {
            Namespace present = client.namespaces().withName(namespace).get();
            if (present == null) {
                throw BreakwaterException.retryable(
                        Reason.Pending, "namespace " + namespace + " does not exist; create it, or correct its name");
            }
            Set<String> holders = GateRules.holders(present);
            Map<String, Set<WorkloadName>> limits = GateRules.limits(present);
            // Both, whatever the first one says.
            boolean changed = edit.test(holders) | editLimits.test(limits);
            if (!changed && GateRules.isStandby(present) == !holders.isEmpty()) {
                return;
            }
            try {
                client.resource(with(present, holders, limits)).update();
                LOG.infof("namespace %s is held back by %s", namespace, holders.isEmpty() ? "nobody" : holders);
                return;
            } catch (KubernetesClientException e) {
                if (e.getCode() != HttpURLConnection.HTTP_CONFLICT) {
                    throw e;
                }
            }
        }
        throw BreakwaterException.retryable(
                Reason.Conflict, "namespace " + namespace + " keeps changing; the gate is tried again");
    }

    private static Namespace with(Namespace present, Set<String> holders, Map<String, Set<WorkloadName>> limits) {
        limits.keySet().retainAll(holders);
        var metadata = new NamespaceBuilder(present).editMetadata();
        metadata = limits.isEmpty()
                ? metadata.removeFromAnnotations(Api.GATED_ONLY)
                : metadata.addToAnnotations(Api.GATED_ONLY, GateRules.text(limits));
        return (holders.isEmpty()
                        ? metadata.removeFromLabels(Api.STANDBY).removeFromAnnotations(Api.GATED_BY)
                        : metadata.addToLabels(Api.STANDBY, "true")
                                .addToAnnotations(Api.GATED_BY, String.join(",", holders)))
                .endMetadata()
                .build();
    }

    /** One at a time per namespace, or a sweep that saw it closed would end pods that were let go meanwhile. */
    private void locked(String namespace, Runnable action) {
        ReentrantLock lock = locks.computeIfAbsent(namespace, n -> new ReentrantLock());
        lock.lock();
        try {
            action.run();
        } finally {
            lock.unlock();
        }
    }
}
