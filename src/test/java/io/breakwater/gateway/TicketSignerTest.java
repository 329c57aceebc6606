package io.breakwater.gateway;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.admission.InMemoryApiServer;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.config.TestConfig;
import io.breakwater.gateway.Repositories.Mode;
import io.fabric8.kubernetes.api.model.Secret;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Base64;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The JSON of tickets must not change: operator and gateway may be of different versions. */
class TicketSignerTest {
    private static final Instant START = Instant.ofEpochSecond(999);
    private static final Ticket.Fence FENCE = new Ticket.Fence("sys", "rendezvous", "shop", "plan", 5);
    private static final Ticket.Owner OWNER = new Ticket.Owner(Ticket.Owner.JOB, "shop", "mover", "uid");
    private static final String HEAD =
            "{'locationNamespace':'sys','location':'disk','repository':'46b7e6248fb7478118415f5e93a07601',"
                    + "'source':{'site':'east','name':'shop','cluster':'cluster-of-east','uid':'uid-of-shop'},"
                    + "'mode':'APPEND','holder':'system:serviceaccount:shop:breakwater-mover',"
                    + "'owner':{'kind':'Job','namespace':'shop','name':'mover','uid':'uid'},";

    private final InMemoryApiServer cluster = new InMemoryApiServer();
    private final BreakwaterConfig config = TestConfig.of(Map.of("breakwater.namespace", "sys"));
    private final TicketSigner tickets = signer(START);
    private long nanos;

    @AfterEach
    void close() {
        cluster.close();
    }

    @Test
    void signsTicketsAsJson() {
        assertThat(json(ticket(null, false))).isEqualTo((HEAD + "'expires':1000}").replace('\'', '"'));
        assertThat(json(ticket(FENCE, true)))
                .isEqualTo((HEAD + "'fence':{'locationNamespace':'sys','location':'rendezvous','namespace':'shop',"
                                + "'plan':'plan','epoch':5},'expires':1000,'unlimited':true}")
                        .replace('\'', '"'));
    }

    @Test
    void acceptsSignedTicketsUntilTheyExpire() {
        Ticket ticket = ticket(FENCE, true);
        String signed = tickets.sign(ticket);

        assertThat(verifier(START).check(signed)).contains(ticket);
        assertThat(verifier(Instant.ofEpochSecond(1000)).check(signed)).isEmpty();
    }

    @Test
    void rejectsAlteredTickets() {
        String signed = tickets.sign(ticket(FENCE, false));
        String altered = encoded(json(ticket(null, false))) + signed.substring(signed.indexOf('.'));

        assertThat(verifier(START).check(altered)).isEmpty();
        assertThat(verifier(START).check(signed.substring(0, signed.indexOf('.'))))
                .isEmpty();
    }

    /** What a gateway may read must not be enough to sign. */
    @Test
    void publishesOnlyThePublicKey() {
        tickets.sign(ticket(null, false));

        String secret = secret(TicketSigner.SECRET).getData().get("private");
        assertThat(secret(TicketVerifier.SECRET).getData())
                .containsOnlyKeys(TicketVerifier.CURRENT)
                .doesNotContainValue(secret);
        assertThat(Base64.getDecoder()
                        .decode(secret(TicketVerifier.SECRET).getData().get(TicketVerifier.CURRENT)))
                .as("a public key in the form of RFC 8410")
                .hasSize(44);
    }

    @Test
    void replacesAnOldKeyAndStillVerifiesItsTickets() {
        String before = tickets.sign(ticket(null, false));
        String key = secret(TicketSigner.SECRET).getData().get("public");
        signer(START.plus(TicketSigner.RENEWED).minusSeconds(1)).sign(ticket(null, false));
        assertThat(secret(TicketSigner.SECRET).getData()).containsEntry("public", key);

        String after = signer(START.plus(TicketSigner.RENEWED)).sign(ticket(null, false));

        assertThat(secret(TicketSigner.SECRET).getData().get("public")).isNotEqualTo(key);
        assertThat(verifier(START).check(before)).isPresent();
        assertThat(verifier(START).check(after)).isPresent();
    }

    @Test
    void verifiesTicketsOfANewKeyAfterAPause() {
        TicketVerifier verifier = verifier(START);
        assertThat(verifier.check(tickets.sign(ticket(null, false)))).isPresent();
        String after = signer(START.plus(TicketSigner.RENEWED)).sign(ticket(null, false));

        assertThat(verifier.check(after)).as("no second read at once").isEmpty();
        nanos += TicketVerifier.PAUSE.toNanos();
        assertThat(verifier.check(after)).isPresent();
    }

    @Test
    void rejectsTicketsOfADeletedKey() {
        TicketVerifier verifier = verifier(START);
        String signed = tickets.sign(ticket(null, false));
        assertThat(verifier.check(signed)).isPresent();

        cluster.client().resource(secret(TicketSigner.SECRET)).delete();
        cluster.client().resource(secret(TicketVerifier.SECRET)).delete();
        String after = tickets.sign(ticket(FENCE, false));
        nanos += TicketVerifier.REREAD.plus(Duration.ofMinutes(1)).toNanos();

        assertThat(verifier.check(signed)).isEmpty();
        assertThat(verifier.check(after)).isPresent();
    }

    private static Ticket ticket(Ticket.Fence fence, boolean unlimited) {
        return TestGateway.draft("disk", Mode.APPEND, OWNER)
                .fence(fence)
                .expires(Instant.ofEpochSecond(1000))
                .unlimited(unlimited)
                .build();
    }

    private TicketSigner signer(Instant now) {
        return new TicketSigner(cluster.client(), config, Clock.fixed(now, ZoneOffset.UTC));
    }

    private TicketVerifier verifier(Instant now) {
        return new TicketVerifier(cluster.client(), config, Clock.fixed(now, ZoneOffset.UTC), () -> nanos);
    }

    private Secret secret(String name) {
        return cluster.client().secrets().inNamespace("sys").withName(name).get();
    }

    private String json(Ticket ticket) {
        String signed = tickets.sign(ticket);
        return new String(Base64.getUrlDecoder().decode(signed.substring(0, signed.indexOf('.'))), UTF_8);
    }

    private static String encoded(String text) {
        return Base64.getUrlEncoder().withoutPadding().encodeToString(text.getBytes(UTF_8));
    }
}
