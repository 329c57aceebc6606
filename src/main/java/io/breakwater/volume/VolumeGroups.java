package io.breakwater.volume;

import io.breakwater.volume.VolumePlanner.Bound;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** The groups that a policy asks for by a label: who is in one, and why one cannot be had. */
final class VolumeGroups {
    private static final String DEFAULT_CLASS = "groupsnapshot.storage.kubernetes.io/is-default-class";

    private VolumeGroups() {}

    /**
     * What a group means for one of its claims.
     *
     * @param group value of the label
     * @param snapshotClass VolumeGroupSnapshotClass; null where there is a problem
     * @param problem why the claim cannot be cut with the others; null when it can
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
                                    : "it cannot be cut with its group " + label + "=" + value + ": " + problem));
        }));
        return members;
    }

    private static String problem(Bound claim, List<Bound> group, boolean served, boolean hasClass) {
        if (claim.driver() == null) {
            return "its PersistentVolume is not from a CSI driver";
        }
        if (!served) {
            return "the API server does not serve " + GroupSnapshots.GROUP
                    + "; install the CRDs of the CSI snapshotter, and switch on its feature gate"
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
                : "a group snapshot takes volumes of one driver, and those of the group are of several: " + drivers;
    }

    private static String value(Bound b, String label) {
        Map<String, String> labels = b.claim().getMetadata().getLabels();
        return labels == null ? null : labels.get(label);
    }
}
