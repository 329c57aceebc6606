package io.breakwater.gateway;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.admission.InMemoryApiServer;
import io.breakwater.config.TestConfig;
import io.breakwater.gateway.Repositories.Mode;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Base64;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The JSON of tickets must not change: operator and gateway may be of different versions. */
class TicketSignerTest {
    private static final Ticket.Fence FENCE = new Ticket.Fence("sys", "rendezvous", "shop", "plan", 5);
    private static final String HEAD = "{'locationNamespace':'sys','location':'disk','site':'east','namespace':'shop',"
            + "'mode':'APPEND','holder':'system:serviceaccount:shop:breakwater-mover',";

    private final InMemoryApiServer cluster = new InMemoryApiServer();
    private final TicketSigner tickets = signer(Instant.ofEpochSecond(999));

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

        assertThat(tickets.check(signed)).contains(ticket);
        assertThat(signer(Instant.ofEpochSecond(1000)).check(signed)).isEmpty();
    }

    @Test
    void rejectsAlteredTickets() {
        String signed = tickets.sign(ticket(FENCE, false));
        String altered = encoded(json(ticket(null, false))) + signed.substring(signed.indexOf('.'));

        assertThat(tickets.check(altered)).isEmpty();
        assertThat(tickets.check(signed.substring(0, signed.indexOf('.')))).isEmpty();
    }

    private static Ticket ticket(Ticket.Fence fence, boolean unlimited) {
        return TestGateway.draft("disk", Mode.APPEND)
                .fence(fence)
                .expires(Instant.ofEpochSecond(1000))
                .unlimited(unlimited)
                .build();
    }

    private TicketSigner signer(Instant now) {
        return new TicketSigner(cluster.client(), TestConfig.of(Map.of()), Clock.fixed(now, ZoneOffset.UTC));
    }

    private String json(Ticket ticket) {
        String signed = tickets.sign(ticket);
        return new String(Base64.getUrlDecoder().decode(signed.substring(0, signed.indexOf('.'))), UTF_8);
    }

    private static String encoded(String text) {
        return Base64.getUrlEncoder().withoutPadding().encodeToString(text.getBytes(UTF_8));
    }
}
