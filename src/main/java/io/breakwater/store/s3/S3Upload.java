package io.breakwater.store.s3;

import io.breakwater.store.ObjectStore.Observed;
import io.breakwater.store.ObjectStore.Precondition;
import io.breakwater.store.ObjectStore.Upload;
import io.breakwater.store.s3.S3Store.Written;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.http.ContentStreamProvider;
import software.amazon.awssdk.services.s3.model.CompleteMultipartUploadRequest;
import software.amazon.awssdk.services.s3.model.CompletedPart;
import software.amazon.awssdk.services.s3.model.UploadPartResponse;

/** Parts of bounded size, which become the object when the upload is completed. A small object is written in one piece. */
final class S3Upload extends Upload {
    /** The smallest part that S3 accepts. */
    private static final int PART = 5 << 20;

    /** S3 accepts at most 10,000 parts, so parts after the first 5 GiB of an object are larger. */
    private static final int SMALL_PARTS = 1000;

    private static final int LARGE_PART = 64 << 20;

    private final S3Store store;
    private final String key;
    private final Precondition precondition;
    private final String stamp = S3Store.stamp();
    private final List<CompletedPart> parts = new ArrayList<>();
    private byte[] buffer = new byte[64 << 10];
    private int used;
    private long size;
    private String upload;

    S3Upload(S3Store store, String key, Precondition precondition) {
        this.store = store;
        this.key = key;
        this.precondition = precondition;
    }

    @Override
    public void write(int b) {
        write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) {
        int from = offset;
        int left = length;
        while (left > 0) {
            if (used == buffer.length) {
                grow();
            }
            int n = Math.min(left, buffer.length - used);
            System.arraycopy(bytes, from, buffer, used, n);
            used += n;
            from += n;
            left -= n;
        }
        size += length;
    }

    private void grow() {
        int part = parts.size() < SMALL_PARTS ? PART : LARGE_PART;
        if (buffer.length < part) {
            buffer = Arrays.copyOf(buffer, Math.min(part, buffer.length * 4));
        } else {
            send();
        }
    }

    @Override
    public Optional<Observed> commit() {
        return parts.isEmpty() ? store.write(key, Arrays.copyOf(buffer, used), precondition) : commitParts();
    }

    /** Makes the object visible as an object in parts, even if it is small. */
    Optional<Observed> commitParts() {
        if (used > 0 || parts.isEmpty()) {
            send();
        }
        CompleteMultipartUploadRequest.Builder request = CompleteMultipartUploadRequest.builder()
                .bucket(store.bucket)
                .key(store.full(key))
                .uploadId(upload)
                .multipartUpload(m -> m.parts(parts));
        switch (precondition) {
            case Precondition.None n -> {}
            case Precondition.Absent a -> request.ifNoneMatch("*");
            case Precondition.Matches(String etag) -> request.ifMatch(etag);
        }
        Optional<Observed> done = store.conditional("write " + key, key, stamp, precondition, () -> {
            var r = store.client.completeMultipartUpload(request.build());
            return new Written(r.eTag(), size, store.date(r));
        });
        if (done.isPresent()) {
            upload = null;
        }
        return done;
    }

    private void send() {
        if (upload == null) {
            upload = store.errors.call(
                    "write " + key,
                    () -> store.client
                            .createMultipartUpload(r -> {
                                r.bucket(store.bucket).key(store.full(key)).metadata(Map.of(S3Store.STAMP, stamp));
                                store.locks.put(key, r);
                            })
                            .uploadId());
        }
        byte[] content = used == buffer.length ? buffer : Arrays.copyOf(buffer, used);
        // Not copied: the buffer does not change before the answer arrives.
        RequestBody body = RequestBody.fromContentProvider(
                ContentStreamProvider.fromByteArrayUnsafe(content), content.length, "application/octet-stream");
        int number = parts.size() + 1;
        Duration time = Duration.ofSeconds(30 + (content.length >> 20));
        UploadPartResponse sent = store.errors.call(
                "write " + key,
                () -> store.client.uploadPart(
                        r -> r.bucket(store.bucket)
                                .key(store.full(key))
                                .uploadId(upload)
                                .partNumber(number)
                                .contentMD5(Base64.getEncoder().encodeToString(S3Store.md5(content)))
                                .overrideConfiguration(
                                        o -> o.apiCallAttemptTimeout(time).apiCallTimeout(time.multipliedBy(2))),
                        body));
        parts.add(CompletedPart.builder().partNumber(number).eTag(sent.eTag()).build());
        used = 0;
    }

    /** Deletes the parts of an upload that did not become an object. The server would store them and charge for them. */
    @Override
    public void close() {
        if (upload != null) {
            String abandoned = upload;
            upload = null;
            store.errors.call(
                    "abandon " + key,
                    () -> store.client.abortMultipartUpload(
                            r -> r.bucket(store.bucket).key(store.full(key)).uploadId(abandoned)));
        }
    }
}
