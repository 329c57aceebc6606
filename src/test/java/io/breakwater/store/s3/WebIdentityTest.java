package io.breakwater.store.s3;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.breakwater.api.BackupLocationSpec.S3;
import io.breakwater.api.BackupLocationSpec.WebIdentity;
import io.breakwater.store.ListingLimits;
import io.breakwater.store.ObjectStore;
import io.breakwater.store.ObjectStore.Precondition;
import io.breakwater.store.endpoint.EndpointRules;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.URLDecoder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.core.SdkSystemSetting;

/**
 * A pod without a Secret: its ServiceAccount's token is exchanged for keys that sign the requests to the bucket. Both servers are
 * fakes that record requests, because no S3 server for tests accepts keys with a session token.
 */
class WebIdentityTest {
    private static final String ROLE = "arn:aws:iam::123456789012:role/breakwater";
    private static final String STS = "aws.endpointUrlSts";
    private static final String S3 = "aws.endpointUrlS3";

    private final List<Map<String, String>> asked = new ArrayList<>();
    private final List<Headers> signed = new ArrayList<>();
    private HttpServer server;
    private Path token;
    private Duration lifetime = Duration.ofHours(1);

    @BeforeEach
    void start(@TempDir Path directory) throws IOException {
        server = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 0);
        server.createContext("/", this::exchange);
        server.createContext("/bucket", this::store);
        server.start();
        token = Files.writeString(directory.resolve("token"), "first");
        System.setProperty(SdkSystemSetting.AWS_WEB_IDENTITY_TOKEN_FILE.property(), token.toString());
        System.setProperty(STS, endpoint());
        System.setProperty(S3, endpoint());
    }

    @AfterEach
    void stop() {
        System.clearProperty(SdkSystemSetting.AWS_WEB_IDENTITY_TOKEN_FILE.property());
        System.clearProperty(STS);
        System.clearProperty(S3);
        server.stop(0);
    }

    @Test
    void exchangesThePodTokenForRoleKeys() {
        ObjectStore store = open();
        store.write("x", new byte[1], Precondition.NONE);
        store.write("x", new byte[1], Precondition.NONE);

        assertThat(asked)
                .singleElement()
                .satisfies(request -> assertThat(request)
                        .containsEntry("Action", "AssumeRoleWithWebIdentity")
                        .containsEntry("RoleArn", ROLE)
                        .containsEntry("WebIdentityToken", "first"));
        assertThat(signed).hasSizeGreaterThan(1).allSatisfy(headers -> {
            assertThat(headers.getFirst("Authorization")).startsWith("AWS4-HMAC-SHA256 Credential=key-of-first/");
            assertThat(headers.getFirst("X-Amz-Security-Token")).isEqualTo("session-of-first");
        });
    }

    @Test
    void renewsExpiredKeysWithTheCurrentToken() throws IOException {
        lifetime = Duration.ZERO;
        ObjectStore store = open();
        store.write("x", new byte[1], Precondition.NONE);
        Files.writeString(token, "second");
        store.write("x", new byte[1], Precondition.NONE);

        assertThat(signed.getLast().getFirst("X-Amz-Security-Token")).isEqualTo("session-of-second");
    }

    private String endpoint() {
        return "http://127.0.0.1:" + server.getAddress().getPort();
    }

    private ObjectStore open() {
        S3 spec = new S3();
        spec.bucket = "bucket";
        spec.pathStyle = true;
        spec.workloadIdentity = new WebIdentity();
        spec.workloadIdentity.roleArn = ROLE;
        EndpointRules rules = EndpointRules.trusting(endpoint());
        return S3Store.open(spec, null, null, null, null, ListingLimits.DEFAULT, rules);
    }

    private void store(HttpExchange http) throws IOException {
        http.getRequestBody().readAllBytes();
        signed.add(http.getRequestHeaders());
        http.getResponseHeaders().add("ETag", "\"etag\"");
        http.getResponseHeaders().add("Content-Length", "1");
        http.sendResponseHeaders(200, -1);
        http.close();
    }

    private void exchange(HttpExchange http) throws IOException {
        String body = new String(http.getRequestBody().readAllBytes(), UTF_8);
        asked.add(Arrays.stream(body.split("&"))
                .map(pair -> pair.split("=", 2))
                .collect(Collectors.toMap(pair -> pair[0], pair -> URLDecoder.decode(pair[1], UTF_8))));
        String given = asked.getLast().get("WebIdentityToken");
        byte[] answer =
                """
                <AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
                <AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>key-of-%s</AccessKeyId>
                <SecretAccessKey>secret</SecretAccessKey><SessionToken>session-of-%s</SessionToken><Expiration>%s</Expiration>
                </Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>
                """.formatted(given, given, Instant.now().plus(lifetime)).getBytes(UTF_8);
        http.getResponseHeaders().add("Content-Type", "text/xml");
        http.sendResponseHeaders(200, answer.length);
        try (OutputStream out = http.getResponseBody()) {
            out.write(answer);
        }
    }
}
