package io.breakwater.store.azure;

import com.azure.core.http.HttpClient;
import com.azure.core.http.HttpHeaderName;
import com.azure.core.http.HttpHeaders;
import com.azure.core.http.HttpMethod;
import com.azure.core.http.HttpRequest;
import com.azure.core.http.HttpResponse;
import com.azure.core.util.BinaryData;
import com.azure.core.util.Context;
import com.azure.core.util.FluxUtil;
import io.breakwater.store.endpoint.EndpointRules;
import io.breakwater.store.endpoint.StoreVerb;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.HttpRetryException;
import java.net.HttpURLConnection;
import java.net.URISyntaxException;
import java.nio.ByteBuffer;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

/** Sends the requests of the Azure client over connections that the rules for endpoints open. */
final class AzureConnection implements HttpClient {
    private static final int CHUNK = 64 << 10;

    private final EndpointRules rules;
    private final Duration timeout;

    AzureConnection(EndpointRules rules, Duration timeout) {
        this.rules = rules;
        this.timeout = timeout;
    }

    @Override
    public Mono<HttpResponse> send(HttpRequest request) {
        return Mono.fromCallable(() -> sendSync(request, Context.NONE)).subscribeOn(Schedulers.boundedElastic());
    }

    @Override
    public HttpResponse sendSync(HttpRequest request, Context context) {
        return rules.calls()
                .observe(
                        StoreVerb.of(
                                request.getHttpMethod().name(), request.getUrl().getQuery()),
                        () -> exchange(request),
                        HttpResponse::getStatusCode);
    }

    private HttpResponse exchange(HttpRequest request) {
        try {
            HttpURLConnection connection = rules.open(request.getUrl().toURI(), timeout);
            connection.setRequestMethod(request.getHttpMethod().name());
            request.getHeaders()
                    .forEach(header -> header.getValuesList()
                            .forEach(value -> connection.addRequestProperty(header.getName(), value)));
            sendBody(request, connection);
            return answer(request, connection);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (URISyntaxException e) {
            throw new IllegalArgumentException(e);
        }
    }

    private static void sendBody(HttpRequest request, HttpURLConnection connection) throws IOException {
        BinaryData body = request.getBodyAsBinaryData();
        boolean mayHaveBody = request.getHttpMethod() == HttpMethod.PUT || request.getHttpMethod() == HttpMethod.POST;
        if (body == null && !mayHaveBody) {
            return;
        }
        byte[] known = body == null ? new byte[0] : null;
        Long length = known != null ? Long.valueOf(0) : length(request, body);
        connection.setDoOutput(true);
        if (length == null) {
            connection.setChunkedStreamingMode(CHUNK);
        } else {
            connection.setFixedLengthStreamingMode(length);
        }
        try (OutputStream out = EndpointRules.body(connection);
                InputStream in = known != null ? new ByteArrayInputStream(known) : body.toStream()) {
            in.transferTo(out);
        }
    }

    private static Long length(HttpRequest request, BinaryData body) {
        String header = request.getHeaders().getValue(HttpHeaderName.CONTENT_LENGTH);
        return header == null ? body.getLength() : Long.valueOf(header);
    }

    private static HttpResponse answer(HttpRequest request, HttpURLConnection connection) throws IOException {
        int status;
        try {
            status = connection.getResponseCode();
        } catch (HttpRetryException e) {
            // A refused upload: the JDK would have to send it again, and reports the status only.
            return new Answer(request, e.responseCode(), new HttpHeaders(), InputStream.nullInputStream());
        }
        if (status < 0) {
            connection.disconnect();
            throw new IOException("the answer is not HTTP");
        }
        HttpHeaders headers = new HttpHeaders();
        for (Map.Entry<String, List<String>> field :
                connection.getHeaderFields().entrySet()) {
            if (field.getKey() != null) {
                headers.set(HttpHeaderName.fromString(field.getKey()), field.getValue());
            }
        }
        InputStream body = status < 400 ? connection.getInputStream() : connection.getErrorStream();
        return new Answer(request, status, headers, body == null ? InputStream.nullInputStream() : body);
    }

    /** An answer whose body is read as a stream. */
    private static final class Answer extends HttpResponse {
        private final int status;
        private final HttpHeaders headers;
        private final InputStream body;

        Answer(HttpRequest request, int status, HttpHeaders headers, InputStream body) {
            super(request);
            this.status = status;
            this.headers = headers;
            this.body = body;
        }

        @Override
        public int getStatusCode() {
            return status;
        }

        @Override
        @Deprecated
        public String getHeaderValue(String name) {
            return headers.getValue(HttpHeaderName.fromString(name));
        }

        @Override
        public HttpHeaders getHeaders() {
            return headers;
        }

        @Override
        public Flux<ByteBuffer> getBody() {
            return Flux.using(() -> body, in -> FluxUtil.toFluxByteBuffer(in, CHUNK), in -> close());
        }

        @Override
        public BinaryData getBodyAsBinaryData() {
            return BinaryData.fromStream(body);
        }

        /** An answer has no bound here: {@link AzureTransport} reads it, or passes it on as a stream. */
        @Override
        public Mono<byte[]> getBodyAsByteArray() {
            return Mono.error(new UnsupportedOperationException("an answer must be read as a stream"));
        }

        @Override
        public Mono<String> getBodyAsString() {
            return getBodyAsString(StandardCharsets.UTF_8);
        }

        @Override
        public Mono<String> getBodyAsString(Charset charset) {
            return getBodyAsByteArray().map(bytes -> new String(bytes, charset));
        }

        @Override
        public InputStream getBodyAsInputStreamSync() {
            return body;
        }

        @Override
        public Mono<InputStream> getBodyAsInputStream() {
            return Mono.just(body);
        }

        @Override
        public void close() {
            try {
                body.close();
            } catch (IOException e) {
                // the connection is not used again
            }
        }
    }
}
