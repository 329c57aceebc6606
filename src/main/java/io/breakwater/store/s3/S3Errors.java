package io.breakwater.store.s3;

import io.breakwater.api.BackupLocationSpec.S3;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.store.AnswerBound;
import io.breakwater.store.CallLimit;
import io.breakwater.store.StoreErrors;
import java.io.UncheckedIOException;
import java.time.DateTimeException;
import java.util.Set;
import java.util.function.Supplier;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.core.exception.ApiCallAttemptTimeoutException;
import software.amazon.awssdk.core.exception.ApiCallTimeoutException;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.s3.model.S3Exception;

/** Translates errors of a bucket into reasons and messages: which bucket, where, which field, and what to do. */
final class S3Errors {
    private static final Set<String> CREDENTIALS = Set.of(
            "AccessDenied",
            "AuthorizationHeaderMalformed",
            "ExpiredToken",
            "InvalidAccessKeyId",
            "InvalidToken",
            "SignatureDoesNotMatch");

    /** Codes that a message repeats. A server may write any other text instead of a code. */
    private static final Set<String> KNOWN = Set.of(
            "AccessDenied",
            "AuthorizationHeaderMalformed",
            "BadDigest",
            "ConditionalRequestConflict",
            "EntityTooLarge",
            "EntityTooSmall",
            "ExpiredToken",
            "InternalError",
            "InvalidAccessKeyId",
            "InvalidArgument",
            "InvalidBucketName",
            "InvalidBucketState",
            "InvalidDigest",
            "InvalidObjectState",
            "InvalidPart",
            "InvalidRange",
            "InvalidRequest",
            "InvalidToken",
            "MalformedXML",
            "MethodNotAllowed",
            "MissingContentLength",
            "NoSuchBucket",
            "NoSuchKey",
            "NoSuchUpload",
            "NoSuchVersion",
            "NotImplemented",
            "ObjectLockConfigurationNotFoundError",
            "OperationAborted",
            "PermanentRedirect",
            "PreconditionFailed",
            "RequestTimeTooSkewed",
            "RequestTimeout",
            "ServiceUnavailable",
            "SignatureDoesNotMatch",
            "SlowDown",
            "TemporaryRedirect",
            "XAmzContentSHA256Mismatch");

    private final String name;
    private final CallLimit calls;

    S3Errors(S3 spec, CallLimit calls) {
        this.calls = calls;
        name = "bucket " + spec.bucket + " at " + where(spec);
    }

    private static String where(S3 spec) {
        return spec.endpoint == null ? "Amazon S3 in " + spec.region : spec.endpoint;
    }

    /** The bucket and its server. */
    String place() {
        return name;
    }

    /** Runs an action when the location has a turn for it, and translates its errors. */
    <T> T call(String what, Supplier<T> action) {
        return calls.call(name + ": " + what, () -> translated(what, action));
    }

    private <T> T translated(String what, Supplier<T> action) {
        try {
            return action.get();
        } catch (AwsServiceException e) {
            throw refusal(what, e);
        } catch (ApiCallTimeoutException | ApiCallAttemptTimeoutException e) {
            throw BreakwaterException.retryable(
                    Reason.StoreUnavailable,
                    name + ": " + what + " was not answered in time; check the server and the network",
                    e);
        } catch (SdkException e) {
            if (AnswerBound.unwrapped(e) instanceof BreakwaterException refused) {
                throw refused;
            }
            throw failure(what, e);
        } catch (RuntimeException e) {
            if (AnswerBound.unwrapped(e) instanceof BreakwaterException refused) {
                throw refused;
            }
            throw e instanceof DateTimeException || e instanceof UncheckedIOException ? failure(what, e) : e;
        }
    }

    private BreakwaterException failure(String what, RuntimeException e) {
        return BreakwaterException.retryable(
                Reason.StoreUnavailable, name + ": " + what + " failed: " + StoreErrors.cause(e), e);
    }

    /** An error that the server did not report. */
    BreakwaterException unavailable(String what) {
        return BreakwaterException.retryable(Reason.StoreUnavailable, name + ": " + what);
    }

    BreakwaterException permanent(String what) {
        return BreakwaterException.permanent(Reason.StoreUnavailable, name + ": " + what);
    }

    private BreakwaterException refusal(String what, AwsServiceException e) {
        String code = code(e);
        String message = name + ": " + what + " was answered with "
                + (e.statusCode() + " " + StoreErrors.code(code, KNOWN::contains)).strip();
        if (!(e instanceof S3Exception)) {
            return BreakwaterException.permanent(
                    Reason.CredentialsRejected,
                    name + ": the role of spec.s3.workloadIdentity cannot be assumed: " + e.getMessage()
                            + "; check its trust policy and the annotation of the ServiceAccount",
                    e);
        }
        if (e.statusCode() == 401 || e.statusCode() == 403 || CREDENTIALS.contains(code)) {
            return BreakwaterException.permanent(
                    Reason.CredentialsRejected,
                    message + "; check key or role, spec.s3.region, and the permissions: ListBucket on the bucket,"
                            + " GetObject, PutObject, DeleteObject and AbortMultipartUpload on its objects; with"
                            + " spec.immutability also those that docs/reference/locations.md names",
                    e);
        }
        if (code.equals("NoSuchBucket")) {
            return BreakwaterException.permanent(
                    Reason.StoreUnavailable,
                    message + "; create the bucket, or create another BackupLocation with the right bucket",
                    e);
        }
        if (e.statusCode() / 100 == 3) {
            return BreakwaterException.permanent(
                    Reason.StoreUnavailable,
                    message
                            + "; the bucket is in another region: create another BackupLocation with the region or endpoint"
                            + " of the bucket",
                    e);
        }
        if (e.statusCode() == 501) {
            return BreakwaterException.permanent(
                    Reason.NoConditionalWrites,
                    message + "; a location needs conditional writes, which this server lacks: use another server",
                    e);
        }
        return BreakwaterException.retryable(Reason.StoreUnavailable, message, e);
    }

    /** The error code of the server; an answer to HEAD has none. */
    static String code(AwsServiceException e) {
        String code = e.awsErrorDetails() == null ? null : e.awsErrorDetails().errorCode();
        return code == null ? "" : code;
    }
}
