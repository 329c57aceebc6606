package io.breakwater.migrate;

import io.breakwater.api.BackupPolicy;
import io.breakwater.api.BackupPolicySpec;
import io.breakwater.api.BackupPolicySpec.NamespaceSelection;
import io.breakwater.api.BackupPolicySpec.Source;
import io.breakwater.api.NamedRef;
import io.fabric8.kubernetes.api.model.LabelSelectorBuilder;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * Converts plans to policies: one in each namespace that a plan selects alone, one template for several namespaces, and
 * one for cluster-scoped objects. Of several plans for the same namespaces, the most frequent one gives the policy its
 * schedule, and the others give it long retention.
 */
final class PolicyConversion {
    private static final String OPT_OUT = "velero.io/exclude-from-backup";
    private static final String CLUSTER = "-cluster";
    private static final int MAX_NAME = 52;
    private static final int MAX_EXCLUDED = 256;

    private final VeleroObjects input;
    private final ConversionReport report;
    private final String operatorNamespace;

    PolicyConversion(VeleroObjects input, String operatorNamespace, ConversionReport report) {
        this.input = input;
        this.operatorNamespace = operatorNamespace;
        this.report = report;
    }

    List<BackupPolicy> all() {
        PlanPlacement placement = new PlanPlacement();
        List<BackupPlan> plans = new ArrayList<>(
                input.schedules().stream().map(s -> BackupPlan.of(s, report)).toList());
        plans.forEach(placement::add);
        input.backups().stream()
                .filter(b -> b.getMetadata().getLabels() == null
                        || !b.getMetadata().getLabels().containsKey("velero.io/schedule-name"))
                .map(b -> BackupPlan.of(b, report))
                .forEach(p -> {
                    placement.addBackup(p);
                    plans.add(p);
                });
        placement.resolveOverlaps();
        List<BackupPolicy> policies = new ArrayList<>();
        placement.namespaces().forEach((namespace, there) -> {
            BackupPolicy policy = policy(namespace, there);
            BackupPlan first = byFrequency(there).getFirst();
            policy.getSpec().hooks = new HookConversion(first.at(), first.about()).of(first.spec().hooks, namespace);
            policies.add(policy);
        });
        placement.groups().forEach(g -> policies.add(template(g)));
        List<BackupPlan> cluster =
                plans.stream().filter(p -> new ClusterObjects(p).areIncluded()).toList();
        if (!cluster.isEmpty()) {
            policies.add(cluster(cluster));
        }
        return policies;
    }

    /** A policy for several namespaces, in the operator's namespace. */
    private BackupPolicy template(PlanPlacement.Group group) {
        BackupPolicy policy = policy(operatorNamespace, group.plans());
        BackupPlan first = byFrequency(group.plans()).getFirst();
        NamespaceSelection selection = new NamespaceSelection();
        selection.include = group.scope().include();
        selection.exclude =
                group.scope().exclude().isEmpty() ? null : group.scope().exclude();
        selection.selector = new LabelSelectorBuilder()
                .addNewMatchExpression()
                .withKey(OPT_OUT)
                .withOperator("NotIn")
                .withValues("true")
                .endMatchExpression()
                .build();
        Source source = policy.getSpec().source == null ? new Source() : policy.getSpec().source;
        source.namespaces = selection;
        policy.getSpec().source = source;
        if (PlanPlacement.hasHooksEverywhere(first)) {
            first.about()
                    .add(
                            first.at() + "hooks",
                            "a hook must find a pod, which does not exist in every namespace of "
                                    + first.name()
                                    + ": annotate the pods with pre.hook.backup.velero.io/command and post.hook…,"
                                    + " which Breakwater honours, or create separate policies in the namespaces with"
                                    + " such pods");
        }
        if (group.scope().isOpen()) {
            first.about()
                    .add(
                            first.at() + "includedNamespaces",
                            "became a policy in namespace " + operatorNamespace
                                    + " that manages a policy in every namespace of spec.source.namespaces, also in"
                                    + " those created later, and in those of the cluster such as kube-system if *"
                                    + " matches them; never in "
                                    + operatorNamespace + " itself");
        }
        if (group.scope().exclude().size() > MAX_EXCLUDED) {
            first.about()
                    .add(
                            first.at() + "excludedNamespaces",
                            "a policy excludes at most " + MAX_EXCLUDED
                                    + " names: use patterns, or spec.source.namespaces.selector");
        }
        return policy;
    }

    /** The policy for all cluster-scoped objects, whether a namespace needs them or not. */
    private BackupPolicy cluster(List<BackupPlan> plans) {
        BackupPlan first = byFrequency(plans).getFirst();
        BackupPolicy policy = policy(operatorNamespace, plans);
        String name = first.name().length() + CLUSTER.length() > MAX_NAME
                ? first.name().substring(0, MAX_NAME - CLUSTER.length())
                : first.name();
        policy.getMetadata().setName(name + CLUSTER);
        policy.getSpec().source = new ClusterObjects(first).source();
        policy.getSpec().volumes = null;
        for (BackupPlan plan : plans) {
            String field = plan.spec().includedClusterScopedResources == null
                    ? "includeClusterResources"
                    : "includedClusterScopedResources";
            plan.about()
                    .add(
                            plan.at() + field,
                            "the cluster's objects are in separate points, of the policy " + name + CLUSTER
                                    + " in namespace "
                                    + operatorNamespace
                                    + "; nodes, attachments, certificate requests, contents of snapshots and objects"
                                    + " that the API server creates are not captured"
                                    + (plan == first ? "" : "; the selection of " + first.name() + " applies"));
        }
        return policy;
    }

    /** The most frequent first. Paused plans come last, because they protect nothing. */
    private static List<BackupPlan> byFrequency(List<BackupPlan> plans) {
        return plans.stream()
                .sorted(Comparator.comparing(BackupPlan::paused)
                        .thenComparing(p ->
                                p.timing().map(ScheduleConversion::interval).orElse(RetentionConversion.NEVER)))
                .toList();
    }

    private BackupPolicy policy(String namespace, List<BackupPlan> plans) {
        List<BackupPlan> byFrequency = byFrequency(plans);
        BackupPlan first = byFrequency.getFirst();
        first.reportUnsupported();
        BackupPolicySpec spec = new BackupPolicySpec();
        first.timing().ifPresent(t -> spec.schedule = schedule(t, first.about()));
        spec.suspend = first.paused() ? Boolean.TRUE : null;
        spec.source = new SourceConversion(first.spec(), first.at(), first.about()).source();
        if (first.volumes() != null || first.groupBy() != null) {
            spec.volumes = new BackupPolicySpec.Volumes();
            spec.volumes.method = first.volumes();
            spec.volumes.groupBy = first.groupBy();
        }
        spec.locationRef = new NamedRef(location(first));
        spec.retention = RetentionConversion.of(first);
        for (BackupPlan other : byFrequency.subList(1, byFrequency.size())) {
            merge(other, first, spec, namespace);
        }
        BackupPolicy policy = new BackupPolicy();
        policy.setMetadata(new ObjectMetaBuilder()
                .withName(first.name())
                .withNamespace(namespace)
                .build());
        policy.setSpec(spec);
        return policy;
    }

    private void merge(BackupPlan other, BackupPlan first, BackupPolicySpec spec, String namespace) {
        String into = "the policy " + first.name() + " of namespace " + namespace;
        String kept = RetentionConversion.add(spec.retention, other);
        other.about()
                .add(
                        "spec.schedule",
                        "a namespace has one policy, so " + into + " also has the retention of this one: " + kept);
        boolean same = Objects.equals(first.spec().labelSelector, other.spec().labelSelector)
                && Objects.equals(first.spec().includedResources, other.spec().includedResources)
                && Objects.equals(first.spec().excludedResources, other.spec().excludedResources)
                && Objects.equals(first.spec().orLabelSelectors, other.spec().orLabelSelectors);
        if (!same) {
            other.about()
                    .add(other.at() + "includedResources", "differs from the selection of " + into + ", which applies");
        }
        if (!location(first).equals(location(other))) {
            other.about()
                    .add(
                            other.at() + "storageLocation",
                            "differs from that of " + into + "; add '" + location(other)
                                    + "' to its spec.copies to store the points in both");
        }
    }

    private static BackupPolicySpec.Schedule schedule(ScheduleConversion timing, ConversionReport.Subject about) {
        BackupPolicySpec.Schedule schedule = new BackupPolicySpec.Schedule();
        schedule.cron = timing.cron();
        schedule.timeZone = timing.zone().isEmpty() ? null : timing.zone();
        if (timing.zone().isEmpty() && timing.interval().compareTo(RetentionConversion.DAY) >= 0) {
            about.add(
                    "spec.schedule", "is in UTC; if Velero's server has another time zone, set spec.schedule.timeZone");
        }
        return schedule;
    }

    private String location(BackupPlan plan) {
        String named = plan.spec().storageLocation;
        if (named != null && !named.isEmpty()) {
            return named;
        }
        Optional<String> usual = input.locations().stream()
                .filter(l -> l.getSpec() != null && Boolean.TRUE.equals(l.getSpec().isDefault))
                .map(l -> l.getMetadata().getName())
                .findFirst();
        return usual.orElse("default");
    }
}
