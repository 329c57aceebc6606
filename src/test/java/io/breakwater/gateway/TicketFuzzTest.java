package io.breakwater.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.admission.InMemoryApiServer;
import io.breakwater.config.TestConfig;
import io.breakwater.gateway.Repositories.Mode;
import io.breakwater.testing.ParserFuzz;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Everybody who reaches the gateway's port can send a ticket. */
@Tag("slow")
@Tag("random")
class TicketFuzzTest {
    @Test
    void readsTickets() {
        try (InMemoryApiServer cluster = new InMemoryApiServer()) {
            TicketSigner signer = new TicketSigner(
                    cluster.client(), TestConfig.of(Map.of()), Clock.fixed(Instant.EPOCH, ZoneOffset.UTC));
            TicketVerifier verifier = new TicketVerifier(
                    cluster.client(), TestConfig.of(Map.of()), Clock.fixed(Instant.EPOCH, ZoneOffset.UTC));
            Ticket ticket = TestGateway.draft(
                            "disk", Mode.APPEND, new Ticket.Owner(Ticket.Owner.JOB, "shop", "mover", "uid"))
                    .expires(Instant.ofEpochSecond(1000))
                    .build();
            String signed = signer.sign(ticket);
            new ParserFuzz("ticket")
                    .sample(signed)
                    .allocation(8L << 20)
                    .run(text -> verifier.check(new String(text, StandardCharsets.UTF_8))
                            .ifPresent(t -> assertThat(t).isEqualTo(ticket)));
        }
    }
}
