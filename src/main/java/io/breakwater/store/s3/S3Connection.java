package io.breakwater.store.s3;

import io.breakwater.api.BackupLocationSpec.S3;
import io.breakwater.api.BackupLocationSpec.WebIdentity;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.steps.ReconcilePlace;
import io.breakwater.store.AnswerBound;
import io.breakwater.store.CallLimit;
import io.breakwater.store.ThrottledAnswer;
import io.breakwater.store.endpoint.CloudNames;
import io.breakwater.store.endpoint.EndpointRules;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import software.amazon.awssdk.auth.credentials.AnonymousCredentialsProvider;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.awscore.retry.AwsRetryStrategy;
import software.amazon.awssdk.core.SdkSystemSetting;
import software.amazon.awssdk.core.checksums.RequestChecksumCalculation;
import software.amazon.awssdk.core.checksums.ResponseChecksumValidation;
import software.amazon.awssdk.core.client.config.ClientOverrideConfiguration;
import software.amazon.awssdk.core.interceptor.Context;
import software.amazon.awssdk.core.interceptor.ExecutionAttributes;
import software.amazon.awssdk.core.interceptor.ExecutionInterceptor;
import software.amazon.awssdk.http.SdkHttpClient;
import software.amazon.awssdk.http.SdkHttpResponse;
import software.amazon.awssdk.http.urlconnection.ProxyConfiguration;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.S3Configuration;
import software.amazon.awssdk.services.s3.model.GetObjectRequest;
import software.amazon.awssdk.services.sts.StsClient;
import software.amazon.awssdk.services.sts.auth.StsWebIdentityTokenFileCredentialsProvider;

/** Creates the client of an S3 server: its endpoint, credentials and timeouts. */
final class S3Connection {
    /** Budget of one small call, including its retries. */
    static final Duration CALL = Duration.ofSeconds(30);

    static final Duration TRY = Duration.ofSeconds(10);
    private static final int TRIES = 4;

    /** Region for a server that has no regions. */
    private static final String DEFAULT_REGION = "us-east-1";

    /** Bounds every answer but the content of an object, which is read as a stream, and reports throttled ones. */
    private record AnswerInterceptor(CallLimit calls) implements ExecutionInterceptor {
        @Override
        public void beforeTransmission(Context.BeforeTransmission request, ExecutionAttributes attributes) {
            ReconcilePlace.forbid("S3");
        }

        @Override
        public Optional<InputStream> modifyHttpResponseContent(
                Context.ModifyHttpResponse answer, ExecutionAttributes attributes) {
            String server = answer.httpRequest().getUri().getAuthority();
            SdkHttpResponse response = answer.httpResponse();
            if (!response.isSuccessful()) {
                Optional<InputStream> error = answer.responseBody().map(body -> error(body, server));
                if (ThrottledAnswer.is(response.statusCode())) {
                    calls.throttled(ThrottledAnswer.pause(response::firstMatchingHeader));
                    throw ThrottledAnswer.error(server, response.statusCode());
                }
                return error;
            }
            return answer.request() instanceof GetObjectRequest
                    ? answer.responseBody()
                    : answer.responseBody().map(body -> new AnswerBound(body, server));
        }
    }

    private static InputStream error(InputStream body, String server) {
        try (body) {
            return new ByteArrayInputStream(AnswerBound.readError(body, server));
        } catch (IOException e) {
            return InputStream.nullInputStream(); // the status is known
        }
    }

    private S3Connection() {}

    /**
     * Creates a client; sends no request yet.
     *
     * @param accessKeyId or null; then the client uses the role of the pod's ServiceAccount
     * @throws BreakwaterException CredentialsRejected, when there is no such role; InvalidSpec, if the rules refuse the endpoint
     */
    static S3Client client(S3 spec, String accessKeyId, String secretAccessKey, EndpointRules rules, CallLimit calls) {
        rules.check(spec.endpoint);
        if (accessKeyId == null) {
            EndpointRules.requireCloud(CloudNames.AWS, spec.endpoint);
        }
        Region region = Region.of(spec.region == null ? DEFAULT_REGION : spec.region);
        AwsCredentialsProvider credentials = accessKeyId == null
                ? role(spec, region, rules, calls)
                : StaticCredentialsProvider.create(AwsBasicCredentials.create(accessKeyId, secretAccessKey));
        var builder = S3Client.builder()
                .httpClient(
                        new S3Transport(UrlConnectionHttpClient.create(uri -> connection(rules, uri)), rules.calls()))
                .region(region)
                .credentialsProvider(credentials)
                .overrideConfiguration(timeouts(calls))
                // Only Amazon supports trailing checksums and chunked signatures; every server supports Content-MD5.
                .requestChecksumCalculation(RequestChecksumCalculation.WHEN_REQUIRED)
                .responseChecksumValidation(ResponseChecksumValidation.WHEN_REQUIRED)
                .serviceConfiguration(S3Configuration.builder()
                        .chunkedEncodingEnabled(false)
                        .expectContinueEnabled(false)
                        .pathStyleAccessEnabled(spec.pathStyle == null ? spec.endpoint != null : spec.pathStyle)
                        .build());
        if (spec.endpoint != null) {
            builder.endpointOverride(URI.create(spec.endpoint));
        }
        return builder.build();
    }

    /** The connections are those of the JDK, which pools them by server. */
    private static HttpURLConnection connection(EndpointRules rules, URI uri) {
        try {
            return rules.open(uri, TRY);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static ClientOverrideConfiguration timeouts(CallLimit calls) {
        return ClientOverrideConfiguration.builder()
                .addExecutionInterceptor(new AnswerInterceptor(calls))
                .apiCallTimeout(CALL)
                .apiCallAttemptTimeout(calls.attempt())
                .retryStrategy(AwsRetryStrategy.standardRetryStrategy().toBuilder()
                        .maxAttempts(TRIES)
                        .build())
                .build();
    }

    /** Value of an environment variable, or of the system property that replaces it; null when neither is set. */
    private static String setting(SdkSystemSetting setting) {
        return setting.getStringValue().orElse(null);
    }

    /**
     * Connections to the service that issues keys for a role. Its address does not depend on locations, but the proxy does. The
     * client would read the variables of the pod itself, with other rules.
     */
    private static SdkHttpClient issuer(EndpointRules rules, Region region) {
        var proxy = ProxyConfiguration.builder().useSystemPropertyValues(false).useEnvironmentVariablesValues(false);
        rules.proxyOfIssuer("sts." + region.id() + ".amazonaws.com").ifPresent(server -> {
            proxy.endpoint(URI.create("http://" + server));
            if (server.user() != null) {
                String[] user = server.user().split(":", 2);
                proxy.username(user[0]).password(user.length > 1 ? user[1] : "");
            }
        });
        return UrlConnectionHttpClient.builder()
                .connectionTimeout(TRY)
                .socketTimeout(TRY)
                .proxyConfiguration(proxy.build())
                .build();
    }

    private static AwsCredentialsProvider role(S3 spec, Region region, EndpointRules rules, CallLimit calls) {
        WebIdentity identity = spec.workloadIdentity;
        String arn = Optional.ofNullable(identity.roleArn).orElseGet(() -> setting(SdkSystemSetting.AWS_ROLE_ARN));
        String token = setting(SdkSystemSetting.AWS_WEB_IDENTITY_TOKEN_FILE);
        if (arn == null || token == null || !Files.isReadable(Path.of(token))) {
            throw BreakwaterException.permanent(
                    Reason.CredentialsRejected,
                    "bucket " + spec.bucket + ", spec.s3.workloadIdentity: the pod has "
                            + (arn == null ? "no role (AWS_ROLE_ARN)" : "no token (AWS_WEB_IDENTITY_TOKEN_FILE)")
                            + "; annotate its ServiceAccount with eks.amazonaws.com/role-arn (Helm value"
                            + " serviceAccount.annotations), or use credentialsSecretRef");
        }
        StsClient sts = StsClient.builder()
                .httpClient(issuer(rules, region))
                .region(region)
                .overrideConfiguration(timeouts(calls))
                .credentialsProvider(AnonymousCredentialsProvider.create())
                .build();
        return StsWebIdentityTokenFileCredentialsProvider.builder()
                .stsClient(sts)
                .roleArn(arn)
                .roleSessionName("breakwater")
                .webIdentityTokenFile(Path.of(token))
                .build();
    }
}
