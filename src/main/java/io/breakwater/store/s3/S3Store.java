package io.breakwater.store.s3;

import io.breakwater.api.BackupLocationSpec.S3;
import io.breakwater.api.BreakwaterException;
import io.breakwater.store.BoundedContent;
import io.breakwater.store.CallLimit;
import io.breakwater.store.DeletionSigner;
import io.breakwater.store.GatheringBound;
import io.breakwater.store.ListingBound;
import io.breakwater.store.ListingLimits;
import io.breakwater.store.ObjectLock;
import io.breakwater.store.ObjectStore;
import io.breakwater.store.PageRetries;
import io.breakwater.store.endpoint.EndpointRules;
import java.io.IOException;
import java.io.InputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeFormatter;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import java.util.function.Supplier;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.core.ResponseBytes;
import software.amazon.awssdk.core.ResponseInputStream;
import software.amazon.awssdk.core.SdkResponse;
import software.amazon.awssdk.core.exception.RetryableException;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.http.AbortableInputStream;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.GetObjectRequest;
import software.amazon.awssdk.services.s3.model.GetObjectResponse;
import software.amazon.awssdk.services.s3.model.HeadObjectResponse;
import software.amazon.awssdk.services.s3.model.ListMultipartUploadsRequest;
import software.amazon.awssdk.services.s3.model.ListMultipartUploadsResponse;
import software.amazon.awssdk.services.s3.model.ListObjectsV2Request;
import software.amazon.awssdk.services.s3.model.ListObjectsV2Response;
import software.amazon.awssdk.services.s3.model.MultipartUpload;
import software.amazon.awssdk.services.s3.model.PutObjectRequest;
import software.amazon.awssdk.services.s3.model.PutObjectResponse;
import software.amazon.awssdk.services.s3.model.S3Exception;

/**
 * A bucket of Amazon S3, or of a server that speaks its protocol, below one prefix.
 *
 * <p>Each write has a stamp in the object's metadata. If the server reports that a precondition did not hold, the stamp shows
 * whether the reason is an earlier try of the same write, whose answer was lost.
 */
public final class S3Store implements ObjectStore {
    static final String STAMP = "breakwater-write";

    final S3Client client;
    final S3Errors errors;
    final String bucket;
    final S3Locks locks;
    private final String prefix;

    private final DeletionSigner removals;

    private final ListingLimits limits;

    private S3Store(
            S3Client client, S3 spec, ObjectLock lock, DeletionSigner removals, ListingLimits limits, CallLimit calls) {
        this.limits = limits;
        this.removals = removals;
        this.client = client;
        this.locks = new S3Locks(this, lock);
        this.errors = new S3Errors(spec, calls);
        this.bucket = spec.bucket;
        this.prefix = spec.prefix == null || spec.prefix.isEmpty() ? "" : spec.prefix + "/";
    }

    /** Opens a bucket whose endpoint is trusted; its deletions are not signed. */
    static S3Store open(S3 spec, String accessKeyId, String secretAccessKey, ObjectLock lock) {
        EndpointRules rules = EndpointRules.trusting(spec.endpoint);
        return open(spec, accessKeyId, secretAccessKey, lock, null, ListingLimits.DEFAULT, rules);
    }

    /**
     * Opens a bucket; sends no request yet.
     *
     * @param accessKeyId or null; then the client uses the role of the pod's ServiceAccount
     * @param lock of the objects that are written; null for none
     * @param removals signs deletions; null where they are not signed
     * @throws BreakwaterException CredentialsRejected, when there is no such role; InvalidSpec, if the rules refuse the endpoint
     */
    public static S3Store open(
            S3 spec,
            String accessKeyId,
            String secretAccessKey,
            ObjectLock lock,
            DeletionSigner removals,
            ListingLimits limits,
            EndpointRules rules) {
        CallLimit calls = new CallLimit("bucket " + spec.bucket);
        return open(spec, accessKeyId, secretAccessKey, lock, removals, limits, rules, calls);
    }

    /** Like {@link #open(S3, String, String, ObjectLock, DeletionSigner, ListingLimits, EndpointRules)}, in the limit of a location. */
    public static S3Store open(
            S3 spec,
            String accessKeyId,
            String secretAccessKey,
            ObjectLock lock,
            DeletionSigner removals,
            ListingLimits limits,
            EndpointRules rules,
            CallLimit calls) {
        S3Client client = S3Connection.client(spec, accessKeyId, secretAccessKey, rules, calls);
        return new S3Store(client, spec, lock, removals, limits, calls);
    }

    @Override
    public Optional<String> version(String key) {
        return errors.call("head " + key, () -> facts(key).map(HeadObjectResponse::versionId));
    }

    @Override
    public Optional<DeletionSigner> removals() {
        return Optional.ofNullable(removals);
    }

    @Override
    public Optional<Observed> head(String key) {
        return errors.call("head " + key, () -> facts(key).map(r -> observed(key, r)));
    }

    @Override
    public Optional<Document> read(String key, int max) {
        return optional("read " + key, () -> {
            // An exception of the reader would be an error of the client, so the size is checked here.
            var r = client.getObject(request(key).build(), (h, in) -> start(h, in, max));
            GetObjectResponse h = r.response();
            byte[] content = r.asByteArrayUnsafe();
            if (content.length > max) {
                throw BoundedContent.tooLarge(key, max);
            }
            return new Document(new ObjectInfo(key, content.length, h.eTag(), h.lastModified()), content, date(h));
        });
    }

    /** The content, or the first bytes of it: one more than the bound. */
    private static ResponseBytes<GetObjectResponse> start(GetObjectResponse facts, AbortableInputStream in, int max) {
        try {
            byte[] content = in.readNBytes(max + 1);
            if (content.length > max) {
                in.abort(); // a close would read the rest
            }
            return ResponseBytes.fromByteArrayUnsafe(facts, content);
        } catch (IOException e) {
            throw RetryableException.create("the answer was cut off", e);
        }
    }

    @Override
    public Optional<InputStream> open(String key, long offset, long length) {
        if (length == 0) {
            return head(key).map(o -> InputStream.nullInputStream());
        }
        try {
            return optional("open " + key, () -> get(key, offset, length, null))
                    .map(in -> new S3Content(this, key, offset, in));
        } catch (BreakwaterException e) {
            if (e.getCause() instanceof S3Exception s && s.statusCode() == 416) {
                return Optional.of(InputStream.nullInputStream());
            }
            throw e;
        }
    }

    /**
     * The bytes of an object from an offset on.
     *
     * @param length maximum number of bytes; negative for all
     * @param etag of the version to read; null for the current one
     */
    ResponseInputStream<GetObjectResponse> get(String key, long offset, long length, String etag) {
        GetObjectRequest.Builder request = request(key).ifMatch(etag);
        if (offset > 0 || length > 0) {
            request.range("bytes=" + offset + "-" + (length < 0 ? "" : offset + length - 1));
        }
        return client.getObject(request.build());
    }

    @Override
    public void list(String keyPrefix, Consumer<ObjectInfo> each) {
        pages(
                keyPrefix,
                null,
                (page, bound) -> page.contents().stream()
                        .map(o -> bound.object(o.key(), o.size(), o.eTag(), o.lastModified()))
                        .toList(),
                each);
    }

    @Override
    public Set<String> directories(String keyPrefix) {
        Set<String> names = new TreeSet<>();
        GatheringBound gathered = new GatheringBound(this, keyPrefix);
        pages(
                keyPrefix,
                "/",
                (page, bound) -> page.commonPrefixes().stream()
                        .map(p -> bound.directory(p.prefix()))
                        .toList(),
                directory -> names.add(gathered.add(directory)));
        return names;
    }

    /**
     * Calls back for each entry of a listing. What the callback throws is thrown as it is: only the answers are the store's.
     *
     * @param read the entries of a page; counts them
     */
    private <T> void pages(
            String keyPrefix,
            String delimiter,
            BiFunction<ListObjectsV2Response, ListingBound, List<T>> read,
            Consumer<T> each) {
        String what = "list " + keyPrefix;
        ListingBound bound = new ListingBound(this, prefix, keyPrefix);
        ListObjectsV2Request.Builder request = ListObjectsV2Request.builder()
                .bucket(bucket)
                .prefix(prefix + keyPrefix)
                .delimiter(delimiter);
        boolean isFirst = true;
        while (true) {
            ListObjectsV2Response page = PageRetries.page(
                    isFirst, () -> errors.call(what, () -> bound.page(() -> client.listObjectsV2(request.build()))));
            errors.call(what, () -> read.apply(page, bound)).forEach(each);
            if (!Boolean.TRUE.equals(page.isTruncated())) {
                return;
            }
            isFirst = false;
            bound.more(page.nextContinuationToken());
            request.continuationToken(page.nextContinuationToken());
        }
    }

    @Override
    public ListingLimits limits() {
        return limits;
    }

    @Override
    public String place() {
        return errors.place();
    }

    @Override
    public Optional<Observed> write(String key, byte[] content, Precondition precondition) {
        byte[] md5 = md5(content);
        if (precondition instanceof Precondition.Matches(String etag)
                && etag.contains(HexFormat.of().formatHex(md5))) {
            // The same content has the same ETag, which would hide the write. Written in parts, it has another ETag.
            try (S3Upload twin = new S3Upload(this, key, precondition)) {
                twin.write(content, 0, content.length);
                return etag.contains("-") ? Optional.empty() : twin.commitParts();
            }
        }
        String stamp = stamp();
        PutObjectRequest.Builder request = PutObjectRequest.builder()
                .bucket(bucket)
                .key(prefix + key)
                .metadata(Map.of(STAMP, stamp))
                .contentMD5(Base64.getEncoder().encodeToString(md5));
        locks.put(key, request);
        switch (precondition) {
            case Precondition.None n -> {}
            case Precondition.Absent a -> request.ifNoneMatch("*");
            case Precondition.Matches(String etag) -> request.ifMatch(etag);
        }
        return conditional("write " + key, key, stamp, precondition, () -> {
            PutObjectResponse r = client.putObject(request.build(), RequestBody.fromBytes(content));
            return new Written(r.eTag(), content.length, date(r));
        });
    }

    @Override
    public Upload upload(String key, Precondition precondition) {
        return new S3Upload(this, key, precondition);
    }

    @Override
    public void delete(String key) {
        errors.call(
                "delete " + key, () -> client.deleteObject(r -> r.bucket(bucket).key(prefix + key)));
    }

    @Override
    public int abandonUploads(String keyPrefix, Instant before) {
        return errors.call("list uploads of " + keyPrefix, () -> {
            ListingBound bound = new ListingBound(this, prefix, keyPrefix);
            ListMultipartUploadsRequest.Builder request =
                    ListMultipartUploadsRequest.builder().bucket(bucket).prefix(prefix + keyPrefix);
            int abandoned = 0;
            while (true) {
                ListMultipartUploadsResponse page = bound.page(() -> client.listMultipartUploads(request.build()));
                for (MultipartUpload u : page.uploads()) {
                    bound.count(u.key());
                    if (u.initiated().isBefore(before)) {
                        abandon(u);
                        abandoned++;
                    }
                }
                if (!Boolean.TRUE.equals(page.isTruncated())) {
                    return abandoned;
                }
                bound.more(page.nextKeyMarker() + "\n" + page.nextUploadIdMarker());
                request.keyMarker(page.nextKeyMarker()).uploadIdMarker(page.nextUploadIdMarker());
            }
        });
    }

    private void abandon(MultipartUpload upload) {
        try {
            client.abortMultipartUpload(r -> r.bucket(bucket).key(upload.key()).uploadId(upload.uploadId()));
        } catch (S3Exception e) {
            if (e.statusCode() != 404) { // it finished meanwhile
                throw e;
            }
        }
    }

    @Override
    public Locking locking() {
        return locks.locking();
    }

    @Override
    public boolean enforcesLocks(String key) {
        return locks.enforced(key);
    }

    @Override
    public boolean relock(String key, Duration least) {
        return locks.relock(key, least);
    }

    @Override
    public void histories(String keyPrefix, Consumer<List<Version>> each) {
        locks.histories(keyPrefix, each);
    }

    @Override
    public Optional<Instant> destroy(Version version) {
        return locks.destroy(version);
    }

    @Override
    public void close() {
        client.close();
    }

    /** Key below the prefix of the location. */
    String below(String full) {
        return full.substring(prefix.length());
    }

    /** Key in the bucket. */
    String full(String key) {
        return prefix + key;
    }

    static String stamp() {
        return UUID.randomUUID().toString();
    }

    /** The answer of a server to a successful write. */
    record Written(String etag, long size, Instant storeTime) {}

    /**
     * Writes an object.
     *
     * @return empty when the precondition did not hold
     */
    Optional<Observed> conditional(
            String what, String key, String stamp, Precondition precondition, Supplier<Written> write) {
        return errors.call(what, () -> {
            try {
                Written w = write.get();
                // Only the object itself has the time of its modification.
                return Optional.of(new Observed(new ObjectInfo(key, w.size(), w.etag(), null), w.storeTime()));
            } catch (AwsServiceException e) {
                return refused(what, key, stamp, precondition, e);
            }
        });
    }

    private Optional<Observed> refused(
            String what, String key, String stamp, Precondition precondition, AwsServiceException e) {
        boolean gone = e.statusCode() == 404 && !S3Errors.code(e).equals("NoSuchBucket");
        if (e.statusCode() != 412 && e.statusCode() != 409 && !gone) {
            throw e;
        }
        Optional<HeadObjectResponse> there = facts(key);
        if (there.isPresent() && stamp.equals(there.get().metadata().get(STAMP))) {
            return there.map(r -> observed(key, r));
        }
        boolean holds = switch (precondition) {
            case Precondition.None n -> true;
            case Precondition.Absent a -> there.isEmpty();
            case Precondition.Matches(String etag) ->
                there.map(r -> r.eTag().equals(etag)).orElse(false);
        };
        if (holds && e.statusCode() != 412) {
            throw errors.unavailable(what + " conflicts with another write of the same object");
        }
        return Optional.empty();
    }

    Optional<HeadObjectResponse> facts(String key) {
        try {
            return Optional.of(client.headObject(r -> r.bucket(bucket).key(prefix + key)));
        } catch (S3Exception e) {
            if (e.statusCode() == 404) {
                return Optional.empty();
            }
            throw e;
        }
    }

    private Observed observed(String key, HeadObjectResponse r) {
        return new Observed(new ObjectInfo(key, r.contentLength(), r.eTag(), r.lastModified()), date(r));
    }

    private GetObjectRequest.Builder request(String key) {
        return GetObjectRequest.builder().bucket(bucket).key(prefix + key);
    }

    private <T> Optional<T> optional(String what, Supplier<T> action) {
        return errors.call(what, () -> {
            try {
                return Optional.of(action.get());
            } catch (S3Exception e) {
                if (isAbsent(e)) {
                    return Optional.empty();
                }
                throw e;
            }
        });
    }

    /** Whether the server itself reports that there is no such object. A proxy or a wrong address may answer 404 too. */
    private static boolean isAbsent(S3Exception e) {
        return e.statusCode() == 404 && S3Errors.code(e).equals("NoSuchKey");
    }

    /** The store's time of an answer. */
    Instant date(SdkResponse response) {
        return response.sdkHttpResponse()
                .firstMatchingHeader("Date")
                .map(d -> Instant.from(DateTimeFormatter.RFC_1123_DATE_TIME.parse(d)))
                .orElseThrow(() -> errors.permanent(
                        "its answers have no Date header, so its clock cannot be read; use another server"));
    }

    static byte[] md5(byte[] content) {
        try {
            return MessageDigest.getInstance("MD5").digest(content);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
