package io.breakwater.gate;

import io.breakwater.api.Api;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.api.WorkloadName;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.steps.NamedLocks;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.net.HttpURLConnection;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jboss.logging.Logger;

/**
 * The gate of a namespace. While it is closed, no pod of the application runs or starts; movers run. It can have several
 * holders (a FailoverPlan, a Restore), and opens when the last one opens it. A holder may hold only the pods of some
 * workloads, and release the others earlier. Each method may be called again at any time, and continues where a killed process
 * stopped.
 */
@ApplicationScoped
public class NamespaceGate {
    private static final Logger LOG = Logger.getLogger(NamespaceGate.class);

    /** Prefix of the name of a holder that is a Restore: {@code restore/<namespace>.<name>}. */
    public static final String RESTORE = "restore/";

    /** Prefix of the name of a holder that is a FailoverPlan: {@code failoverplan/<name>}. */
    public static final String PLAN = "failoverplan/";

    /** Prefix of the holder of workloads that the point of a takeover does not have: {@code absent/<plan>}. */
    public static final String ABSENT = "absent/";

    private static final Set<String> NEVER = Set.of("kube-system", "kube-public", "kube-node-lease");
    private static final int TRIES = 5;

    private final KubernetesClient client;
    private final String ownNamespace;
    private final GatedPods pods;
    private final NamedLocks locks = new NamedLocks();

    @Inject
    public NamespaceGate(KubernetesClient client, BreakwaterConfig config) {
        this(client, config.namespace());
    }

    private NamespaceGate(KubernetesClient client, String ownNamespace) {
        this.client = client;
        this.ownNamespace = ownNamespace;
        this.pods = new GatedPods(client);
    }

    /** The gates of a cluster for a command, which has no configuration of the processes. */
    public static NamespaceGate of(KubernetesClient client, String ownNamespace) {
        return new NamespaceGate(client, ownNamespace);
    }

    /**
     * Closes the gate for the holder and deletes the running pods, each with its own grace period.
     *
     * @see #close(String, String, Duration)
     */
    public void close(String namespace, String holder) {
        close(namespace, holder, null);
    }

    /**
     * Closes the gate for the holder and deletes running pods, and Jobs of CronJobs. Pods are never deleted by force. A pod on a
     * node that does not respond may still write, so it counts as running.
     *
     * @param holder name of the holder, such as {@code failoverplan/shop}
     * @param grace longest time for a pod to end; null for the pod's own grace period
     * @throws BreakwaterException when the namespace does not exist or may not be gated
     */
    public void close(String namespace, String holder, Duration grace) {
        if (namespace.equals(ownNamespace) || NEVER.contains(namespace)) {
            throw BreakwaterException.permanent(
                    Reason.InvalidSpec,
                    "namespace " + namespace + " cannot be gated: it belongs to the cluster or to Breakwater");
        }
        if (holder.isBlank() || holder.contains(",")) {
            throw new IllegalArgumentException("'" + holder + "' is not a valid holder such as failoverplan/shop");
        }
        locked(namespace, () -> {
            change(
                    namespace,
                    holder.startsWith(PLAN),
                    holders -> holders.add(holder),
                    limits -> limits.remove(holder) != null);
            GatedPods.Found found = pods.find(namespace);
            if (found.pods().stream().anyMatch(GateRules::isActive)) {
                noteSeen(client.namespaces().withName(namespace).get(), found.pods());
            }
            pods.end(found, grace, all -> true);
        });
    }

    /**
     * From now on, holds for this holder only the pods of some workloads; all others may run. Has no effect if the gate is not
     * closed for the holder.
     *
     * @param workloads names such as {@code Deployment/web}
     */
    public void narrow(String namespace, String holder, Collection<String> workloads) {
        Set<WorkloadName> names = workloads.stream().map(WorkloadName::parse).collect(Collectors.toSet());
        locked(namespace, () -> {
            if (holders(namespace).contains(holder)) {
                change(namespace, holders -> false, limits -> !names.equals(limits.put(holder, names)));
                matchPods(namespace);
            }
        });
    }

    /**
     * Holds only the pods of some workloads for this holder, from the start; releases all for it when there are none.
     *
     * @param workloads names such as {@code Deployment/web}
     */
    public void hold(String namespace, String holder, Collection<String> workloads) {
        if (workloads.isEmpty()) {
            open(namespace, holder);
            return;
        }
        Set<WorkloadName> names = workloads.stream().map(WorkloadName::parse).collect(Collectors.toSet());
        locked(namespace, () -> {
            change(namespace, holders -> holders.add(holder), limits -> !names.equals(limits.put(holder, names)));
            matchPods(namespace);
        });
    }

    /** Deletes the held pods that a controller creates again, from its present template. A held pod runs nothing. */
    public int renewHeld(String namespace) {
        return pods.renew(pods.find(namespace));
    }

    /** The workloads whose pods this holder holds, such as {@code Deployment/web}; empty when it holds all pods. */
    public Optional<List<String>> limit(String namespace, String holder) {
        return Optional.ofNullable(
                        GateRules.limits(client.namespaces().withName(namespace).get())
                                .get(holder))
                .map(names ->
                        names.stream().map(WorkloadName::toString).sorted().toList());
    }

    /**
     * Deletes pods that passed the closed gate.
     *
     * @return whether no pod of the application runs any more
     */
    public boolean endStragglers(String namespace) {
        List<Pod> active = pods.active(namespace);
        if (active.isEmpty()) {
            return true;
        }
        noteSeen(client.namespaces().withName(namespace).get(), active);
        sweep(namespace);
        return false;
    }

    /**
     * Records that the final point of a hand-over is cut from now on. A pod that is seen later makes it void, also after a restart of
     * this process. Has no effect if the cut of this run is recorded already.
     *
     * @param run identity of the hand-over
     * @param since a moment before the pods were found to have ended
     */
    public void recordCut(String namespace, String run, Instant since) {
        write(
                namespace,
                present -> FinalCut.of(present)
                                .filter(cut -> cut.run().equals(run))
                                .isPresent()
                        ? present
                        : FinalCut.begin(present, run, since));
    }

    /** Why the final point of a hand-over may lack data; empty if no pod was seen since its cut. */
    public Optional<String> seenSinceCut(String namespace, String run) {
        Namespace present = client.namespaces().withName(namespace).get();
        Optional<FinalCut> cut =
                FinalCut.of(present).filter(known -> known.run().equals(run));
        if (cut.isEmpty()) {
            return Optional.of(
                    "the record that no pod runs since the final point was cut is missing from namespace " + namespace);
        }
        return cut.get()
                .seen()
                .or(() -> noteSeen(present, pods.find(namespace).pods()))
                .map(pod -> "pod " + pod + " was seen after the final point was cut, and may have written data that the"
                        + " point does not have");
    }

    /** Records the first pod that was seen since the cut of a final point, before it is ended; returns its name. */
    private Optional<String> noteSeen(Namespace present, List<Pod> found) {
        Optional<FinalCut> cut =
                FinalCut.of(present).filter(known -> known.seen().isEmpty());
        Optional<String> pod = cut.flatMap(known -> known.disturber(found));
        pod.ifPresent(name -> write(
                present.getMetadata().getName(),
                now -> FinalCut.of(now)
                                .filter(known -> known.run().equals(cut.get().run())
                                        && known.seen().isEmpty())
                                .isPresent()
                        ? new NamespaceBuilder(now)
                                .editMetadata()
                                .addToAnnotations(Api.POD_SEEN, name)
                                .endMetadata()
                                .build()
                        : now));
        return pod;
    }

    /** Opens the gate for the holder. After the last holder, the held pods start. A missing namespace counts as open. */
    public void open(String namespace, String holder) {
        locked(namespace, () -> {
            Namespace present = client.namespaces().withName(namespace).get();
            if (present == null) {
                return;
            }
            if (GateRules.holders(present).contains(holder)
                    || GateRules.openedReason(present).isPresent()
                    || GateRules.isUndecided(present)) {
                change(
                        namespace,
                        holder.startsWith(PLAN),
                        holders -> holders.remove(holder),
                        limits -> limits.remove(holder) != null);
            }
            matchPods(namespace);
        });
    }

    /**
     * Makes a plan the holder in place of plans of the namespace that do not exist any more. What they hold stays held meanwhile.
     *
     * @param plan name of the plan that takes over
     * @param isGone whether the plan of a name does not exist any more
     * @return the holders that were replaced; empty when there are none
     */
    public List<String> inherit(String namespace, String plan, Predicate<String> isGone) {
        Map<String, String> heirs = new LinkedHashMap<>();
        for (String holder : holders(namespace)) {
            Stream.of(PLAN, ABSENT)
                    .filter(prefix -> holder.startsWith(prefix) && !holder.equals(prefix + plan))
                    .filter(prefix -> isGone.test(holder.substring(prefix.length())))
                    .forEach(prefix -> heirs.put(holder, prefix + plan));
        }
        if (!heirs.isEmpty()) {
            locked(
                    namespace,
                    () -> change(namespace, holders -> replace(holders, heirs), limits -> {
                        heirs.forEach((gone, heir) -> {
                            Set<WorkloadName> names = limits.remove(gone);
                            if (names != null && gone.startsWith(ABSENT)) {
                                limits.merge(heir, names, NamespaceGate::union);
                            }
                        });
                        return false;
                    }));
        }
        return List.copyOf(heirs.keySet());
    }

    /** Replaces those that still hold the gate: an heir of one that has just released it would hold what is not held any more. */
    private static boolean replace(Set<String> holders, Map<String, String> heirs) {
        List<String> present = heirs.keySet().stream().filter(holders::contains).toList();
        present.forEach(gone -> {
            holders.remove(gone);
            holders.add(heirs.get(gone));
        });
        return !present.isEmpty();
    }

    private static Set<WorkloadName> union(Set<WorkloadName> a, Set<WorkloadName> b) {
        return Stream.concat(a.stream(), b.stream()).collect(Collectors.toSet());
    }

    /**
     * Opens the gate for some holders if a user asked for it by annotation {@link Api#OPEN_GATE}, and replaces the annotation by
     * {@link Api#GATE_OPENED}. Other holders keep it closed. What the pods of a plan write from then on may exist only here, so the
     * namespace records that this site serves an epoch that is not known.
     *
     * @param mayOpen whether no proof of the active site speaks against it for this holder
     * @return the reason of the user; empty when no user asked, or no such holder exists
     */
    public Optional<String> openForUser(String namespace, Predicate<String> mayOpen) {
        Namespace seen = client.namespaces().withName(namespace).get();
        Optional<String> reason = GateRules.openingReason(seen);
        if (reason.isEmpty() || GateRules.holders(seen).stream().noneMatch(mayOpen)) {
            return Optional.empty();
        }
        locked(namespace, () -> {
            write(namespace, present -> {
                Set<String> holders = GateRules.holders(present);
                boolean ofPlan = holders.removeIf(holder -> holder.startsWith(PLAN) && mayOpen.test(holder));
                holders.removeIf(mayOpen);
                Namespace open = FinalCut.clear(with(present, holders, GateRules.limits(present)));
                var metadata = new NamespaceBuilder(ofPlan ? serving(withActive(open, holders)) : open)
                        .editMetadata()
                        .removeFromAnnotations(Api.OPEN_GATE)
                        .addToAnnotations(Api.GATE_OPENED, reason.get());
                return metadata.endMetadata().build();
            });
            matchPods(namespace);
        });
        return reason;
    }

    private static Namespace serving(Namespace opened) {
        return entries(opened.getMetadata().getAnnotations()).containsKey(Api.SERVED_EPOCH)
                ? opened
                : new NamespaceBuilder(opened)
                        .editMetadata()
                        .addToAnnotations(Api.SERVED_EPOCH, "0/" + UUID.randomUUID())
                        .endMetadata()
                        .build();
    }

    /**
     * Removes annotation {@link Api#OPEN_GATE}, because the lease proves that another site is active. Otherwise the annotation would
     * open the gate later, as soon as the lease cannot be read.
     *
     * @return the reason of the user; empty when no user asked
     */
    public Optional<String> refuseOpening(String namespace) {
        Optional<String> reason =
                GateRules.openingReason(client.namespaces().withName(namespace).get());
        if (reason.isPresent()) {
            locked(
                    namespace,
                    () -> write(
                            namespace,
                            present -> new NamespaceBuilder(present)
                                    .editMetadata()
                                    .removeFromAnnotations(Api.OPEN_GATE)
                                    .endMetadata()
                                    .build()));
        }
        return reason;
    }

    /** Whether a user opened the gate by annotation, and no plan has known the active site since. */
    public boolean isOpenedByUser(String namespace) {
        return GateRules.openedReason(client.namespaces().withName(namespace).get())
                .isPresent();
    }

    /** Whether a pod was seen after the final point of a hand-over was cut, so that data may exist that the point lacks. */
    public boolean isPodSeenSinceCut(String namespace) {
        return FinalCut.of(client.namespaces().withName(namespace).get())
                .flatMap(FinalCut::seen)
                .isPresent();
    }

    /** Whether the gate is closed for this holder. */
    public boolean closedBy(String namespace, String holder) {
        return holders(namespace).contains(holder);
    }

    /** The holders of the gate, in the order in which they closed it; empty when the namespace does not exist. */
    public List<String> holders(String namespace) {
        return List.copyOf(
                GateRules.holders(client.namespaces().withName(namespace).get()));
    }

    /** Matches the pods to the gate of the namespace: deletes those that run while they are held, and releases others. */
    void sweep(String namespace) {
        locked(namespace, () -> matchPods(namespace));
    }

    /**
     * Matches the pods to the gate, which another process may change at the same time. The pods are read before the gate, so a pod
     * that the other process has released is not deleted. The gate is read again at the end, so no pod is released for long that
     * the other process holds.
     */
    private void matchPods(String namespace) {
        for (int i = 0; i < TRIES; i++) {
            GatedPods.Found found = pods.find(namespace);
            Namespace seen = client.namespaces().withName(namespace).get();
            Predicate<HasMetadata> held = object -> GateRules.holds(seen, object);
            // In a namespace whose site is not known yet, only new pods wait: those that run may be those of the active
            // site.
            if (GateRules.isClosed(seen)) {
                noteSeen(seen, found.pods());
                pods.end(found, null, held);
            }
            pods.release(found, held);
            if (isSameGate(seen, client.namespaces().withName(namespace).get())) {
                return;
            }
        }
    }

    private static boolean isSameGate(Namespace a, Namespace b) {
        return GateRules.isStandby(a) == GateRules.isStandby(b)
                && GateRules.holders(a).equals(GateRules.holders(b))
                && GateRules.limits(a).equals(GateRules.limits(b));
    }

    /** Changes the holders, with label and annotations. */
    private void change(
            String namespace, Predicate<Set<String>> edit, Predicate<Map<String, Set<WorkloadName>>> editLimits) {
        change(namespace, false, edit, editLimits);
    }

    /** @param proven whether a plan knows the active site, so that an earlier decision of a user is over */
    private void change(
            String namespace,
            boolean proven,
            Predicate<Set<String>> edit,
            Predicate<Map<String, Set<WorkloadName>>> editLimits) {
        write(namespace, present -> {
            Set<String> holders = GateRules.holders(present);
            Map<String, Set<WorkloadName>> limits = GateRules.limits(present);
            // Both edits must run, so no short-circuit.
            boolean changed = edit.test(holders) | editLimits.test(limits);
            boolean labelled = holders.isEmpty()
                    ? !GateRules.isStandby(present)
                    : GateRules.standby(present).equals(Optional.of(GateRules.standby(holders, limits)));
            Namespace held = changed || !labelled ? with(present, holders, limits) : present;
            Namespace next = proven ? decided(held, holders) : held;
            return isSame(present, next) ? present : next;
        });
    }

    /** A plan that opens or closes the gate knows the active site: a decision of a user is over, and pods need not wait. */
    private static Namespace decided(Namespace namespace, Set<String> holders) {
        Namespace next = new NamespaceBuilder(isHeldByPlan(holders) ? namespace : FinalCut.clear(namespace))
                .editMetadata()
                .removeFromAnnotations(Api.GATE_OPENED)
                .endMetadata()
                .build();
        return withActive(next, holders);
    }

    /** Pods of a namespace with the label of a plan need label {@link Api#ACTIVE} to start. */
    private static Namespace withActive(Namespace namespace, Set<String> holders) {
        Map<String, String> labels = entries(namespace.getMetadata().getLabels());
        boolean active = labels.containsKey(Api.PLAN) && !isHeldByPlan(holders);
        var metadata = new NamespaceBuilder(namespace).editMetadata();
        return (active ? metadata.addToLabels(Api.ACTIVE, "true") : metadata.removeFromLabels(Api.ACTIVE))
                .endMetadata()
                .build();
    }

    private static boolean isHeldByPlan(Set<String> holders) {
        return holders.stream().anyMatch(holder -> holder.startsWith(PLAN));
    }

    private static boolean isSame(Namespace a, Namespace b) {
        return entries(a.getMetadata().getLabels())
                        .equals(entries(b.getMetadata().getLabels()))
                && entries(a.getMetadata().getAnnotations())
                        .equals(entries(b.getMetadata().getAnnotations()));
    }

    private static Map<String, String> entries(Map<String, String> present) {
        return present == null ? Map.of() : present;
    }

    /** Writes a namespace, unless the edit returns the same object. Retries when another client has changed it. */
    private void write(String namespace, UnaryOperator<Namespace> edit) {
        for (int i = 0; i < TRIES; i++) {
            Namespace present = client.namespaces().withName(namespace).get();
            if (present == null) {
                throw BreakwaterException.retryable(
                        Reason.Pending, "namespace " + namespace + " does not exist; create it, or correct its name");
            }
            Namespace next = edit.apply(present);
            if (next == present) {
                return;
            }
            try {
                client.resource(next).update();
                Set<String> holders = GateRules.holders(next);
                LOG.infof(
                        "gate of namespace %s: %s",
                        namespace, holders.isEmpty() ? "open" : "closed for " + String.join(", ", holders));
                return;
            } catch (KubernetesClientException e) {
                if (e.getCode() != HttpURLConnection.HTTP_CONFLICT) {
                    throw e;
                }
            }
        }
        throw BreakwaterException.retryable(
                Reason.Conflict,
                "could not change the gate of namespace " + namespace
                        + ", will retry: other clients changed the namespace at the same time");
    }

    private static Namespace with(Namespace present, Set<String> holders, Map<String, Set<WorkloadName>> limits) {
        limits.keySet().retainAll(holders);
        var metadata = new NamespaceBuilder(present).editMetadata();
        metadata = limits.isEmpty()
                ? metadata.removeFromAnnotations(Api.GATED_ONLY)
                : metadata.addToAnnotations(Api.GATED_ONLY, GateRules.text(limits));
        return (holders.isEmpty()
                        ? metadata.removeFromLabels(Api.STANDBY).removeFromAnnotations(Api.GATED_BY)
                        : metadata.addToLabels(Api.STANDBY, GateRules.standby(holders, limits))
                                .addToAnnotations(Api.GATED_BY, String.join(",", holders)))
                .endMetadata()
                .build();
    }

    /** One action of this process at a time per namespace. Between processes, {@link #matchPods} checks the gate again. */
    private void locked(String namespace, Runnable action) {
        try (NamedLocks.Held _ = locks.lock(namespace)) {
            action.run();
        }
    }
}
