package io.breakwater.mover;

import io.breakwater.api.MoverSettings;
import io.fabric8.kubernetes.api.model.Affinity;
import io.fabric8.kubernetes.api.model.AffinityBuilder;
import io.fabric8.kubernetes.api.model.NodeSelectorRequirement;
import io.fabric8.kubernetes.api.model.NodeSelectorTermBuilder;
import io.fabric8.kubernetes.api.model.Toleration;
import io.fabric8.kubernetes.api.model.TolerationBuilder;
import java.util.List;
import java.util.Map;

/**
 * The nodes that the pod of a mover may run on. The settings replace the defaults of the installation.
 *
 * <p>A mover that writes a volume of the application only prefers the nodes of the settings. Its volume may exist on other nodes only,
 * and a volume that its pod creates must be where the application runs, so then the nodes of the settings have no effect.
 */
record MoverPlacement(Map<String, String> nodeSelector, Affinity affinity, List<Toleration> tolerations) {
    /** The mover must run on the node of the application's pod, whatever taints the node has. */
    private static final Toleration ANYTHING =
            new TolerationBuilder().withOperator("Exists").build();

    private static final int STRONGEST = 100;

    static MoverPlacement of(MoverTask task, MoverSettings settings, MoverSurroundings surroundings) {
        if (task instanceof MoverTask.Backup b && b.node() != null) {
            return new MoverPlacement(null, to(b.node()), List.of(ANYTHING));
        }
        MoverPodDefaults defaults = surroundings.defaults();
        List<Toleration> tolerations =
                settings.tolerations == null ? defaults.tolerations() : tolerations(settings.tolerations);
        if (settings.nodeSelector == null) {
            return new MoverPlacement(defaults.nodeSelector(), defaults.affinity(), tolerations);
        }
        if (!isWriting(task)) {
            return new MoverPlacement(settings.nodeSelector, defaults.affinity(), tolerations);
        }
        boolean prefers = surroundings.claimIsBound() && !settings.nodeSelector.isEmpty();
        return new MoverPlacement(
                null,
                prefers ? preferring(defaults.affinity(), settings.nodeSelector) : defaults.affinity(),
                tolerations);
    }

    /** Whether the task writes a volume of the application, or creates it by its first mount. */
    private static boolean isWriting(MoverTask task) {
        return switch (task) {
            case MoverTask.Fill _, MoverTask.FillDevice _, MoverTask.Files _, MoverTask.Mount _ -> true;
            case MoverTask.Backup _,
                    MoverTask.BackupDevice _,
                    MoverTask.Init _,
                    MoverTask.Rekey _,
                    MoverTask.Verify _,
                    MoverTask.Prune _ -> false;
        };
    }

    /** Selects a node by its name. Labels do not have to repeat the name. */
    private static Affinity to(String node) {
        return new AffinityBuilder()
                .withNewNodeAffinity()
                .withNewRequiredDuringSchedulingIgnoredDuringExecution()
                .addNewNodeSelectorTerm()
                .addToMatchFields(new NodeSelectorRequirement("metadata.name", "In", List.of(node)))
                .endNodeSelectorTerm()
                .endRequiredDuringSchedulingIgnoredDuringExecution()
                .endNodeAffinity()
                .build();
    }

    private static Affinity preferring(Affinity affinity, Map<String, String> labels) {
        AffinityBuilder builder = affinity == null ? new AffinityBuilder() : new AffinityBuilder(affinity);
        NodeSelectorTermBuilder term = new NodeSelectorTermBuilder();
        labels.forEach(
                (key, value) -> term.addToMatchExpressions(new NodeSelectorRequirement(key, "In", List.of(value))));
        return builder.editOrNewNodeAffinity()
                .addNewPreferredDuringSchedulingIgnoredDuringExecution()
                .withWeight(STRONGEST)
                .withPreference(term.build())
                .endPreferredDuringSchedulingIgnoredDuringExecution()
                .endNodeAffinity()
                .build();
    }

    private static List<Toleration> tolerations(List<MoverSettings.Toleration> chosen) {
        return chosen.stream()
                .map(t -> new TolerationBuilder()
                        .withKey(t.key)
                        .withOperator(t.operator == null ? null : t.operator.name())
                        .withValue(t.value)
                        .withEffect(t.effect == null ? null : t.effect.name())
                        .build())
                .toList();
    }
}
