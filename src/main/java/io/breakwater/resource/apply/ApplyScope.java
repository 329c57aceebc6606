package io.breakwater.resource.apply;

import com.fasterxml.jackson.databind.JsonNode;
import io.breakwater.velero.ObjectKey;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** The objects of a plan that one run restores. */
sealed interface ApplyScope {
    /** Whether the run restores the object. */
    boolean includes(ApplyPlan plan, ObjectKey key);

    /** Whether an earlier run restored the object, which may own objects of this run or be owned by them. */
    default boolean isEarlier(ApplyPlan plan, ObjectKey key) {
        return false;
    }

    /** Whether the run adds missing owner references to an object of an earlier run. */
    default boolean addsOwnersTo(JsonNode captured) {
        return true;
    }

    /** Whether an object that the Restore wrote before was counted then. */
    default boolean isCounted(ObjectKey key) {
        return false;
    }

    /** The waves of the run. */
    default Set<ApplyWave> waves() {
        return EnumSet.allOf(ApplyWave.class);
    }

    /** Whether the run reports the objects of the plan that are not restored. */
    default boolean reportsOmitted() {
        return false;
    }

    /** Whether the object is not created by a run, but the caller creates it. */
    private static boolean isClaim(ObjectKey key) {
        return key.directory().equals("persistentvolumeclaims");
    }

    /** The objects of one stage of {@code spec.order}; a dry run has only one stage. */
    record Stage(int number, boolean dryRun) implements ApplyScope {
        @Override
        public boolean includes(ApplyPlan plan, ObjectKey key) {
            return dryRun || plan.order().stage(key) == number;
        }

        @Override
        public boolean isEarlier(ApplyPlan plan, ObjectKey key) {
            return plan.order().stage(key) < number && (isClaim(key) || !RestoreRules.isNever(key.directory()));
        }

        @Override
        public boolean reportsOmitted() {
            return number == 0;
        }
    }

    /** Definitions and classes, which claims need. They are restored again with the other objects, with the same result. */
    record Classes() implements ApplyScope {
        @Override
        public boolean includes(ApplyPlan plan, ObjectKey key) {
            return plan.order().stage(key) == 0;
        }

        @Override
        public Set<ApplyWave> waves() {
            return EnumSet.of(ApplyWave.DEFINITIONS, ApplyWave.CLUSTER);
        }
    }

    /**
     * Objects that the API server could not accept before.
     *
     * @param uids captured UIDs of these objects
     */
    record Retry(DeferredSelection selection, Set<String> uids) implements ApplyScope {
        static Retry of(ApplyPlan plan, DeferredSelection selection) {
            Set<String> uids = new HashSet<>();
            for (ApplyWave wave : ApplyWave.values()) {
                List<ApplyPlan.Entry> entries = plan.wave(wave).stream()
                        .filter(e -> selection.includes(e.key()))
                        .toList();
                entries.forEach(e ->
                        uids.add(plan.object(e).path("metadata").path("uid").asText()));
            }
            return new Retry(selection, uids);
        }

        @Override
        public boolean includes(ApplyPlan plan, ObjectKey key) {
            return selection.includes(key);
        }

        @Override
        public boolean isEarlier(ApplyPlan plan, ObjectKey key) {
            return !selection.includes(key) && (isClaim(key) || !RestoreRules.isNever(key.directory()));
        }

        @Override
        public boolean addsOwnersTo(JsonNode captured) {
            for (JsonNode owner : captured.path("metadata").path("ownerReferences")) {
                if (uids.contains(owner.path("uid").asText())) {
                    return true;
                }
            }
            return false;
        }

        @Override
        public boolean isCounted(ObjectKey key) {
            return selection.isWhole(key);
        }
    }
}
