package io.breakwater.admission;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.breakwater.config.BreakwaterConfig;
import io.breakwater.config.TestConfig;
import io.breakwater.lease.DirectCalls;
import io.breakwater.lease.LastRenewal;
import io.breakwater.lease.Lease;
import io.breakwater.lease.LeaseCounter;
import io.breakwater.lease.LeaseKeeper;
import io.breakwater.lease.LeaseMemory;
import io.breakwater.lease.LeaseStore;
import io.breakwater.lease.LeaseTerms;
import io.breakwater.lease.LeaseTiming;
import io.breakwater.observe.TestEvents;
import io.breakwater.store.MemoryStore;
import io.breakwater.tls.ServingCertificate;
import io.breakwater.trust.StampFixture;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A hundred clients send the webhook as much as they can, in the process that renews leases. */
@Tag("slow")
class WebhookBombsTest {
    private static final int BOMBS = 100;
    private static final LeaseTiming TIMING = LeaseTiming.of(Duration.ofSeconds(30));

    private final AtomicInteger gates = new AtomicInteger();
    private final AtomicInteger renewals = new AtomicInteger();

    @Test
    void leavesEveryRenewalOnTime() throws Exception {
        LeaseStore store = new LeaseStore(
                new MemoryStore(), new DirectCalls(), "shop", "shop", new LeaseMemory(LeaseCounter.NONE));
        store.write(Lease.first("east", TIMING.duration()), Optional.empty());
        LeaseKeeper keeper = new LeaseKeeper(
                new LeaseKeeper.Holding("shop/shop", "east", 1, LeaseTerms.gating(TIMING)),
                () -> store,
                false,
                new LastRenewal(Duration.ZERO, TIMING.duration()),
                new CountingGuard(),
                new LeaseKeeper.Clocks(Clock.systemUTC(), System::nanoTime),
                LeaseKeeper.platformThreads("call"));
        try (InMemoryApiServer cluster = new InMemoryApiServer()) {
            BreakwaterConfig config = TestConfig.of(
                    Map.of("breakwater.webhook.port", "0", "breakwater.gateway.url", "https://127.0.0.1:8443"));
            ServingCertificate certificate = new ServingCertificate(cluster.client(), config, Clock.systemUTC());
            AdmissionServer server = new AdmissionServer(
                    cluster.client(),
                    config,
                    certificate,
                    TestEvents.audit(Clock.systemUTC()),
                    StampFixture.stamps(),
                    StampFixture.secret());
            server.start();
            keeper.start();
            try {
                await().until(keeper::mayRun);

                flood(server.port(), certificate);
                int before = renewals.get();
                await().atMost(TIMING.notice()).until(() -> renewals.get() > before);

                assertThat(gates).as("times at which the namespace was gated").hasValue(0);
                assertThat(keeper.isLate()).isFalse();
                assertThat(keeper.mayRun()).isTrue();
                assertThat(new WebhookProbe(Duration.ofSeconds(5)).isAnswered(server.port()))
                        .isTrue();
            } finally {
                keeper.stop();
                server.stop();
            }
        }
    }

    /** Too large, too many tokens, and too deep; at all paths. */
    private static void flood(int port, ServingCertificate certificate) throws Exception {
        List<byte[]> bombs = Stream.of(
                        "[" + "{},".repeat(2_700_000) + "{}]",
                        "[" + "{},".repeat(1_100_000) + "{}]",
                        "[".repeat(3_000_000))
                .map(text -> text.getBytes(StandardCharsets.US_ASCII))
                .toList();
        List<String> paths = List.of(AdmissionServer.KINDS, AdmissionServer.HOLD_BACK, AdmissionServer.AUTHOR);
        try (HttpClient http = HttpClient.newBuilder()
                .sslContext(AdmissionServerTest.trusting(certificate.caPem()))
                .build()) {
            CompletableFuture.allOf(IntStream.range(0, BOMBS)
                            .mapToObj(i -> http.sendAsync(
                                            HttpRequest.newBuilder(URI.create("https://127.0.0.1:" + port
                                                            + StampFixture.secret()
                                                                    .path(paths.get(i / 3 % 3))))
                                                    .POST(BodyPublishers.ofByteArray(bombs.get(i % 3)))
                                                    .timeout(Duration.ofSeconds(30))
                                                    .build(),
                                            BodyHandlers.discarding())
                                    .handle((response, e) -> null))
                            .toArray(CompletableFuture[]::new))
                    .join();
        }
    }

    private final class CountingGuard implements LeaseKeeper.Guard {
        @Override
        public void gate(Duration grace) {
            gates.incrementAndGet();
        }

        @Override
        public void renewed() {
            renewals.incrementAndGet();
        }

        @Override
        public void lost(String cause) {}

        @Override
        public void atRisk(String cause) {}

        @Override
        public boolean hasServed() {
            return false;
        }
    }
}
