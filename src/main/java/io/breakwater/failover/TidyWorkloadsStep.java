package io.breakwater.failover;

import io.breakwater.api.Api;
import io.breakwater.api.BackupPolicy;
import io.breakwater.api.FailoverPlanSpec.CronJobs;
import io.breakwater.api.RestoreStatus;
import io.breakwater.api.Texts;
import io.breakwater.api.WorkloadName;
import io.breakwater.gate.GateRules;
import io.breakwater.gate.NamespaceGate;
import io.breakwater.steps.Outcome;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.ReplicaSet;
import io.fabric8.kubernetes.api.model.batch.v1.CronJob;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import java.time.Clock;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Prepares the workloads of a site that takes over, after the objects of the point are restored and while the gate is closed. What
 * starts then is the application of the point: no scheduled time a second time, no ended Job again, no workload that the point
 * does not have, and no pod of an earlier template. Each action may be repeated.
 */
final class TidyWorkloadsStep {
    private static final PatchContext MERGE = PatchContext.of(PatchType.JSON_MERGE);
    private static final String REVISION = "deployment.kubernetes.io/revision";
    private static final int SHOWN = 5;

    private final KubernetesClient client;
    private final NamespaceGate gate;
    private final Clock clock;

    TidyWorkloadsStep(KubernetesClient client, NamespaceGate gate, Clock clock) {
        this.client = client;
        this.gate = gate;
        this.clock = clock;
    }

    /** The holder of the workloads that the point of a takeover does not have. */
    static String absentHolder(PlanSite plan) {
        return NamespaceGate.ABSENT + plan.name();
    }

    /** @param restored status of the Restore of the takeover; null when it does not exist any more */
    Outcome run(PlanSite plan, RestoreStatus restored) {
        RestoreStatus.History history =
                restored == null || restored.history == null ? new RestoreStatus.History() : restored.history;
        List<String> unobserved = unobserved(plan.namespace());
        if (!unobserved.isEmpty()) {
            return Outcome.waiting("waiting until the cluster has observed " + Texts.first(unobserved, SHOWN));
        }
        List<String> done = new ArrayList<>();
        add(done, "suspended Jobs that had ended", suspendEnded(plan.namespace(), Set.copyOf(history.endedJobs)));
        add(done, "set the last scheduled time of CronJobs", schedule(plan, history));
        add(done, "held workloads that the point does not have", holdAbsent(plan, history.absent));
        add(done, "stopped earlier revisions", stopEarlierRevisions(plan.namespace()));
        int renewed = gate.renewHeld(plan.namespace());
        done.add(renewed + " held pods are created again");
        return Outcome.done(String.join("; ", done));
    }

    /** Releases held workloads that a user has deleted since. Returns the others as the end of a message; empty without any. */
    String absent(PlanSite plan) {
        List<String> held = gate.limit(plan.namespace(), absentHolder(plan)).orElse(List.of());
        if (held.isEmpty()) {
            // Without names, the holder would hold all pods, and nothing would release them.
            gate.open(plan.namespace(), absentHolder(plan));
        }
        List<String> left = held.stream()
                .filter(name -> exists(plan.namespace(), WorkloadName.parse(name)))
                .toList();
        if (left.size() < held.size()) {
            gate.hold(plan.namespace(), absentHolder(plan), left);
        }
        return left.isEmpty()
                ? ""
                : "; the point does not have " + Texts.first(left, SHOWN)
                        + ", whose pods are held: delete them, or set annotation " + Api.OPEN_GATE
                        + "=<reason> on the namespace";
    }

    private boolean exists(String namespace, WorkloadName workload) {
        String version =
                workload.kind().equals("Pod") ? "v1" : workload.kind().endsWith("Job") ? "batch/v1" : "apps/v1";
        return client.genericKubernetesResources(version, workload.kind())
                        .inNamespace(namespace)
                        .withName(workload.name())
                        .get()
                != null;
    }

    private static void add(List<String> done, String what, List<String> names) {
        if (!names.isEmpty()) {
            done.add(what + ": " + Texts.first(names, SHOWN));
        }
    }

    /** Deployments whose controller has not seen the restored template yet. */
    private List<String> unobserved(String namespace) {
        return deployments(namespace).stream()
                .filter(deployment -> deployment.getMetadata().getGeneration() != null)
                .filter(deployment -> deployment.getStatus() == null
                        || deployment.getStatus().getObservedGeneration() == null
                        || deployment.getStatus().getObservedGeneration()
                                < deployment.getMetadata().getGeneration())
                .map(deployment -> "Deployment/" + deployment.getMetadata().getName())
                .toList();
    }

    /** A suspended Job has no pods. A user who wants to run it again resumes it. */
    private List<String> suspendEnded(String namespace, Set<String> ended) {
        List<Job> jobs = client.batch().v1().jobs().inNamespace(namespace).list().getItems().stream()
                .filter(job -> ended.contains(job.getMetadata().getName()))
                .filter(job -> !GateRules.isFinished(job))
                .toList();
        jobs.stream()
                .filter(job -> !Boolean.TRUE.equals(job.getSpec().getSuspend()))
                .forEach(job -> client.batch()
                        .v1()
                        .jobs()
                        .inNamespace(namespace)
                        .withName(job.getMetadata().getName())
                        .patch(MERGE, "{\"spec\":{\"suspend\":true}}"));
        return names(jobs);
    }

    /** A CronJob starts the most recent scheduled time after its last one, whichever site served that. */
    private List<String> schedule(PlanSite plan, RestoreStatus.History history) {
        boolean catchUp = plan.resource().getSpec().cronJobs == CronJobs.CatchUp;
        Map<String, Instant> served = history.cronJobs.stream()
                .collect(Collectors.toMap(s -> s.name, s -> Instant.parse(s.lastScheduleTime), (a, b) -> b));
        Instant now = clock.instant().truncatedTo(ChronoUnit.SECONDS);
        List<CronJob> changed = new ArrayList<>();
        for (CronJob job : client.batch()
                .v1()
                .cronjobs()
                .inNamespace(plan.namespace())
                .list()
                .getItems()) {
            Optional<Instant> wanted =
                    catchUp ? Optional.ofNullable(served.get(job.getMetadata().getName())) : Optional.of(now);
            String present = job.getStatus() == null ? null : job.getStatus().getLastScheduleTime();
            if (wanted.filter(time -> present == null || Instant.parse(present).isBefore(time))
                    .isPresent()) {
                changed.add(job);
                client.batch()
                        .v1()
                        .cronjobs()
                        .inNamespace(plan.namespace())
                        .withName(job.getMetadata().getName())
                        .subresource("status")
                        .patch(MERGE, "{\"status\":{\"lastScheduleTime\":\"" + wanted.get() + "\"}}");
            }
        }
        return names(changed);
    }

    /** A point of a policy that selects objects lacks some that belong here, so then nothing is held. */
    private List<String> holdAbsent(PlanSite plan, List<String> absent) {
        BackupPolicy policy = client.resources(BackupPolicy.class)
                .inNamespace(plan.namespace())
                .withName(plan.policy())
                .get();
        boolean selects = policy != null && policy.getSpec().source != null;
        List<String> held = selects ? List.of() : absent;
        gate.hold(plan.namespace(), absentHolder(plan), held);
        return held;
    }

    /** A rolling update keeps pods of the earlier revision until those of the new one are ready, which held pods never are. */
    private List<String> stopEarlierRevisions(String namespace) {
        Set<String> deployments = new HashSet<>(names(deployments(namespace)));
        Map<String, List<ReplicaSet>> byDeployment = new HashMap<>();
        client.apps()
                .replicaSets()
                .inNamespace(namespace)
                .list()
                .getItems()
                .forEach(set -> controller(set)
                        .filter(owner -> owner.getKind().equals("Deployment") && deployments.contains(owner.getName()))
                        .ifPresent(owner -> byDeployment
                                .computeIfAbsent(owner.getName(), name -> new ArrayList<>())
                                .add(set)));
        List<ReplicaSet> earlier = byDeployment.values().stream()
                .flatMap(sets -> sets.stream()
                        .sorted(Comparator.comparingLong(TidyWorkloadsStep::revision)
                                .reversed())
                        .skip(1))
                .filter(set ->
                        set.getSpec().getReplicas() != null && set.getSpec().getReplicas() > 0)
                .toList();
        earlier.forEach(set -> client.apps()
                .replicaSets()
                .inNamespace(namespace)
                .withName(set.getMetadata().getName())
                .patch(MERGE, "{\"spec\":{\"replicas\":0}}"));
        return names(earlier);
    }

    private List<Deployment> deployments(String namespace) {
        return client.apps().deployments().inNamespace(namespace).list().getItems();
    }

    private static Optional<OwnerReference> controller(HasMetadata object) {
        return object.getMetadata().getOwnerReferences() == null
                ? Optional.empty()
                : object.getMetadata().getOwnerReferences().stream()
                        .filter(owner -> Boolean.TRUE.equals(owner.getController()))
                        .findFirst();
    }

    private static long revision(ReplicaSet set) {
        Map<String, String> annotations = set.getMetadata().getAnnotations();
        String text = annotations == null ? null : annotations.get(REVISION);
        try {
            return text == null ? 0 : Long.parseLong(text);
        } catch (NumberFormatException e) {
            return 0;
        }
    }

    private static List<String> names(List<? extends HasMetadata> objects) {
        return objects.stream().map(object -> object.getMetadata().getName()).toList();
    }
}
