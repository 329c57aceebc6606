package io.breakwater.verify;

import io.breakwater.api.BackupPolicySpec.Check;
import io.breakwater.api.Digests;
import io.breakwater.api.Texts;
import io.breakwater.api.VerificationStatus.CheckResult;
import io.breakwater.database.PodExec;

/**
 * What the status records of a check. More users may read Verifications than Secrets, so the output itself is recorded only if
 * the check asks for that.
 */
final class CheckEvidence {
    private static final int LONGEST = 400;
    private static final int DIGITS = 16;

    private CheckEvidence() {}

    /** @param passed whether exit code and output are as expected */
    static void record(CheckResult result, Check check, PodExec.Ended ended, boolean passed) {
        result.passed = passed;
        result.exitCode = ended.code();
        result.matched = check.expect == null || ended.code() != 0 ? null : passed;
        result.digest =
                ended.omitted() > 0 ? null : Digests.sha256Hex(ended.output()).substring(0, DIGITS);
        result.message = passed ? null : Texts.cut(cause(check, ended), LONGEST);
        result.output = Boolean.TRUE.equals(check.showOutput)
                ? Texts.tail(ended.output().strip(), LONGEST)
                : null;
    }

    /** The check did not run; the cause has no output of the command. */
    static void failed(CheckResult result, String cause) {
        result.passed = false;
        result.message = Texts.tail(cause, LONGEST);
    }

    private static String cause(Check check, PodExec.Ended ended) {
        if (ended.code() != 0) {
            return "exit code " + ended.code();
        }
        return ended.omitted() > 0
                ? "the output has " + ended.omitted() + " bytes more than can be compared with " + check.expect
                        + "; print less"
                : "the output does not match " + check.expect;
    }

    /** One line for messages. */
    static String text(CheckResult result) {
        String outcome = result.message != null ? result.message : result.passed ? "passed" : "did not pass";
        return result.output == null ? outcome : outcome + ", got: " + result.output;
    }
}
