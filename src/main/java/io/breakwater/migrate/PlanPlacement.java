package io.breakwater.migrate;

import io.breakwater.velero.model.Backup;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * The namespaces of policies: a plan for one namespace becomes a policy there, a plan for several becomes a template. A
 * namespace has only one policy. If several plans select a namespace, it belongs to the plan that names it most
 * specifically, and the others exclude it.
 */
final class PlanPlacement {
    /** Plans that become one template. */
    static final class Group {
        private NamespaceScope scope;
        private final List<BackupPlan> plans = new ArrayList<>();

        private Group(NamespaceScope scope) {
            this.scope = scope;
        }

        NamespaceScope scope() {
            return scope;
        }

        List<BackupPlan> plans() {
            return plans;
        }
    }

    private static final String WILD = ".*[*?\\[].*";

    private final Map<String, List<BackupPlan>> namespaces = new TreeMap<>();
    private final Map<NamespaceScope, Group> groups = new LinkedHashMap<>();

    /** Plans by their single namespace. */
    Map<String, List<BackupPlan>> namespaces() {
        return namespaces;
    }

    /** Plans for several namespaces. */
    List<Group> groups() {
        return groups.values().stream()
                .filter(g -> g.scope.isOpen() || g.scope.include().stream().anyMatch(g.scope::selects))
                .toList();
    }

    void add(BackupPlan plan) {
        NamespaceScope scope = plan.scope();
        if (scope.isEmpty()) {
            plan.about()
                    .add(plan.at() + "excludedNamespaces", "excludes all included namespaces; no policy is written");
        } else if (scope.single().isPresent()) {
            addTo(scope.single().get(), plan);
        } else {
            groups.computeIfAbsent(scope, Group::new).plans.add(plan);
            withHooks(plan).stream().filter(scope::selects).forEach(n -> addTo(n, plan));
        }
    }

    /**
     * Converts a backup that was created by hand to a policy without a schedule, if no other plan selects its
     * namespaces.
     */
    void addBackup(BackupPlan plan) {
        NamespaceScope scope = plan.scope();
        List<BackupPlan> there = new ArrayList<>();
        scope.single().ifPresent(n -> there.addAll(namespaces.getOrDefault(n, List.of())));
        groups.values().stream()
                .filter(g -> g.scope.equals(scope) || scope.include().stream().allMatch(g.scope::selectsAll))
                .forEach(g -> there.addAll(g.plans));
        if (there.isEmpty()) {
            add(plan);
        } else {
            plan.about()
                    .add(
                            "metadata.name",
                            "namespace " + String.join(", ", scope.include())
                                    + " is already protected by the policy "
                                    + there.getFirst().name() + "; no policy is written");
        }
    }

    /** Assigns each namespace to one policy, and reports overlaps that cannot be decided. */
    void resolveOverlaps() {
        for (Group group : groups.values()) {
            for (Map.Entry<String, List<BackupPlan>> single : namespaces.entrySet()) {
                if (group.scope.selects(single.getKey())) {
                    addMissing(single.getValue(), group.plans);
                    group.scope = group.scope.without(single.getKey());
                }
            }
        }
        List<Group> closestFirst = groups.values().stream()
                .sorted(Comparator.comparing((Group g) -> g.scope.isOpen())
                        .thenComparing(
                                g -> g.scope.isEverything() || g.scope.include().contains("*")))
                .toList();
        for (int i = 0; i < closestFirst.size(); i++) {
            for (Group wide : closestFirst.subList(i + 1, closestFirst.size())) {
                separate(closestFirst.get(i), wide);
            }
        }
    }

    private static void separate(Group close, Group wide) {
        boolean inside = close.scope.exclude().stream().allMatch(e -> NamePatterns.contains(wide.scope.exclude(), e))
                && close.scope.include().stream().allMatch(wide.scope::includes);
        if (inside) {
            addMissing(close.plans, wide.plans);
            close.scope.include().forEach(n -> wide.scope = wide.scope.without(n));
        } else if (close.scope.mayOverlap(wide.scope)) {
            BackupPlan first = close.plans.getFirst();
            first.about()
                    .add(
                            first.at() + "includedNamespaces",
                            "may select namespaces that the policy "
                                    + wide.plans.getFirst().name()
                                    + " also selects: the first policy in a namespace stays, and the other reports"
                                    + " PolicyConflict; exclude these namespaces in one of the two");
        }
    }

    private void addTo(String namespace, BackupPlan plan) {
        addMissing(namespaces.computeIfAbsent(namespace, k -> new ArrayList<>()), List.of(plan));
    }

    private static void addMissing(List<BackupPlan> to, List<BackupPlan> plans) {
        plans.stream().filter(p -> !to.contains(p)).forEach(to::add);
    }

    /** Namespaces that hooks name. A hook must find a pod, which does not exist in each namespace of a template. */
    private static Set<String> withHooks(BackupPlan plan) {
        return hooks(plan).stream()
                .filter(h -> h.includedNamespaces != null)
                .flatMap(h -> h.includedNamespaces.stream())
                .filter(n -> !n.matches(WILD))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    /** Whether a plan has hooks without namespaces, or with patterns of namespaces. */
    static boolean hasHooksEverywhere(BackupPlan plan) {
        return hooks(plan).stream()
                .anyMatch(h -> h.includedNamespaces == null
                        || h.includedNamespaces.isEmpty()
                        || h.includedNamespaces.stream().anyMatch(n -> n.matches(WILD)));
    }

    private static List<Backup.ResourceHook> hooks(BackupPlan plan) {
        Backup.Hooks hooks = plan.spec().hooks;
        return hooks == null || hooks.resources == null ? List.of() : hooks.resources;
    }
}
