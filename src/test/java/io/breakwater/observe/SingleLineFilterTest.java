package io.breakwater.observe;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.MDC;

/** Texts of strangers in the log of the operator, in the format and with the filter of application.properties. */
class SingleLineFilterTest {
    private static final String FORGED = "x\n2026-06-01 10:00:00,000 INFO  [io.bre.audit] forged";
    private FormattedLog log;

    @BeforeEach
    void open() throws IOException {
        Thread.currentThread().setName("main");
        MDC.clear();
        log = new FormattedLog();
    }

    @AfterEach
    void clear() {
        MDC.clear();
    }

    @Test
    void passesOrdinaryLinesUnchanged() {
        log.warn(null, "read %d of %s, caf\u00e9 \ud83d\ude00", 3, "shop/nightly-1");

        assertThat(log.lines())
                .containsExactly(
                        "WARN  [io.bre.Sample] (main) [ /   ] read 3 of shop/nightly-1, caf\u00e9 \ud83d\ude00");
    }

    @Test
    void escapesLineBreaksInParameters() {
        log.warn(null, "refused %s", FORGED);

        assertThat(log.lines().getFirst()).doesNotContain("\n").endsWith("refused " + FORGED.replace("\n", "\\n"));
    }

    @Test
    void escapesTerminalSequencesAndHiddenCharacters() {
        log.info("a\r\u001b[2K\u0000\u2028\u202e\u200bz");

        assertThat(log.lines().getFirst()).endsWith("a\\r\\u001b[2K\\u0000\\u2028\\u202e\\u200bz");
    }

    @Test
    void escapesTheContext() {
        MDC.put("resource.name", FORGED);
        log.info("reconciled");

        assertThat(log.lines().getFirst())
                .doesNotContain("\n")
                .contains("x\\n2026")
                .endsWith("reconciled");
    }

    @Test
    void escapesMessagesOfExceptionsWithTheirCauses() {
        Throwable thrown = new IllegalStateException(FORGED, new IOException(FORGED));
        thrown.addSuppressed(new IOException(FORGED));
        log.warn(thrown, "failed");

        String text = log.lines().getFirst();
        assertThat(text.lines().skip(1))
                .isNotEmpty()
                .allMatch(line -> line.startsWith("\t") || line.startsWith("Caused by: "), "belongs to a stack trace");
        assertThat(text)
                .contains(
                        "java.lang.IllegalStateException: x\\n2026",
                        "Caused by: java.io.IOException: x\\n2026",
                        "Suppressed: java.io.IOException: x\\n2026",
                        "SingleLineFilterTest.escapesMessagesOfExceptionsWithTheirCauses");
    }

    @Test
    void endsOnExceptionsThatCauseEachOther() {
        IOException first = new IOException("first\n");
        IOException second = new IOException("second\n", first);
        first.initCause(second);
        log.warn(first, "failed");

        assertThat(log.lines().getFirst()).contains("java.io.IOException: first\\n", "second\\n");
    }

    @Test
    void cutsLongMessagesAndExceptions() {
        String path = "/" + "a".repeat(100_000);
        log.warn(new IllegalStateException(path), "GET %s failed", path);

        assertThat(log.lines().getFirst().lines().toList())
                .allSatisfy(line -> assertThat(line.length()).isLessThan(2 * LineEscape.LONGEST + 200));
        assertThat(log.lines().getFirst()).contains("GET /aaa", "\u2026");
    }

    @Test
    void keepsExceptionsThatNeedNoEscape() {
        IllegalStateException plain = new IllegalStateException("plain", new IOException("cause"));

        assertThat(PrintableThrowable.of(plain)).isSameAs(plain);
    }
}
