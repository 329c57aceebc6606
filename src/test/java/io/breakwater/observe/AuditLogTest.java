package io.breakwater.observe;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.breakwater.config.TestConfig;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AuditLogTest {
    private static final AuditObject POINT = new AuditObject("RestorePoint", "shop", "nightly-1", "uid-1");
    private static final AuditUser JANE = new AuditUser("jane", "u-7", List.of("devs", "system:authenticated"));

    private final SimpleMeterRegistry metrics = new SimpleMeterRegistry();
    private final Clock clock = Clock.fixed(Instant.parse("2026-06-01T10:00:00.123456Z"), ZoneOffset.UTC);
    private final AuditLog log =
            new AuditLog(TestConfig.of(Map.of("breakwater.site", "east")), new Meters(metrics, clock), clock);
    private final RecordedAudit recorded = new RecordedAudit();

    @AfterEach
    void close() {
        recorded.close();
    }

    @Test
    void writesOneLineWithAllFields() {
        log.write(AuditEntry.of(AuditAction.Restore, AuditResult.Finished)
                .about(POINT)
                .by(JANE)
                .between("nightly-1", "shop-copy")
                .because("Completed", "restored"));

        assertThat(recorded.lines())
                .containsExactly("{\"time\":\"2026-06-01T10:00:00.123Z\",\"site\":\"east\",\"action\":\"Restore\","
                        + "\"object\":{\"kind\":\"RestorePoint\",\"namespace\":\"shop\",\"name\":\"nightly-1\","
                        + "\"uid\":\"uid-1\"},"
                        + "\"user\":{\"username\":\"jane\",\"uid\":\"u-7\",\"groups\":[\"devs\","
                        + "\"system:authenticated\"]},"
                        + "\"source\":\"nightly-1\",\"target\":\"shop-copy\",\"result\":\"Finished\","
                        + "\"reason\":\"Completed\",\"message\":\"restored\"}");
    }

    @Test
    void omitsValuesThatDoNotExist() {
        log.write(AuditEntry.of(AuditAction.DeletePoint, AuditResult.Requested).about(POINT));

        assertThat(recorded.entries().getFirst().properties())
                .extracting(Map.Entry::getKey)
                .containsExactly("time", "site", "action", "object", "result");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "x\n{\"action\":\"Restore\",\"user\":{\"username\":\"admin\"}}",
                "x\",\"result\":\"Finished\",\"y\":\"",
                "back\\slash \\\" and \\n",
                "\u0000\u0007\u001b[2K\r\t\u007f\u0085\u009b",
                "\u2028\u2029\u202e\u200b\ufeff\ud800",
                "na\u00efve \ud83d\ude00"
            })
    void escapesWhatCouldForgeALine(String hostile) {
        log.write(AuditEntry.of(AuditAction.Restore, AuditResult.Refused)
                .about(new AuditObject(hostile, hostile, hostile, hostile))
                .by(new AuditUser(hostile, hostile, List.of(hostile)))
                .between(hostile, hostile)
                .because(hostile, hostile));

        String line = recorded.lines().getFirst();
        assertThat(line.chars()).as(line).allMatch(c -> c >= 0x20 && c < 0x7f);
        JsonNode entry = recorded.entries().getFirst();
        assertThat(entry.path("action").asText()).isEqualTo("Restore");
        assertThat(entry.path("result").asText()).isEqualTo("Refused");
        String shown = hostile.replace('\u007f', '?').replace('\ud800', hostile.contains("\ud83d") ? '\ud800' : '?');
        assertThat(entry.path("message").asText()).isEqualTo(shown);
        assertThat(entry.at("/user/username").asText()).isEqualTo(shown);
        assertThat(entry.properties()).hasSize(10);
    }

    @ParameterizedTest
    @ValueSource(strings = {"a", "\"", "\n", "\u00e9", "\ud83d\ude00"})
    void cutsLongValuesAfterEscaping(String unit) {
        String huge = unit.repeat(100_000);
        log.write(AuditEntry.of(AuditAction.Restore, AuditResult.Refused)
                .about(new AuditObject(huge, huge, huge, huge))
                .by(new AuditUser(huge, huge, Collections.nCopies(1000, huge)))
                .between(huge, huge)
                .because(huge, huge));

        assertThat(recorded.lines().getFirst().length()).isBetween(2_000, AuditLog.LONGEST_LINE);
        JsonNode entry = recorded.entries().getFirst();
        assertThat(entry.path("message").asText()).startsWith(unit).endsWith("\u2026");
        assertThat(entry.at("/user/groups").size()).isEqualTo(16);
        assertThat(entry.at("/user/moreGroups").asInt()).isEqualTo(984);
    }

    @Test
    void documentsEveryActionAndResult() throws IOException {
        String page = Files.readString(Path.of("docs/reference/logs.md"));

        assertThat(AuditAction.values()).allSatisfy(action -> assertThat(page).contains("\n| `" + action + "` |"));
        assertThat(AuditResult.values()).allSatisfy(result -> assertThat(page).contains("\n| `" + result + "` |"));
    }

    @Test
    void countsEntriesByActionAndResult() {
        log.write(AuditEntry.of(AuditAction.Undelete, AuditResult.Failed).about(POINT));
        log.write(AuditEntry.of(AuditAction.Undelete, AuditResult.Failed).about(POINT));

        assertThat(metrics.get("breakwater.audit.events")
                        .tags("action", "Undelete", "result", "Failed")
                        .counter()
                        .count())
                .isEqualTo(2);
    }
}
