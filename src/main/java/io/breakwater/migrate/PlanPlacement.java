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
 * Where plans go: a plan for one namespace into that namespace, one for several becomes a template. A namespace has one policy
 * only, so what several plans take goes to the one that names it most closely, and the others leave it out.
 */
final class PlanPlacement {
    /** Plans that become one template. */
    static final class Group {
        private NamespaceScope reach;
        private final List<BackupPlan> plans = new ArrayList<>();

        private Group(NamespaceScope reach) {
            this.reach = reach;
        }

        NamespaceScope reach() {
            return reach;
        }

        List<BackupPlan> plans() {
            return plans;
        }
    }

    private static final String WILD = ".*[*?\\[].*";

    private final Map<String, List<BackupPlan>> namespaces = new TreeMap<>();
    private final Map<NamespaceScope, Group> groups = new LinkedHashMap<>();

    /** Plans by the single namespace that they are for. */
    Map<String, List<BackupPlan>> namespaces() {
        return namespaces;
    }

    /** Plans for several namespaces. */
    List<Group> groups() {
        return groups.values().stream()
                .filter(g -> g.reach.isOpen() || g.reach.include().stream().anyMatch(g.reach::takes))
                .toList();
    }

    void add(BackupPlan plan) {
        NamespaceScope reach = plan.reach();
        if (reach.isNothing()) {
            plan.about()
                    .tell(plan.at() + "excludedNamespaces", "leaves nothing of what is included; no policy is made");
        } else if (reach.single().isPresent()) {
            into(reach.single().get(), plan);
        } else {
            groups.computeIfAbsent(reach, Group::new).plans.add(plan);
            withHooks(plan).stream().filter(reach::takes).forEach(n -> into(n, plan));
        }
    }

    /** A backup that was made by hand makes a policy without a schedule, where no other is. */
    void addAlone(BackupPlan plan) {
        NamespaceScope reach = plan.reach();
        List<BackupPlan> there = new ArrayList<>();
        reach.single().ifPresent(n -> there.addAll(namespaces.getOrDefault(n, List.of())));
        groups.values().stream()
                .filter(g -> g.reach.equals(reach) || reach.include().stream().allMatch(g.reach::takesAllOf))
                .forEach(g -> there.addAll(g.plans));
        if (there.isEmpty()) {
            add(plan);
        } else {
            plan.about()
                    .tell(
                            "metadata.name",
                            "namespace " + String.join(", ", reach.include()) + " is protected by the policy "
                                    + there.getFirst().name() + " already");
        }
    }

    /** Sees to it that no namespace is left to chance between two policies. */
    void settle() {
        for (Group group : groups.values()) {
            for (Map.Entry<String, List<BackupPlan>> single : namespaces.entrySet()) {
                if (group.reach.takes(single.getKey())) {
                    join(single.getValue(), group.plans);
                    group.reach = group.reach.without(single.getKey());
                }
            }
        }
        List<Group> closestFirst = groups.values().stream()
                .sorted(Comparator.comparing((Group g) -> g.reach.isOpen())
                        .thenComparing(
                                g -> g.reach.isEverything() || g.reach.include().contains("*")))
                .toList();
        for (int i = 0; i < closestFirst.size(); i++) {
            for (Group wide : closestFirst.subList(i + 1, closestFirst.size())) {
                part(closestFirst.get(i), wide);
            }
        }
    }

    private static void part(Group close, Group wide) {
        boolean inside = close.reach.exclude().stream().allMatch(e -> NamePatterns.names(wide.reach.exclude(), e))
                && close.reach.include().stream().allMatch(wide.reach::includes);
        if (inside) {
            join(close.plans, wide.plans);
            close.reach.include().forEach(n -> wide.reach = wide.reach.without(n));
        } else if (close.reach.mayMeet(wide.reach)) {
            BackupPlan first = close.plans.getFirst();
            first.about()
                    .tell(
                            first.at() + "includedNamespaces",
                            "may take namespaces that the policy "
                                    + wide.plans.getFirst().name()
                                    + " takes, too: whichever comes first stays, and the other says PolicyConflict;"
                                    + " exclude them in one of the two");
        }
    }

    private void into(String namespace, BackupPlan plan) {
        join(namespaces.computeIfAbsent(namespace, k -> new ArrayList<>()), List.of(plan));
    }

    private static void join(List<BackupPlan> to, List<BackupPlan> plans) {
        plans.stream().filter(p -> !to.contains(p)).forEach(to::add);
    }

    /** Namespaces that hooks name: a hook must find a pod, which it would not in each namespace of a template. */
    private static Set<String> withHooks(BackupPlan plan) {
        return hooks(plan).stream()
                .filter(h -> h.includedNamespaces != null)
                .flatMap(h -> h.includedNamespaces.stream())
                .filter(n -> !n.matches(WILD))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    /** Whether a plan has hooks that name no namespaces, or not all by their names. */
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
