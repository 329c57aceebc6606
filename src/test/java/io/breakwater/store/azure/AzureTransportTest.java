package io.breakwater.store.azure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.azure.core.http.HttpClient;
import com.azure.core.http.HttpMethod;
import com.azure.core.http.HttpRequest;
import com.azure.core.http.HttpResponse;
import com.azure.core.util.Context;
import io.breakwater.store.CallLimit;
import io.breakwater.store.endpoint.EndpointRules;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import reactor.core.publisher.Mono;

class AzureTransportTest {
    /** A server that accepts a connection and reads nothing: at some point, its window is full. */
    @Test
    @Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
    void endsAWriteThatTheServerDoesNotRead() throws IOException {
        try (ServerSocket silent = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
            String endpoint = "http://127.0.0.1:" + silent.getLocalPort();
            AzureConnection connection = new AzureConnection(EndpointRules.trusting(endpoint), Duration.ofMillis(700));
            HttpRequest request = new HttpRequest(HttpMethod.PUT, endpoint + "/c/b").setBody(new byte[32 << 20]);

            assertThatThrownBy(() -> connection.sendSync(request, Context.NONE))
                    .rootCause()
                    .isInstanceOf(IOException.class);
        }
    }

    /** A call that blocks its subscriber also blocks the timeout of the subscriber. */
    @Test
    void callsOnAnotherThreadThanTheSubscriber() {
        CompletableFuture<Thread> caller = new CompletableFuture<>();
        HttpClient http = new HttpClient() {
            @Override
            public Mono<HttpResponse> send(HttpRequest request) {
                throw new UnsupportedOperationException();
            }

            @Override
            public HttpResponse sendSync(HttpRequest request, Context context) {
                caller.complete(Thread.currentThread());
                throw new IllegalStateException("no answer");
            }
        };
        HttpRequest request = new HttpRequest(HttpMethod.GET, "https://east.blob.core.windows.net/c/b");

        assertThatThrownBy(() -> new AzureTransport(http, new CallLimit("test"))
                        .send(request)
                        .block())
                .hasMessageContaining("no answer");
        assertThat(caller.join()).isNotEqualTo(Thread.currentThread());
    }
}
