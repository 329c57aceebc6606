package io.breakwater.migrate;

import io.breakwater.api.BackupPolicy;
import io.breakwater.api.BackupPolicySpec;
import io.breakwater.api.NamedRef;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Plans as policies: one for each namespace, since a policy lies in the namespace that it protects, and one only. Of several
 * plans for a namespace the most frequent gives the policy its schedule, and the others its long retention.
 */
final class Policies {
    private static final List<String> SYSTEM = List.of("kube-system", "kube-public", "kube-node-lease");

    private final Input input;
    private final Report report;
    private final String operatorNamespace;

    Policies(Input input, String operatorNamespace, Report report) {
        this.input = input;
        this.operatorNamespace = operatorNamespace;
        this.report = report;
    }

    List<BackupPolicy> all() {
        Map<String, List<Plan>> byNamespace = new TreeMap<>();
        input.schedules().stream()
                .map(s -> Plan.of(s, report))
                .forEach(p -> namespaces(p)
                        .forEach(n -> byNamespace
                                .computeIfAbsent(n, k -> new ArrayList<>())
                                .add(p)));
        input.backups().stream()
                .filter(b -> b.getMetadata().getLabels() == null
                        || !b.getMetadata().getLabels().containsKey("velero.io/schedule-name"))
                .map(b -> Plan.of(b, report))
                .forEach(p -> namespaces(p).forEach(n -> alone(p, n, byNamespace)));
        List<BackupPolicy> policies = new ArrayList<>();
        byNamespace.forEach((namespace, plans) -> policies.add(policy(namespace, plans)));
        return policies;
    }

    /** A backup that was made by hand makes a policy without a schedule, where no other is. */
    private static void alone(Plan plan, String namespace, Map<String, List<Plan>> byNamespace) {
        List<Plan> there = byNamespace.putIfAbsent(namespace, new ArrayList<>(List.of(plan)));
        if (there != null) {
            plan.about()
                    .tell(
                            "metadata.name",
                            "namespace " + namespace + " is protected by the policy "
                                    + there.getFirst().name() + " already");
        }
    }

    private List<String> namespaces(Plan plan) {
        List<String> named = plan.spec().includedNamespaces == null ? List.of() : plan.spec().includedNamespaces;
        List<String> excluded = plan.spec().excludedNamespaces;
        if (!named.isEmpty() && named.stream().noneMatch(Patterns::isPattern)) {
            return named.stream().filter(n -> !Patterns.names(excluded, n)).toList();
        }
        if (input.namespaces().isEmpty()) {
            plan.about()
                    .tell(
                            plan.at() + "includedNamespaces",
                            "a policy lies in its namespace, and which ones are meant is not known: give the output of kubectl get"
                                    + " namespaces -o yaml along");
            return List.of();
        }
        List<String> meant = input.namespaces().stream()
                .filter(n -> Patterns.takes(named, n) && !Patterns.names(excluded, n))
                .filter(n -> !SYSTEM.contains(n) && !n.equals(operatorNamespace) && !n.equals(plan.namespace()))
                .toList();
        plan.about()
                .tell(
                        plan.at() + "includedNamespaces",
                        "stands for the namespaces of today, without the cluster's own: " + String.join(", ", meant)
                                + "; new ones need a policy of their own");
        return meant;
    }

    private BackupPolicy policy(String namespace, List<Plan> plans) {
        List<Plan> byFrequency = plans.stream()
                .sorted(Comparator.comparing(
                        p -> p.timing().map(Timing::interval).orElse(Retentions.NEVER)))
                .toList();
        Plan first = byFrequency.getFirst();
        first.tellWhatIsLeft();
        BackupPolicySpec spec = new BackupPolicySpec();
        first.timing().ifPresent(t -> spec.schedule = schedule(t, first.about()));
        spec.suspend = first.paused() ? Boolean.TRUE : null;
        spec.source = new Sources(first.spec(), first.at(), first.about()).source();
        spec.hooks = new Commands(first.at(), first.about()).of(first.spec().hooks, namespace);
        if (first.volumes() != null || first.groupBy() != null) {
            spec.volumes = new BackupPolicySpec.Volumes();
            spec.volumes.method = first.volumes();
            spec.volumes.groupBy = first.groupBy();
        }
        spec.locationRef = new NamedRef(location(first));
        spec.retention = Retentions.of(first);
        for (Plan other : byFrequency.subList(1, byFrequency.size())) {
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

    private void merge(Plan other, Plan first, BackupPolicySpec spec, String namespace) {
        String into = "the policy " + first.name() + " of namespace " + namespace;
        String kept = Retentions.add(spec.retention, other);
        other.about()
                .tell(
                        "spec.schedule",
                        "a namespace has one policy, so " + into + " keeps points for this one, too: " + kept);
        boolean same = Objects.equals(first.spec().labelSelector, other.spec().labelSelector)
                && Objects.equals(first.spec().includedResources, other.spec().includedResources)
                && Objects.equals(first.spec().excludedResources, other.spec().excludedResources)
                && Objects.equals(first.spec().orLabelSelectors, other.spec().orLabelSelectors);
        if (!same) {
            other.about()
                    .tell(
                            other.at() + "includedResources",
                            "what it selects differs from what " + into + " takes, which is what counts");
        }
        if (!location(first).equals(location(other))) {
            other.about()
                    .tell(
                            other.at() + "storageLocation",
                            "differs from that of " + into + "; write '" + location(other)
                                    + "' into its spec.copies to have the points in both");
        }
    }

    private static BackupPolicySpec.Schedule schedule(Timing timing, Report.Subject about) {
        BackupPolicySpec.Schedule schedule = new BackupPolicySpec.Schedule();
        schedule.cron = timing.cron();
        schedule.timeZone = timing.zone().isEmpty() ? null : timing.zone();
        if (timing.zone().isEmpty() && timing.interval().compareTo(Retentions.DAY) >= 0) {
            about.tell(
                    "spec.schedule",
                    "counts in UTC; if Velero's server has another time zone, write spec.schedule.timeZone");
        }
        return schedule;
    }

    private String location(Plan plan) {
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
