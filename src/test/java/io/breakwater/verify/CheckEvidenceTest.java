package io.breakwater.verify;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.breakwater.api.BackupPolicySpec.Check;
import io.breakwater.api.Digests;
import io.breakwater.api.VerificationStatus.CheckResult;
import io.breakwater.database.PodExec.Ended;
import org.junit.jupiter.api.Test;

/** What viewers of a Verification learn about the output of a check. */
class CheckEvidenceTest {
    private static final String SECRET = "open-sesame";

    @Test
    void recordsNoOutputThatTheCheckDoesNotAskFor() throws JsonProcessingException {
        for (Ended ended : new Ended[] {
            new Ended(0, SECRET, 0), new Ended(1, SECRET, 0), new Ended(0, SECRET, 7),
        }) {
            for (boolean passed : new boolean[] {true, false}) {
                CheckResult result = record(null, ended, passed);
                assertThat(new ObjectMapper().writeValueAsString(result)).doesNotContain(SECRET);
                assertThat(CheckEvidence.text(result)).doesNotContain(SECRET);
            }
        }
    }

    @Test
    void recordsExitCodeMatchAndDigest() {
        CheckResult result = record(null, new Ended(0, SECRET, 0), false);
        assertThat(result.passed).isFalse();
        assertThat(result.exitCode).isZero();
        assertThat(result.matched).isFalse();
        assertThat(result.digest).hasSize(16);
        assertThat(Digests.sha256Hex(SECRET)).startsWith(result.digest);
        assertThat(result.message).isEqualTo("the output does not match [0-9]+");

        CheckResult failed = record(null, new Ended(3, SECRET, 0), false);
        assertThat(failed.exitCode).isEqualTo(3);
        assertThat(failed.matched).isNull();
        assertThat(CheckEvidence.text(failed)).isEqualTo("exit code 3");
    }

    @Test
    void recordsNoDigestOfAPartOfTheOutput() {
        assertThat(record(null, new Ended(0, SECRET, 7), false).digest).isNull();
    }

    @Test
    void recordsTheEndOfTheOutputOnRequest() {
        assertThat(record(true, new Ended(0, " 42\n", 0), true).output).isEqualTo("42");
        CheckResult wrong = record(true, new Ended(0, "x".repeat(1000) + "end", 0), false);
        assertThat(wrong.output).hasSize(400).endsWith("end");
        assertThat(CheckEvidence.text(wrong)).startsWith("the output does not match [0-9]+, got: ");
    }

    private static CheckResult record(Boolean showOutput, Ended ended, boolean passed) {
        Check check = new Check();
        check.name = "c";
        check.expect = "[0-9]+";
        check.showOutput = showOutput;
        CheckResult result = new CheckResult();
        CheckEvidence.record(result, check, ended, passed);
        return result;
    }
}
