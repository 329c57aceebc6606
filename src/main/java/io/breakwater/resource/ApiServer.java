package io.breakwater.resource;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.RequestConfig;
import io.fabric8.kubernetes.client.RequestConfigBuilder;
import io.fabric8.kubernetes.client.http.HttpClient;
import io.fabric8.kubernetes.client.http.HttpRequest;
import io.fabric8.kubernetes.client.http.HttpResponse;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Requests to the API server in plain JSON. The client does authentication, and retries of 429, 5xx and broken
 * connections. Calls block; use virtual threads.
 */
public final class ApiServer {
    public static final ObjectMapper JSON = new ObjectMapper();
    private static final String JSON_TYPE = "application/json";
    private static final String METADATA_TYPE =
            "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json";
    private static final String DRY_RUN = "dryRun=All";
    private static final String STRICT = "fieldValidation=Strict";
    private static final long PATIENCE_SECONDS = 90;
    private static final int FEW_RETRIES = 3;

    /**
     * An answer with any code.
     *
     * @param body missing if there was none, or if it is not JSON
     * @param warnings texts of the server about the request, such as fields that it does not know
     */
    public record Answer(int code, JsonNode body, List<String> warnings) {
        public boolean isOk() {
            return code / 100 == 2;
        }

        /** The message of the server. */
        public String message() {
            return code + " " + body.path("message").asText("");
        }

        /** Reason of a Kubernetes Status. */
        public String reason() {
            return body.path("reason").asText("");
        }
    }

    /** Reads the body of a successful answer while it arrives; does not close the stream. */
    interface BodyReader<T> {
        T read(InputStream body) throws IOException;
    }

    private final HttpClient http;
    private final String base;
    private final boolean dry;
    private final Map<String, List<String>> headers;

    public ApiServer(KubernetesClient client) {
        this.http = client.getHttpClient();
        String url = client.getMasterUrl().toString();
        this.base = url.endsWith("/") ? url.substring(0, url.length() - 1) : url;
        this.dry = false;
        this.headers = Map.of();
    }

    private ApiServer(HttpClient http, String base, boolean dry, Map<String, List<String>> headers) {
        this.http = http;
        this.base = base;
        this.dry = dry;
        this.headers = headers;
    }

    /** The same server, in dry run: every write passes all checks and none is stored. */
    public ApiServer dryRun() {
        return new ApiServer(http, base, true, headers);
    }

    /** The same server, with further headers in every request, such as those of an impersonated user. */
    public ApiServer with(Map<String, List<String>> more) {
        return new ApiServer(http, base, dry, Map.copyOf(more));
    }

    /**
     * The same server, with few retries of a request that it or a webhook cannot answer, for callers that retry the object later
     * themselves.
     */
    public ApiServer withFewRetries() {
        RequestConfig few = new RequestConfigBuilder()
                .withRequestRetryBackoffLimit(FEW_RETRIES)
                .build();
        return new ApiServer(http.newBuilder().tag(few).build(), base, dry, headers);
    }

    public Answer get(String path) {
        return get(path, JSON_TYPE);
    }

    Answer get(String path, String accept) {
        return send(request(path, accept).build());
    }

    /** The path of a write in dry run. */
    public static String dry(String path) {
        return path.endsWith(DRY_RUN) ? path : path + (path.contains("?") ? "&" : "?") + DRY_RUN;
    }

    /** The path of a write that the server refuses if the object has fields that it does not know. */
    public static String strict(String path) {
        return path + (path.contains("?") ? "&" : "?") + STRICT;
    }

    public Answer send(String method, String path, JsonNode body) {
        return send(method, path, JSON_TYPE, body);
    }

    public Answer send(String method, String path, String contentType, JsonNode body) {
        return send(method, path, JSON_TYPE, contentType, body);
    }

    /**
     * Creates an object in a collection. A successful answer has at least the metadata of the object. Servers that
     * support it omit the rest, which saves work on both sides.
     */
    public Answer create(String path, JsonNode body) {
        return send("POST", path, METADATA_TYPE, JSON_TYPE, body);
    }

    private Answer send(String method, String path, String accept, String contentType, JsonNode body) {
        return send(request(dry ? dry(path) : path, accept)
                .method(method, contentType, body.toString())
                .build());
    }

    /**
     * Reads a successful answer as a stream.
     *
     * @throws Refused if the answer is not successful
     */
    <T> T stream(String path, String accept, BodyReader<T> reader) throws Refused {
        HttpResponse<InputStream> response =
                await(http.sendAsync(request(path, accept).build(), InputStream.class), path);
        InputStream body = response.body();
        boolean ended = false;
        try {
            if (!response.isSuccessful()) {
                Answer answer = new Answer(response.code(), tree(body.readAllBytes()), List.of());
                ended = true;
                throw new Refused(path, answer);
            }
            T result = reader.read(body);
            body.transferTo(OutputStream.nullOutputStream());
            ended = true;
            return result;
        } catch (IOException e) {
            throw broken(path, e);
        } finally {
            if (!ended) {
                cancel(body);
            }
        }
    }

    /**
     * Aborts a body before its end, and closes the connection. Never call it after the end: the client (7.7.0 with
     * Vert.x) then resets the connection, which may already have another request.
     */
    private static void cancel(InputStream body) {
        try {
            body.close();
        } catch (IOException e) {
            // It is aborted anyway.
        }
    }

    /** An answer that is not successful; the caller may handle some codes. */
    public static final class Refused extends Exception {
        private static final long serialVersionUID = 1;
        private final transient Answer answer;

        Refused(String path, Answer answer) {
            super("GET " + path + ": " + answer.message());
            this.answer = answer;
        }

        public Answer answer() {
            return answer;
        }
    }

    private HttpRequest.Builder request(String path, String accept) {
        HttpRequest.Builder request = http.newHttpRequestBuilder()
                .uri(base + path)
                .timeout(PATIENCE_SECONDS, TimeUnit.SECONDS)
                .header("Accept", accept);
        headers.forEach((name, values) -> values.forEach(value -> request.header(name, value)));
        return request;
    }

    private Answer send(HttpRequest request) {
        String path = request.uri().getPath();
        HttpResponse<byte[]> response = await(http.sendAsync(request, byte[].class), path);
        List<String> warnings =
                response.headers("Warning").stream().map(ApiServer::warning).toList();
        return new Answer(response.code(), tree(response.body()), warnings);
    }

    /** The text of a header such as {@code 299 - "unknown field \"spec.size\""}; RFC 7234, section 5.5. */
    private static String warning(String header) {
        return header.replaceFirst("^\\d+ \\S+ \"", "").replaceFirst("\"$", "").replaceAll("\\\\(.)", "$1");
    }

    private static <T> T await(java.util.concurrent.CompletableFuture<T> future, String path) {
        try {
            return future.get(PATIENCE_SECONDS * 2, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            future.cancel(true);
            Thread.currentThread().interrupt();
            throw broken(path, e);
        } catch (ExecutionException e) {
            throw broken(path, e.getCause());
        } catch (TimeoutException e) {
            future.cancel(true);
            throw broken(path, e);
        }
    }

    private static BreakwaterException broken(String path, Throwable cause) {
        return BreakwaterException.retryable(
                Reason.ResourcesFailed, "the API server did not answer " + path + ": " + cause, cause);
    }

    private static JsonNode tree(byte[] body) {
        if (body == null || body.length == 0) {
            return MissingNode.getInstance();
        }
        try {
            return JSON.readTree(body);
        } catch (IOException e) {
            return JSON.createObjectNode().put("message", new String(body, java.nio.charset.StandardCharsets.UTF_8));
        }
    }
}
