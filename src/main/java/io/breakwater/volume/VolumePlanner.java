package io.breakwater.volume;

import io.breakwater.api.Api;
import io.breakwater.api.BackupPolicySpec;
import io.breakwater.api.BackupPolicySpec.VolumeMethod;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.resource.ApiServer;
import io.breakwater.resource.CaptureRules;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.PersistentVolume;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.client.KubernetesClient;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/**
 * Decides how each claim of a namespace is captured. A claim that cannot be captured is an error, unless the policy lists it in
 * {@code spec.volumes.allowUnprotected}.
 */
@ApplicationScoped
public class VolumePlanner {
    private static final String UNUSED = "the claim is being deleted, and no pod uses it";
    private static final String DEFAULT_CLASS = "snapshot.storage.kubernetes.io/is-default-class";

    private final KubernetesClient client;
    private final GroupSnapshots groups;

    public VolumePlanner(KubernetesClient client, GroupSnapshots groups) {
        this.client = client;
        this.groups = groups;
    }

    /**
     * One claim with its method: a snapshot class, or a reason to skip it. With neither of them, the mover reads the volume itself.
     *
     * @param claim the claim in its present state
     * @param snapshotClass VolumeSnapshotClass; in a group, VolumeGroupSnapshotClass
     * @param group the group whose snapshot includes it; null for a snapshot of its own
     * @param skipped why the claim is skipped; null if it is captured
     */
    public record Planned(PersistentVolumeClaim claim, String snapshotClass, String group, String skipped)
            implements Decision {
        /** Whether the mover reads the volume itself, not a snapshot. */
        public boolean live() {
            return snapshotClass == null && skipped == null;
        }

        /** Whether it is a raw block device. */
        public boolean ofBlocks() {
            return isBlock(claim);
        }

        /** Size of the volume as a quantity; before it exists, the requested size. */
        public String size() {
            return sizeOf(claim).toString();
        }
    }

    /** The decision on a claim. */
    private sealed interface Decision permits Planned, Problem {}

    /**
     * Why a claim cannot be captured with the method of the policy.
     *
     * @param wayOut what a user can do instead of a change to the policy's allowUnprotected
     */
    private record Problem(String claim, String message, WayOut wayOut) implements Decision {
        static String describe(List<Problem> problems) {
            String message = problems.stream()
                    .map(p -> "PersistentVolumeClaim " + p.claim + ": " + p.message)
                    .collect(Collectors.joining("; "));
            String waysOut = problems.stream()
                    .map(p -> p.wayOut)
                    .distinct()
                    .sorted()
                    .map(w -> w.text)
                    .collect(Collectors.joining("; "));
            return message + "; " + waysOut + ", or list the claim in spec.volumes.allowUnprotected to skip it";
        }
    }

    /** What a user can do about a claim that cannot be captured. */
    private enum WayOut {
        GROUP("remove the label from a claim that does not need the group, or remove spec.volumes.groupBy from the"
                + " BackupPolicy"),
        DELETED("copy the data of the claim that is being deleted to a new claim, because a deletion cannot be undone"),
        LOST("create the PersistentVolume again, or delete the claim"),
        METHOD("move the data to a class with CSI snapshots, or set spec.volumes.method of the BackupPolicy to LiveCopy"
                + " to read the volume while it is in use");

        private final String text;

        WayOut(String text) {
            this.text = text;
        }
    }

    /**
     * A claim with a volume.
     *
     * @param driver the CSI driver of the volume; null without one
     * @param lost whether the PersistentVolume does not exist
     */
    record Bound(PersistentVolumeClaim claim, String driver, boolean lost) {
        String name() {
            return claim.getMetadata().getName();
        }
    }

    /** Size of the volume of a claim; before it exists, the requested size. */
    public static Quantity sizeOf(PersistentVolumeClaim claim) {
        boolean known = claim.getStatus() != null
                && claim.getStatus().getCapacity() != null
                && claim.getStatus().getCapacity().get("storage") != null;
        return known
                ? claim.getStatus().getCapacity().get("storage")
                : claim.getSpec().getResources().getRequests().get("storage");
    }

    /**
     * Plans the claims of the namespace, in order of their names.
     *
     * @param wanted selects the claims of the capture; the others are ignored
     * @throws BreakwaterException VolumeUnprotectable, with the name of every claim that cannot be captured
     */
    public List<Planned> plan(String namespace, BackupPolicySpec policy, Predicate<PersistentVolumeClaim> wanted) {
        Set<String> allowed = policy.volumes == null || policy.volumes.allowUnprotected == null
                ? Set.of()
                : Set.copyOf(policy.volumes.allowUnprotected);
        List<PersistentVolumeClaim> claims = claims(namespace, wanted);
        List<Bound> bound = new ArrayList<>();
        List<Planned> plan = new ArrayList<>();
        List<Problem> problems = new ArrayList<>();
        for (PersistentVolumeClaim claim : claims) {
            if (isUnbound(claim)) {
                plan.add(skipped(claim, "the claim is not bound to a volume yet, so there is no data"));
            } else if (claim.getMetadata().getDeletionTimestamp() == null) {
                bound.add(bound(claim));
            } else {
                deleted(claim).ifPresentOrElse(problems::add, () -> plan.add(skipped(claim, UNUSED)));
            }
        }
        String groupBy = policy.volumes == null ? null : policy.volumes.groupBy;
        Map<String, VolumeGroups.Membership> members = VolumeGroups.of(groupBy, bound, groups);
        List<GenericKubernetesResource> classes = bound.isEmpty() ? List.of() : Snapshots.classes(client);
        for (Bound b : bound) {
            switch (decide(b, members.get(b.name()), policy, classes)) {
                case Planned planned -> plan.add(planned);
                case Problem problem -> problems.add(problem);
            }
        }
        Map<String, PersistentVolumeClaim> byName =
                claims.stream().collect(Collectors.toMap(c -> c.getMetadata().getName(), Function.identity()));
        problems.stream()
                .filter(p -> allowed.contains(p.claim))
                .forEach(p -> plan.add(skipped(byName.get(p.claim), p.message)));
        problems.removeIf(p -> allowed.contains(p.claim));
        if (!problems.isEmpty()) {
            throw BreakwaterException.permanent(Reason.VolumeUnprotectable, Problem.describe(problems));
        }
        plan.sort(Comparator.comparing(p -> p.claim().getMetadata().getName()));
        return plan;
    }

    /** A claim can name the volume that it waits for. A claim that has lost its volume is bound. */
    private static boolean isUnbound(PersistentVolumeClaim claim) {
        boolean pending =
                claim.getStatus() != null && "Pending".equals(claim.getStatus().getPhase());
        return claim.getSpec().getVolumeName() == null || pending;
    }

    private static Planned skipped(PersistentVolumeClaim claim, String why) {
        return new Planned(claim, null, null, why);
    }

    private Decision decide(
            Bound b, VolumeGroups.Membership member, BackupPolicySpec policy, List<GenericKubernetesResource> classes) {
        if (b.lost) {
            String volume = b.claim.getSpec().getVolumeName();
            return new Problem(b.name(), "its PersistentVolume " + volume + " does not exist", WayOut.LOST);
        }
        if (member != null) {
            return member.problem() == null
                    ? new Planned(b.claim, member.snapshotClass(), member.group(), null)
                    : new Problem(b.name(), member.problem(), WayOut.GROUP);
        }
        String wanted = policy.volumes == null ? null : policy.volumes.snapshotClassName;
        Optional<String> snapshotClass = snapshotClass(b.driver, wanted, classes, DEFAULT_CLASS);
        String problem = snapshotClass.isPresent() ? null : withoutSnapshot(b.claim, b.driver, policy);
        return problem == null
                ? new Planned(b.claim, snapshotClass.orElse(null), null, null)
                : new Problem(b.name(), problem, WayOut.METHOD);
    }

    private List<PersistentVolumeClaim> claims(String namespace, Predicate<PersistentVolumeClaim> wanted) {
        return client
                .persistentVolumeClaims()
                .inNamespace(namespace)
                .withoutLabel(Api.EXCLUDE, "true")
                .withoutLabel(Api.VELERO_EXCLUDE, "true")
                .list()
                .getItems()
                .stream()
                .filter(c -> !isOfPod(c))
                .filter(wanted)
                .sorted(Comparator.comparing(c -> c.getMetadata().getName()))
                .toList();
    }

    /** Whether the claim is the ephemeral volume of a pod, which ends with the pod. */
    private boolean isOfPod(PersistentVolumeClaim claim) {
        return CaptureRules.isOfPod(ApiServer.JSON.valueToTree(claim.getMetadata()));
    }

    /** Whether a claim is for a raw block device. */
    public static boolean isBlock(PersistentVolumeClaim claim) {
        return "Block".equals(claim.getSpec().getVolumeMode());
    }

    /** Why a volume without a snapshot class cannot be captured; null if a mover can read it while it is in use. */
    private String withoutSnapshot(PersistentVolumeClaim claim, String driver, BackupPolicySpec policy) {
        boolean live = policy.volumes != null && policy.volumes.method == VolumeMethod.LiveCopy;
        if (!live) {
            String wanted = policy.volumes == null ? null : policy.volumes.snapshotClassName;
            return driver == null ? "its PersistentVolume is not from a CSI driver" : noClass(claim, driver, wanted);
        }
        if (isBlock(claim)) {
            return "it is a raw block volume, which Breakwater reads only from a snapshot; "
                    + (driver == null
                            ? "its PersistentVolume is not from a CSI driver"
                            : noClass(claim, driver, policy.volumes.snapshotClassName));
        }
        List<Pod> users = ClaimUsers.of(client, claim);
        if (!users.isEmpty() && claim.getSpec().getAccessModes().contains("ReadWriteOncePod")) {
            return "its access mode is ReadWriteOncePod, so the mover cannot read it while pod "
                    + users.getFirst().getMetadata().getName() + " uses it";
        }
        return users.stream()
                .flatMap(pod -> ClaimUsers.databaseIn(pod, policy).stream())
                .findFirst()
                .map(database -> "database " + database
                        + " of spec.databases writes to it, so a copy of its files would not be"
                        + " consistent; dump the database to another volume in a pre hook")
                .orElse(null);
    }

    /** The API server takes no snapshot of a claim that is being deleted, and the scheduler starts no pod that uses it. */
    private Optional<Problem> deleted(PersistentVolumeClaim claim) {
        return ClaimUsers.of(client, claim).stream()
                .findFirst()
                .map(pod -> new Problem(
                        claim.getMetadata().getName(),
                        "it is being deleted while pod " + pod.getMetadata().getName()
                                + " uses it, so its volume can neither be snapshotted nor be read",
                        WayOut.DELETED));
    }

    private Bound bound(PersistentVolumeClaim claim) {
        PersistentVolume volume = volume(client, claim);
        return new Bound(claim, driver(volume), volume == null);
    }

    /** The CSI driver of the volume of a claim; null without one. */
    public static String driver(KubernetesClient client, PersistentVolumeClaim claim) {
        return claim.getSpec().getVolumeName() == null ? null : driver(volume(client, claim));
    }

    private static PersistentVolume volume(KubernetesClient client, PersistentVolumeClaim claim) {
        return client.persistentVolumes()
                .withName(claim.getSpec().getVolumeName())
                .get();
    }

    private static String driver(PersistentVolume volume) {
        return volume == null || volume.getSpec().getCsi() == null
                ? null
                : volume.getSpec().getCsi().getDriver();
    }

    private static String noClass(PersistentVolumeClaim claim, String driver, String wanted) {
        return wanted == null
                ? "no VolumeSnapshotClass for driver " + driver + " (storage class "
                        + claim.getSpec().getStorageClassName() + ")"
                : "VolumeSnapshotClass " + wanted + " of spec.volumes.snapshotClassName does not exist for driver "
                        + driver;
    }

    /** The wanted class of the driver. Without one, its default class. Without one, its first class by name. */
    static Optional<String> snapshotClass(
            String driver, String wanted, List<GenericKubernetesResource> classes, String defaultAnnotation) {
        return classes.stream()
                .filter(c -> driver != null && driver.equals(c.get("driver")))
                .filter(c -> wanted == null || wanted.equals(c.getMetadata().getName()))
                .min(Comparator.comparing((GenericKubernetesResource c) -> !isDefault(c, defaultAnnotation))
                        .thenComparing(c -> c.getMetadata().getName()))
                .map(c -> c.getMetadata().getName());
    }

    private static boolean isDefault(GenericKubernetesResource c, String annotation) {
        return c.getMetadata().getAnnotations() != null
                && "true".equals(c.getMetadata().getAnnotations().get(annotation));
    }
}
