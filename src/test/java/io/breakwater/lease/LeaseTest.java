package io.breakwater.lease;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.breakwater.api.FailoverPlanStatus.Fence;
import io.breakwater.store.ObjectStore;
import io.breakwater.store.TestStores;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The document of the lease after each legal change. Both sites read it, so its JSON must not change. */
class LeaseTest {
    private static final Duration MINUTE = Duration.ofMinutes(1);
    private static final Instant RENEWED = Instant.parse("2026-01-01T10:00:00Z");
    private static final PointRef FINAL =
            new PointRef("east/shop/shop-e1-final", "d1", Instant.parse("2026-01-01T10:00:05Z"));

    private static final Lease FIRST = Lease.first("east", MINUTE);
    private static final Lease RENEWAL = FIRST.renewed(Duration.ofSeconds(90), 12L);
    private static final Lease REQUESTED = RENEWAL.requested(new Lease.Request("west", "r1"), RENEWED);
    private static final Lease HONOURED = REQUESTED.honoured();
    private static final Lease ROLLED_BACK = HONOURED.rolledBack("no room");
    private static final Lease OFFERED = HONOURED.offered(FINAL);
    private static final Lease ACQUIRED = OFFERED.acquired("west", Fence.Graceful, MINUTE, OFFERED.proof());

    private static final String HEAD =
            "{'schemaVersion':3,'epoch':1,'holder':'east','state':'STATE','fence':'Initial','durationSeconds':90,'onLoss':'Gate',";
    private static final String REQUEST = ",'request':{'site':'west','id':'r1'}";
    private static final String OUTCOME = ",'outcome':{'id':'r1','message':'no room'}";
    private static final String POINT =
            "{'point':'east/shop/shop-e1-final','digest':'d1','capturedAt':'2026-01-01T10:00:05Z'}";
    private static final String TERM = "{'epoch':1,'holder':'east','fence':'Initial'}";
    private static final String TERMS = ",'terms':[" + TERM + "]}";
    private static final String SECOND = "{'schemaVersion':3,'epoch':2,'holder':'west','state':'STATE',"
            + "'fence':'Graceful','durationSeconds':60,'writes':WRITES,'renewals':RENEWALS,'start':" + POINT
            + ",'terms':[" + TERM
            + ",{'epoch':2,'holder':'west','fence':'Graceful','start':" + POINT + "}]}";

    @TempDir
    Path directory;

    static Stream<Arguments> changes() {
        return Stream.of(
                Arguments.of(
                        "first",
                        FIRST,
                        "{'schemaVersion':3,'epoch':1,'holder':'east','state':'Held','fence':'Initial',"
                                + "'durationSeconds':60,'writes':1,'renewals':1" + TERMS),
                Arguments.of(
                        "renewed", RENEWAL, head("Held") + "'writes':2,'renewals':2,'clockAheadMillis':12" + TERMS),
                Arguments.of(
                        "requested",
                        REQUESTED,
                        head("Held")
                                + "'writes':3,'renewals':2,'renewedAt':'2026-01-01T10:00:00Z','clockAheadMillis':12"
                                + REQUEST + TERMS),
                Arguments.of(
                        "renewed with a request",
                        REQUESTED.renewed(Duration.ofSeconds(90), null),
                        head("Held") + "'writes':4,'renewals':3" + REQUEST + TERMS),
                Arguments.of(
                        "withdrawn",
                        HONOURED.withdrawn(RENEWED),
                        head("Releasing")
                                + "'writes':5,'renewals':3,'renewedAt':'2026-01-01T10:00:00Z','clockAheadMillis':12"
                                + TERMS),
                Arguments.of(
                        "honoured",
                        HONOURED,
                        head("Releasing") + "'writes':4,'renewals':3,'clockAheadMillis':12" + REQUEST + TERMS),
                Arguments.of(
                        "rolled back",
                        ROLLED_BACK,
                        head("Held") + "'writes':5,'renewals':4,'clockAheadMillis':12" + OUTCOME + TERMS),
                Arguments.of(
                        "requested again",
                        ROLLED_BACK.requested(new Lease.Request("west", "r2"), RENEWED),
                        head("Held")
                                + "'writes':6,'renewals':4,'renewedAt':'2026-01-01T10:00:00Z','clockAheadMillis':12"
                                + REQUEST.replace("r1", "r2") + TERMS),
                Arguments.of(
                        "offered",
                        OFFERED,
                        head("Offered") + "'writes':5,'renewals':4,'clockAheadMillis':12" + REQUEST + ",'proof':"
                                + POINT + TERMS),
                Arguments.of(
                        "taken back",
                        OFFERED.takenBack("no room"),
                        head("Held") + "'writes':6,'renewals':5,'clockAheadMillis':12" + OUTCOME + TERMS),
                Arguments.of(
                        "declined",
                        OFFERED.declined("no room"),
                        head("Offered") + "'writes':6,'renewals':4,'clockAheadMillis':12" + OUTCOME + ",'proof':"
                                + POINT + TERMS),
                Arguments.of(
                        "given back",
                        ACQUIRED.givenBack(),
                        second("Offered", 7, 6)
                                .replace(
                                        ",'start':" + POINT + ",'terms'",
                                        ",'proof':" + POINT + ",'start':" + POINT + ",'terms'")),
                Arguments.of("acquired", ACQUIRED, second("Taken", 6, 5)),
                Arguments.of("serving", ACQUIRED.serving(), second("Held", 7, 6)),
                Arguments.of(
                        "retired",
                        RENEWAL.retired(),
                        head("Retired") + "'writes':3,'renewals':3,'clockAheadMillis':12" + TERMS),
                Arguments.of(
                        "adopted",
                        RENEWAL.retired().adopted(),
                        head("Held") + "'writes':4,'renewals':4,'clockAheadMillis':12" + TERMS));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("changes")
    void writesAndReadsTheDocumentOfEachChange(String change, Lease lease, String json) {
        ObjectStore objects = TestStores.filesystem(directory);
        LeaseStore store =
                new LeaseStore(objects, new DirectCalls(), "shop", "shop", new LeaseMemory(LeaseCounter.NONE));

        store.write(lease, Optional.empty());

        byte[] written = objects.readSigned("breakwater/plans/shop/shop/lease.json", 4096)
                .orElseThrow()
                .payload();
        assertThat(new String(written, StandardCharsets.UTF_8)).isEqualTo(json.replace('\'', '"'));
        assertThat(store.read().orElseThrow().lease()).isEqualTo(lease);
    }

    @Test
    void limitsTheHistoryOfEpochs() {
        Lease lease = FIRST;
        for (int i = 0; i < Lease.MAX_TERMS; i++) {
            lease = lease.acquired(i % 2 == 0 ? "west" : "east", Fence.Expired, MINUTE, FINAL);
        }

        assertThat(lease.terms()).hasSize(Lease.MAX_TERMS);
        assertThat(lease.terms().getFirst().epoch()).isEqualTo(2);
        assertThat(lease.epoch()).isEqualTo(Lease.MAX_TERMS + 1);
    }

    @Test
    void refusesIllegalChanges() {
        assertThatIllegalStateException().isThrownBy(FIRST::honoured);
        assertThatIllegalStateException().isThrownBy(FIRST::serving);
        assertThatIllegalStateException().isThrownBy(() -> OFFERED.renewed(MINUTE, null));
        assertThatIllegalStateException().isThrownBy(() -> FIRST.acquired("east", Fence.Expired, MINUTE, FINAL));
    }

    private static String head(String state) {
        return HEAD.replace("STATE", state);
    }

    private static String second(String state, int writes, int renewals) {
        return SECOND.replace("STATE", state)
                .replace("WRITES", Integer.toString(writes))
                .replace("RENEWALS", Integer.toString(renewals));
    }
}
