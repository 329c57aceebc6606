package io.breakwater.api;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.Iterator;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Whether a run is sealed, over or failed: by the condition Succeeded alone, and never stored in the object. */
class RunPredicatesTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    @ParameterizedTest
    @CsvSource({
        "True, true, true, false",
        "False, false, true, true",
        "Unknown, false, false, false",
        ", false, false, false"
    })
    void followsTheConditionSucceeded(String succeeded, boolean sealed, boolean over, boolean failed) {
        RestorePoint point = new RestorePoint();
        point.setStatus(with(new RestorePointStatus(), succeeded));
        assertThat(point.isSealed()).isEqualTo(sealed);
        assertThat(point.isOver()).isEqualTo(over);
        assertThat(point.hasFailed()).isEqualTo(failed);

        Restore restore = new Restore();
        restore.setStatus(with(new RestoreStatus(), succeeded));
        assertThat(restore.isOver()).isEqualTo(over);
        assertThat(restore.hasFailed()).isEqualTo(failed);

        Verification verification = new Verification();
        verification.setStatus(with(new VerificationStatus(), succeeded));
        assertThat(verification.isOver()).isEqualTo(over);
    }

    /** Retention deletes failed points: those that are over without success. Both readings are the same. */
    @ParameterizedTest
    @CsvSource({"True", "False", "Unknown", "''"})
    void failsExactlyWhenOverWithoutSuccess(String succeeded) {
        RestorePoint point = new RestorePoint();
        point.setStatus(with(new RestorePointStatus(), succeeded.isEmpty() ? null : succeeded));
        assertThat(point.hasFailed()).isEqualTo(point.isOver() && !point.isSealed());
    }

    @Test
    void isNeitherSealedNorOverWithoutAStatus() {
        RestorePoint point = new RestorePoint();
        assertThat(point.isSealed()).isFalse();
        assertThat(point.isOver()).isFalse();
        assertThat(point.hasFailed()).isFalse();
        assertThat(RestorePoint.isBeingCaptured(point)).isFalse();
        assertThat(new Restore().isOver()).isFalse();
        assertThat(new Restore().hasFailed()).isFalse();
        assertThat(new Verification().isOver()).isFalse();
    }

    @Test
    void returnsTheFailedConditionWithItsReason() {
        RestorePointStatus status = with(new RestorePointStatus(), "False");
        status.conditions.getFirst().reason = Reason.QuotaExceeded.name();
        assertThat(status.failure(Condition.SUCCEEDED))
                .hasValueSatisfying(c -> assertThat(c.reason).isEqualTo("QuotaExceeded"));
        assertThat(status.failure(Condition.READY)).isEmpty();
        assertThat(with(new RestorePointStatus(), "Unknown").failure(Condition.SUCCEEDED))
                .isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        // Restore in, reads from, is being deleted, pins the point of shop
        "shop, , false, true",
        "shop, , true, false",
        "bank, shop, false, false",
        "bank, , false, false",
        "ops, shop, false, true",
        "ops, shop, true, false"
    })
    void countsOnlyRestoresThatMayReadAPoint(String own, String source, boolean deleted, boolean reads) {
        Restore restore = new Restore();
        restore.getMetadata().setNamespace(own);
        restore.getMetadata().setDeletionTimestamp(deleted ? "2026-11-29T12:00:00Z" : null);
        restore.setSpec(new RestoreSpec());
        restore.getSpec().sourceNamespace = source;
        assertThat(restore.reads("shop", "p", "ops")).isEqualTo(reads);
    }

    @Test
    void addsNoFieldsToTheObjects() {
        RestorePoint point = new RestorePoint();
        point.setStatus(with(new RestorePointStatus(), "True"));
        assertThat(fields(JSON.valueToTree(point))).doesNotContain("sealed", "over", "failed", "hasFailed");
        assertThat(fields(JSON.valueToTree(point.getStatus()))).containsExactlyInAnyOrder("conditions", "journal");
        assertThat(fields(JSON.valueToTree(new Restore()))).doesNotContain("over", "failed");
        assertThat(fields(JSON.valueToTree(new Verification()))).doesNotContain("over");
    }

    private static <S extends ConditionedStatus> S with(S status, String succeeded) {
        if (succeeded != null) {
            Condition condition = new Condition();
            condition.type = Condition.SUCCEEDED;
            condition.status = succeeded;
            status.conditions().add(condition);
        }
        return status;
    }

    private static Set<String> fields(JsonNode object) {
        Set<String> names = new TreeSet<>();
        for (Iterator<String> it = object.fieldNames(); it.hasNext(); ) {
            names.add(it.next());
        }
        return names;
    }
}
