package io.breakwater.verify;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import io.breakwater.api.BackupPolicy;
import io.breakwater.api.BackupPolicySpec.Check;
import io.breakwater.api.BackupPolicySpec.Sql;
import io.breakwater.api.BreakwaterException;
import io.breakwater.database.PodExec.Ended;
import io.breakwater.trust.AuthorReview;
import io.breakwater.trust.StampFixture;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** The command of a check, and the outputs that pass. */
class RunChecksStepTest {
    @Test
    void runsNoCheckOfAnAuthorWithoutTheRight() {
        RunChecksStep step = new RunChecksStep(
                null, null, StampFixture.reviewing(() -> Optional.of(new AuthorReview.Objection(false, "no right"))));
        Check check = check(null);
        check.name = "orders";
        assertThat(step.results(new BackupPolicy(), "bv-1", List.of(check)))
                .singleElement()
                .satisfies(result -> {
                    assertThat(result.name).isEqualTo("orders");
                    assertThat(result.passed).isFalse();
                    assertThat(result.message).isEqualTo("no right");
                });
    }

    @Test
    void evaluatesTheExitCode() {
        assertThat(RunChecksStep.passes(check(null), new Ended(0, "anything", 0)))
                .isTrue();
        assertThat(RunChecksStep.passes(check(null), new Ended(1, "anything", 0)))
                .isFalse();
        assertThat(RunChecksStep.passes(check(".*"), new Ended(1, "anything", 0)))
                .isFalse();
    }

    @Test
    void matchesTheWholeTrimmedOutput() {
        assertThat(RunChecksStep.passes(check("[1-9][0-9]*"), new Ended(0, " 42\n", 0)))
                .isTrue();
        assertThat(RunChecksStep.passes(check("[1-9][0-9]*"), new Ended(0, "0\n", 0)))
                .isFalse();
        assertThat(RunChecksStep.passes(check("4"), new Ended(0, "42", 0))).isFalse();
        assertThat(RunChecksStep.passes(check("a.b"), new Ended(0, "a\nb", 0))).isTrue();
    }

    @Test
    void comparesNoIncompleteOutput() {
        assertThat(RunChecksStep.passes(check(".*"), new Ended(0, "start and end", 5)))
                .isFalse();
        assertThat(RunChecksStep.passes(check(null), new Ended(0, "start and end", 5)))
                .isTrue();
    }

    @Test
    void matchesInLinearTime() {
        assertTimeoutPreemptively(
                Duration.ofSeconds(10),
                () -> assertThat(RunChecksStep.passes(check("(a|a)*x"), new Ended(0, "a".repeat(60_000) + "!", 0)))
                        .isFalse());
    }

    /** A policy can be older than the webhook that refuses its expression. */
    @Test
    void failsAnExpressionOrOutputAboveTheLimits() {
        assertThatExceptionOfType(BreakwaterException.class)
                .isThrownBy(() -> RunChecksStep.passes(check("((a|aa)+)\\2?x"), new Ended(0, "a", 0)))
                .withMessageContaining("not a valid regular expression");
        assertThatExceptionOfType(BreakwaterException.class)
                .isThrownBy(() -> RunChecksStep.passes(check(".*"), new Ended(0, "a".repeat(70_000), 0)))
                .withMessageContaining("at most 65536");
    }

    @Test
    void passesAQueryAsOneArgumentWithoutAShell() {
        Check check = check(null);
        check.sql = new Sql();
        check.sql.database = "shop";
        check.sql.query = "SELECT count(*) FROM orders; -- $(rm -rf /)";

        assertThat(RunChecksStep.command(check))
                .startsWith("psql", "-X")
                .containsSubsequence(List.of("-U", "postgres", "-d", "shop", "-c", check.sql.query));
    }

    private static Check check(String expect) {
        Check check = new Check();
        check.name = "c";
        check.expect = expect;
        return check;
    }
}
