package io.breakwater.verify;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.breakwater.api.BackupPolicy;
import io.breakwater.api.BackupPolicySpec;
import io.breakwater.api.BackupPolicySpec.VerificationPlan;
import io.breakwater.api.Condition;
import io.breakwater.api.NamedRef;
import io.breakwater.api.Reason;
import io.breakwater.api.RestorePoint;
import io.breakwater.api.RestorePointSpec;
import io.breakwater.api.RestorePointStatus;
import io.breakwater.api.VerificationSpec;
import io.breakwater.api.VerificationSpec.Choice;
import io.breakwater.api.VerificationSpec.Level;
import io.breakwater.observe.Conditions;
import io.breakwater.points.Lineage;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The point that a Verification chooses. */
class ChoosePointStepTest {
    private final List<RestorePoint> points = List.of(
            point("b", "shop", "2026-11-02T00:00:00Z", true),
            point("a", "shop", "2026-11-01T00:00:00Z", true),
            point("c", "shop", "2026-11-03T00:00:00Z", false),
            point("d", "other", "2026-11-04T00:00:00Z", true));

    @Test
    void choosesTheNewestSealedPoint() {
        assertThat(choose(spec(null, null), "x")).isEqualTo("b");
    }

    @Test
    void choosesTheSameRandomPointAfterACrash() {
        Set<String> seen = new TreeSet<>();
        for (int i = 0; i < 64; i++) {
            String uid = "uid-" + i;
            String chosen = choose(spec(null, Choice.Random), uid);
            assertThat(choose(spec(null, Choice.Random), uid)).isEqualTo(chosen);
            seen.add(chosen);
        }
        assertThat(seen).containsExactly("a", "b");
    }

    /** It would prove what the present application never had. */
    @Test
    void choosesNoDivergentPointUnlessItIsNamed() {
        RestorePoint divergent = point("e", "shop", "2026-11-05T00:00:00Z", true);
        divergent.getSpec().trigger = RestorePointSpec.Trigger.Divergent;
        List<RestorePoint> all =
                Stream.concat(points.stream(), Stream.of(divergent)).toList();

        assertThat(ChoosePointStep.choose(all, Lineage.WITHOUT_PLAN, spec(null, null), "x")
                        .getMetadata()
                        .getName())
                .isEqualTo("b");
        assertThat(ChoosePointStep.choose(all, Lineage.WITHOUT_PLAN, spec("e", null), "x")
                        .getMetadata()
                        .getName())
                .isEqualTo("e");
    }

    @Test
    void choosesTheNamedPoint() {
        assertThat(choose(spec("a", null), "x")).isEqualTo("a");
        assertThatThrownBy(() -> choose(spec("c", null), "x"))
                .hasMessageContaining("RestorePoint c of spec.restorePointRef is not sealed");
        assertThatThrownBy(() -> choose(spec("z", null), "x")).hasMessageContaining("does not exist");
    }

    @Test
    void reportsAPolicyWithoutSealedPoints() {
        assertThatThrownBy(() -> ChoosePointStep.choose(List.of(), Lineage.WITHOUT_PLAN, spec(null, null), "x"))
                .matches(e -> ((io.breakwater.api.BreakwaterException) e).reason() == Reason.RestorePointNotFound)
                .hasMessageContaining("BackupPolicy shop has no sealed RestorePoint");
    }

    @Test
    void allowsOneSandboxInANamespace() {
        VerificationSpec shop = spec(null, null);
        VerificationSpec other = spec(null, null);
        other.policyRef = new NamedRef("other");
        shop.level = Level.Restored;
        other.level = Level.Queried;
        assertThat(ChoosePointStep.excludeEachOther(shop, other)).isTrue();
        other.level = Level.Checksum;
        assertThat(ChoosePointStep.excludeEachOther(shop, other))
                .as("a check of digests has no sandbox")
                .isFalse();
        other.policyRef = shop.policyRef;
        assertThat(ChoosePointStep.excludeEachOther(shop, other)).isTrue();
    }

    @Test
    void deletesASandboxAfterOneDayAtTheLatest() {
        BackupPolicy policy = new BackupPolicy();
        policy.setSpec(new BackupPolicySpec());
        assertThat(VerificationReconciler.keepFor(policy)).isZero();
        policy.getSpec().verification = new VerificationPlan();
        policy.getSpec().verification.keepFor = "3h";
        assertThat(VerificationReconciler.keepFor(policy)).isEqualTo(Duration.ofHours(3));
        policy.getSpec().verification.keepFor = "9000h";
        assertThat(VerificationReconciler.keepFor(policy)).isEqualTo(Duration.ofHours(24));
        assertThat(VerificationReconciler.keepFor(null)).isZero();
    }

    private String choose(VerificationSpec spec, String uid) {
        return ChoosePointStep.choose(points, Lineage.WITHOUT_PLAN, spec, uid)
                .getMetadata()
                .getName();
    }

    private static VerificationSpec spec(String named, Choice choice) {
        VerificationSpec spec = new VerificationSpec();
        spec.policyRef = new NamedRef("shop");
        spec.restorePointRef = named == null ? null : new NamedRef(named);
        spec.point = choice;
        return spec;
    }

    private static RestorePoint point(String name, String policy, String capturedAt, boolean sealed) {
        RestorePoint point = new RestorePoint();
        point.setMetadata(new ObjectMetaBuilder().withName(name).build());
        point.setSpec(new RestorePointSpec());
        point.getSpec().policyRef = new NamedRef(policy);
        RestorePointStatus status = new RestorePointStatus();
        status.capturedAt = capturedAt;
        Conditions conditions = Conditions.of(status, 1L, Clock.systemUTC());
        if (sealed) {
            conditions.succeeded(Reason.Completed, "sealed");
        } else {
            conditions.running("Move");
        }
        point.setStatus(status);
        assertThat(status.holds(Condition.SUCCEEDED)).isEqualTo(sealed);
        return point;
    }
}
