package io.breakwater.volume;

import io.breakwater.volume.VolumePlanner.Bound;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** The groups of {@code spec.volumes.groupBy}: their claims, and problems of a group. */
final class VolumeGroups {
    private static final String DEFAULT_CLASS = "groupsnapshot.storage.kubernetes.io/is-default-class";

    private VolumeGroups() {}

    /**
     * Membership of a claim in a group.
     *
     * @param group value of the label
     * @param snapshotClass VolumeGroupSnapshotClass; null if there is a problem
     * @param problem why no snapshot of the claim with the group is possible; null if one is
     */
    record Membership(String group, String snapshotClass, String problem) {}

    /** The claims that are in a group, by their names. */
    static Map<String, Membership> of(String label, List<Bound> claims, GroupSnapshots snapshots) {
        Map<String, List<Bound>> groups = label == null
                ? Map.of()
                : claims.stream()
                        .filter(b -> value(b, label) != null)
                        .collect(Collectors.groupingBy(b -> value(b, label)));
        if (groups.isEmpty()) {
            return Map.of();
        }
        Optional<String> version = snapshots.version();
        List<GenericKubernetesResource> classes =
                version.map(snapshots::classes).orElse(List.of());
        Map<String, Membership> members = new HashMap<>();
        groups.forEach((value, group) -> group.forEach(b -> {
            Optional<String> snapshotClass = VolumePlanner.snapshotClass(b.driver(), null, classes, DEFAULT_CLASS);
            String problem = problem(b, group, version.isPresent(), snapshotClass.isPresent());
            members.put(
                    b.name(),
                    new Membership(
                            value,
                            problem == null ? snapshotClass.orElseThrow() : null,
                            problem == null
                                    ? null
                                    : "no snapshot with its group " + label + "=" + value + " is possible: "
                                            + problem));
        }));
        return members;
    }

    private static String problem(Bound claim, List<Bound> group, boolean served, boolean hasClass) {
        if (claim.driver() == null) {
            return "its PersistentVolume is not from a CSI driver";
        }
        if (!served) {
            return "the API server does not serve " + GroupSnapshots.GROUP
                    + "; install the CRDs of the CSI snapshotter, and enable its feature gate"
                    + " CSIVolumeGroupSnapshot";
        }
        if (!hasClass) {
            return "no VolumeGroupSnapshotClass for driver " + claim.driver();
        }
        TreeSet<String> drivers = group.stream()
                .map(b -> b.driver() == null ? "none" : b.driver())
                .collect(Collectors.toCollection(TreeSet::new));
        return drivers.size() == 1
                ? null
                : "a group snapshot needs volumes of one driver, but the group has several: " + drivers;
    }

    private static String value(Bound b, String label) {
        Map<String, String> labels = b.claim().getMetadata().getLabels();
        return labels == null ? null : labels.get(label);
    }
}
