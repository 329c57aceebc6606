package io.breakwater.store.azure;

import com.azure.core.http.HttpClient;
import com.azure.core.http.HttpHeaderName;
import com.azure.core.http.HttpHeaders;
import com.azure.core.http.HttpMethod;
import com.azure.core.http.HttpRequest;
import com.azure.core.http.HttpResponse;
import com.azure.core.util.Context;
import io.breakwater.steps.ReconcilePlace;
import io.breakwater.store.AnswerBound;
import io.breakwater.store.CallLimit;
import io.breakwater.store.ThrottledAnswer;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

/**
 * The connections of the Azure client. Every answer but the content of a blob is read here, with a bound: the client would read an
 * answer of any size into memory.
 */
final class AzureTransport implements HttpClient {
    /** With this key, the client requests that the connection reads a whole answer. */
    private static final String EAGER = "azure-eagerly-read-response";

    private final HttpClient http;
    private final CallLimit calls;

    AzureTransport(HttpClient http, CallLimit calls) {
        this.http = http;
        this.calls = calls;
    }

    @Override
    public Mono<HttpResponse> send(HttpRequest request) {
        return send(request, Context.NONE);
    }

    /** The call blocks, so it has a thread of its own: the subscriber continues, and its timeout ends the wait. */
    @Override
    public Mono<HttpResponse> send(HttpRequest request, Context context) {
        return Mono.fromCallable(() -> sendSync(request, context)).subscribeOn(Schedulers.boundedElastic());
    }

    @Override
    public HttpResponse sendSync(HttpRequest request, Context context) {
        ReconcilePlace.forbid("Azure Blob Storage");
        HttpResponse response = http.sendSync(request, context.addData(EAGER, false));
        if (isContent(request) && response.getStatusCode() / 100 == 2) {
            return response;
        }
        if (ThrottledAnswer.is(response.getStatusCode())) {
            throttle(request, response);
        }
        try (response;
                InputStream body = response.getBodyAsBinaryData().toStream()) {
            return new Answer(request, response, read(request, response, body));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static byte[] read(HttpRequest request, HttpResponse response, InputStream body) throws IOException {
        String server = request.getUrl().getAuthority();
        if (request.getHttpMethod() == HttpMethod.HEAD) {
            return new byte[0];
        }
        return response.getStatusCode() / 100 == 2
                ? AnswerBound.read(body, server)
                : AnswerBound.readError(body, server);
    }

    /** Whether the request is for the content of a blob, or for a part of it. */
    private static boolean isContent(HttpRequest request) {
        String query = request.getUrl().getQuery();
        return request.getHttpMethod() == HttpMethod.GET && (query == null || !query.contains("comp="));
    }

    /** A stream of content cannot be repeated as a whole, so the client repeats its requests on its own. */
    private void throttle(HttpRequest request, HttpResponse response) {
        calls.throttled(ThrottledAnswer.pause(
                name -> Optional.ofNullable(response.getHeaders().getValue(HttpHeaderName.fromString(name)))));
        if (!isContent(request)) {
            response.close();
            throw ThrottledAnswer.error(request.getUrl().getAuthority(), response.getStatusCode());
        }
    }

    /** An answer that was read. */
    private static final class Answer extends HttpResponse {
        private final HttpResponse head;
        private final byte[] body;

        Answer(HttpRequest request, HttpResponse head, byte[] body) {
            super(request);
            this.head = head;
            this.body = body;
        }

        @Override
        public int getStatusCode() {
            return head.getStatusCode();
        }

        @Override
        @Deprecated
        public String getHeaderValue(String name) {
            return head.getHeaders().getValue(HttpHeaderName.fromString(name));
        }

        @Override
        public HttpHeaders getHeaders() {
            return head.getHeaders();
        }

        @Override
        public Flux<ByteBuffer> getBody() {
            return Flux.just(ByteBuffer.wrap(body));
        }

        @Override
        public Mono<byte[]> getBodyAsByteArray() {
            return Mono.just(body);
        }

        @Override
        public Mono<String> getBodyAsString() {
            return getBodyAsString(StandardCharsets.UTF_8);
        }

        @Override
        public Mono<String> getBodyAsString(Charset charset) {
            return Mono.just(new String(body, charset));
        }
    }
}
