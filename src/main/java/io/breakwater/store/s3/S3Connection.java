package io.breakwater.store.s3;

import io.breakwater.api.BackupLocationSpec.S3;
import io.breakwater.api.BackupLocationSpec.WebIdentity;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
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
import software.amazon.awssdk.http.SdkHttpClient;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.S3Configuration;
import software.amazon.awssdk.services.sts.StsClient;
import software.amazon.awssdk.services.sts.auth.StsWebIdentityTokenFileCredentialsProvider;

/** Makes the client of an S3 server: whom it asks, as whom, and how long it is patient. */
final class S3Connection {
    /** Budget of one small call, with all its retries. */
    static final Duration CALL = Duration.ofSeconds(30);

    static final Duration TRY = Duration.ofSeconds(10);
    private static final int TRIES = 4;

    /** What a server without regions is told. */
    private static final String DEFAULT_REGION = "us-east-1";

    /** Shared by all clients: it holds nothing but the JDK's own connections, which that pools by server. */
    private static final SdkHttpClient HTTP = UrlConnectionHttpClient.builder()
            .connectionTimeout(TRY)
            .socketTimeout(TRY)
            .build();

    private S3Connection() {}

    /**
     * A client; nothing is asked of the store yet.
     *
     * @param accessKeyId or null; then the role of the pod's ServiceAccount is used
     * @throws BreakwaterException CredentialsRejected, when there is no such role
     */
    static S3Client client(S3 spec, String accessKeyId, String secretAccessKey) {
        Region region = Region.of(spec.region == null ? DEFAULT_REGION : spec.region);
        AwsCredentialsProvider credentials = accessKeyId == null
                ? role(spec, region)
                : StaticCredentialsProvider.create(AwsBasicCredentials.create(accessKeyId, secretAccessKey));
        var builder = S3Client.builder()
                .httpClient(HTTP)
                .region(region)
                .credentialsProvider(credentials)
                .overrideConfiguration(patience())
                // Trailing checksums and chunked signatures are Amazon's alone; Content-MD5 is understood everywhere.
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

    private static ClientOverrideConfiguration patience() {
        return ClientOverrideConfiguration.builder()
                .apiCallTimeout(CALL)
                .apiCallAttemptTimeout(TRY)
                .retryStrategy(AwsRetryStrategy.standardRetryStrategy().toBuilder()
                        .maxAttempts(TRIES)
                        .build())
                .build();
    }

    /** What the environment says, or a system property in its place; null when neither does. */
    private static String setting(SdkSystemSetting setting) {
        return setting.getStringValue().orElse(null);
    }

    private static AwsCredentialsProvider role(S3 spec, Region region) {
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
                .httpClient(HTTP)
                .region(region)
                .overrideConfiguration(patience())
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
