package io.breakwater.verify;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.breakwater.api.BackupLocation;
import io.breakwater.api.BackupLocationSpec;
import io.breakwater.api.BackupLocationSpec.Layout;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Condition;
import io.breakwater.api.Reason;
import io.breakwater.api.Restore;
import io.breakwater.api.RestorePoint;
import io.breakwater.api.RestorePointStatus;
import io.breakwater.api.RestoreStatus;
import io.breakwater.api.Verification;
import io.breakwater.api.VerificationSpec;
import io.breakwater.api.VerificationSpec.Level;
import io.breakwater.api.VerificationStatus;
import io.breakwater.catalog.Catalog;
import io.breakwater.catalog.TestPoints;
import io.breakwater.config.TestConfig;
import io.breakwater.observe.Conditions;
import io.breakwater.trust.IdentityRule;
import io.breakwater.trust.PointKey;
import io.breakwater.trust.PointKeys;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import java.time.Clock;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Points that must not be restored into a sandbox, and restores that its author may not do. */
class VerifyObjectsStepTest {
    @ParameterizedTest
    @EnumSource(
            value = Level.class,
            names = {"Restored", "Queried"})
    void refusesToRestoreABackupOfVelero(Level level) {
        assertThatThrownBy(() -> VerifyObjectsStep.checkSigned(run(level), location(Layout.Velero)))
                .hasMessageContaining("RestorePoint shop/p1 is a backup of Velero, which has no signature")
                .hasMessageContaining("Checksum");
        assertThatCode(() -> VerifyObjectsStep.checkSigned(run(level), location(null)))
                .doesNotThrowAnyException();
    }

    @Test
    void readsABackupOfVelero() {
        assertThatCode(() -> VerifyObjectsStep.checkSigned(run(Level.Checksum), location(Layout.Velero)))
                .doesNotThrowAnyException();
    }

    @Test
    void reportsMissingRightsOfTheAuthor() {
        BreakwaterException lacks = RestoreToSandboxStep.failed(
                run(Level.Restored), failed(Reason.Forbidden, "author jane may not get secrets in namespace shop"));
        assertThat(lacks.reason()).isEqualTo(Reason.AuthorLacksRight);
        assertThat(lacks).hasMessageContaining("RestorePoint shop/p1").hasMessageContaining("jane may not get secrets");

        BreakwaterException failed =
                RestoreToSandboxStep.failed(run(Level.Restored), failed(Reason.MoverFailed, "no space"));
        assertThat(failed.reason()).isEqualTo(Reason.VerificationFailed);
        assertThat(failed).hasMessageContaining("MoverFailed: no space");
    }

    /** The seal and the status of the RestorePoint were replaced by those of another point after the run had chosen it. */
    @Test
    void readsOnlyTheSealThatTheRunHasChosen() {
        VerifyRun run = run(Level.Checksum);
        PointKey key = PointKeys.of("east", "shop", "p1");
        RestorePoint point = new RestorePoint();
        point.setStatus(new RestorePointStatus());
        point.getStatus().digest = "of another point";
        Catalog catalog = new Catalog(null, null) {
            @Override
            public Optional<Sealed> read(BackupLocation location, PointKey of) {
                return Optional.of(new Sealed(TestPoints.document(of), "of another point"));
            }
        };
        IdentityRule rule = new IdentityRule(TestConfig.of(Map.of()), PointKeys.identities("east"));
        var subject = new VerifyObjectsStep.Subject(point, key, location(null));

        for (String chosen : new String[] {"of the chosen point", null}) {
            run.status().digest = chosen;
            assertThatThrownBy(() -> subject.sealed(run, catalog, rule))
                    .isInstanceOfSatisfying(
                            BreakwaterException.class,
                            e -> assertThat(e.reason()).isEqualTo(Reason.Tampered));
        }
        run.status().digest = "of another point";
        assertThat(subject.sealed(run, catalog, rule).document().key()).isEqualTo(key);
    }

    private static Restore failed(Reason reason, String message) {
        Restore restore = new Restore();
        restore.setStatus(new RestoreStatus());
        Conditions.of(restore.getStatus(), 1L, Clock.systemUTC()).failed(reason, message);
        assertThat(restore.getStatus().condition(Condition.SUCCEEDED)).isPresent();
        return restore;
    }

    private static BackupLocation location(Layout layout) {
        BackupLocation location = new BackupLocation();
        location.setSpec(new BackupLocationSpec());
        location.getSpec().layout = layout;
        return location;
    }

    static VerifyRun run(Level level) {
        Verification verification = new Verification();
        verification.setMetadata(new ObjectMetaBuilder()
                .withName("v")
                .withNamespace("shop")
                .withUid("0f0e0d0c-0b0a-0908-0706-050403020100")
                .build());
        verification.setSpec(new VerificationSpec());
        verification.getSpec().level = level;
        verification.setStatus(new VerificationStatus());
        verification.getStatus().restorePoint = "p1";
        return new VerifyRun(verification, null, null, Clock.systemUTC(), () -> {});
    }
}
