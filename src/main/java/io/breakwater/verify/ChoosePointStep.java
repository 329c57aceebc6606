package io.breakwater.verify;

import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.api.RestorePoint;
import io.breakwater.api.Verification;
import io.breakwater.api.VerificationSpec;
import io.breakwater.api.VerificationSpec.Choice;
import io.breakwater.points.Lineage;
import io.breakwater.points.PointPages;
import io.breakwater.steps.Outcome;
import io.breakwater.steps.Step;
import io.breakwater.steps.Warnings;
import io.breakwater.trust.IdentityRule;
import io.breakwater.watch.ObjectCache;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/** Chooses the point to verify. Waits for earlier verifications of the policy, which has one at a time, and for the sandbox of the namespace, unless its deletion is blocked. */
final class ChoosePointStep implements Step<VerifyRun> {
    private final KubernetesClient client;
    private final ObjectCache objects;
    private final SandboxDeletion deletion;

    ChoosePointStep(KubernetesClient client, ObjectCache objects, SandboxDeletion deletion) {
        this.client = client;
        this.objects = objects;
        this.deletion = deletion;
    }

    @Override
    public String name() {
        return "Choose";
    }

    @Override
    public Outcome run(VerifyRun run, int attempt) {
        List<String> blocked = new ArrayList<>();
        Optional<String> other = earlier(run, blocked);
        if (other.isPresent()) {
            return Outcome.waiting("waiting for " + other.get(), Duration.ofSeconds(10));
        }
        VerificationSpec spec = run.verification().getSpec();
        RestorePoint point =
                choose(PointPages.in(client, run.namespace()), Lineage.in(client, run.namespace()), spec, run.uid());
        run.update(s -> {
            s.restorePoint = point.getMetadata().getName();
            s.capturedAt = point.getStatus().capturedAt;
            s.digest = IdentityRule.statedDigest(point);
            s.warnings = blocked.isEmpty() ? s.warnings : Warnings.merged(s.warnings, blocked);
        });
        return Outcome.done("RestorePoint " + point.getMetadata().getName() + " of " + point.getStatus().capturedAt);
    }

    /**
     * The point that a spec names or selects. Only a named one may be outside of the present history. A random choice depends on the uid of the run, so a restart does not change it.
     *
     * @throws BreakwaterException RestorePointNotFound or RestorePointNotSealed
     */
    static RestorePoint choose(List<RestorePoint> points, Lineage lineage, VerificationSpec spec, String uid) {
        if (spec.restorePointRef != null) {
            String name = spec.restorePointRef.name;
            RestorePoint named = points.stream()
                    .filter(p -> p.getMetadata().getName().equals(name))
                    .findFirst()
                    .orElseThrow(() -> BreakwaterException.permanent(
                            Reason.RestorePointNotFound,
                            "RestorePoint " + name + " of spec.restorePointRef does not exist in this namespace"));
            if (!isVerifiable(named)) {
                throw BreakwaterException.permanent(
                        Reason.RestorePointNotSealed,
                        "RestorePoint " + name + " of spec.restorePointRef is not sealed; there is nothing to verify");
            }
            return named;
        }
        List<RestorePoint> good = points.stream()
                .filter(ChoosePointStep::isVerifiable)
                .filter(p -> p.getSpec().policyRef != null && spec.policyRef.name.equals(p.getSpec().policyRef.name))
                .filter(lineage::contains)
                .sorted(Lineage.ORDER)
                .toList();
        if (good.isEmpty()) {
            throw BreakwaterException.permanent(
                    Reason.RestorePointNotFound,
                    "BackupPolicy " + spec.policyRef.name + " has no sealed RestorePoint yet; create one first");
        }
        if (spec.point != Choice.Random) {
            return good.getLast();
        }
        long seed = UUID.nameUUIDFromBytes(uid.getBytes(StandardCharsets.UTF_8)).getLeastSignificantBits();
        return good.get((int) Math.floorMod(seed, (long) good.size()));
    }

    /** A policy has one verification at a time, and a namespace has one sandbox. */
    static boolean excludeEachOther(VerificationSpec one, VerificationSpec other) {
        boolean sandboxes = isRestored(one) && isRestored(other);
        return sandboxes || one.policyRef.name.equals(other.policyRef.name);
    }

    private static boolean isRestored(VerificationSpec spec) {
        return spec.level == null || spec.level.compareTo(VerificationSpec.Level.Restored) >= 0;
    }

    /** Whether the point is sealed and not being deleted. */
    private static boolean isVerifiable(RestorePoint point) {
        return point.isSealed()
                && point.getStatus().capturedAt != null
                && point.getMetadata().getDeletionTimestamp() == null;
    }

    /**
     * An older Verification that is not over, or the sandbox of one, which this run waits for.
     *
     * @param blocked receives a warning for each sandbox whose deletion takes too long to wait for it
     */
    private Optional<String> earlier(VerifyRun run, List<String> blocked) {
        Comparator<Verification> age = Comparator.comparing(
                        (Verification v) -> v.getMetadata().getCreationTimestamp())
                .thenComparing(v -> v.getMetadata().getName());
        Instant now = run.clock().instant();
        List<Verification> older = objects.in(Verification.class, run.namespace()).stream()
                .filter(v -> excludeEachOther(v.getSpec(), run.verification().getSpec()))
                .filter(v -> age.compare(v, run.verification()) < 0)
                .toList();
        for (Verification v : older) {
            String name = v.getMetadata().getName();
            if (!v.isOver()) {
                return Optional.of("Verification " + name + " to end");
            }
            Optional<SandboxDeletion.State> state = deletion.state(v, now);
            if (state.isPresent()) {
                String sandbox = "sandbox " + v.getStatus().sandbox + " of Verification " + name;
                String cause = state.get().cause();
                if (!state.get().isOverdue()) {
                    return Optional.of("the deletion of " + sandbox + ": " + cause);
                }
                blocked.add(sandbox + " is not deleted, so this Verification did not wait for it: " + cause);
            }
        }
        return Optional.empty();
    }
}
