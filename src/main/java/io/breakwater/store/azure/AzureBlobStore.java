package io.breakwater.store.azure;

import com.azure.core.http.HttpHeaderName;
import com.azure.core.http.HttpHeaders;
import com.azure.core.http.rest.PagedIterable;
import com.azure.core.http.rest.PagedResponse;
import com.azure.core.http.rest.Response;
import com.azure.core.util.BinaryData;
import com.azure.core.util.Context;
import com.azure.core.util.DateTimeRfc1123;
import com.azure.storage.blob.BlobClient;
import com.azure.storage.blob.BlobContainerClient;
import com.azure.storage.blob.BlobServiceClientBuilder;
import com.azure.storage.blob.models.BlobDownloadResponse;
import com.azure.storage.blob.models.BlobErrorCode;
import com.azure.storage.blob.models.BlobItem;
import com.azure.storage.blob.models.BlobItemProperties;
import com.azure.storage.blob.models.BlobProperties;
import com.azure.storage.blob.models.BlobRange;
import com.azure.storage.blob.models.BlobRequestConditions;
import com.azure.storage.blob.models.BlobStorageException;
import com.azure.storage.blob.models.BlockBlobItem;
import com.azure.storage.blob.models.ListBlobsOptions;
import com.azure.storage.blob.options.BlobInputStreamOptions;
import com.azure.storage.blob.options.BlockBlobCommitBlockListOptions;
import com.azure.storage.blob.options.BlockBlobSimpleUploadOptions;
import com.azure.storage.blob.specialized.BlockBlobClient;
import com.azure.storage.common.StorageSharedKeyCredential;
import com.azure.storage.common.policy.RequestRetryOptions;
import com.azure.storage.common.policy.RetryPolicyType;
import io.breakwater.api.BackupLocationSpec.AzureBlob;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.store.AnswerBound;
import io.breakwater.store.BoundedContent;
import io.breakwater.store.CallLimit;
import io.breakwater.store.DeletionSigner;
import io.breakwater.store.GatheringBound;
import io.breakwater.store.ListingBound;
import io.breakwater.store.ListingLimits;
import io.breakwater.store.ObjectLock;
import io.breakwater.store.ObjectStore;
import io.breakwater.store.OutsideStream;
import io.breakwater.store.PageRetries;
import io.breakwater.store.StoreErrors;
import io.breakwater.store.endpoint.CloudNames;
import io.breakwater.store.endpoint.EndpointRules;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** A container in Azure Blob Storage, below one prefix. */
public final class AzureBlobStore implements ObjectStore {
    /** Budget of one small call, including its retries. */
    private static final Duration CALL = Duration.ofSeconds(30);

    private static final Duration TRY = Duration.ofSeconds(10);
    private static final int BLOCK = 4 << 20;

    /** Bytes that a reader fetches at a time; the SDK needs several times as much memory. */
    private static final int FETCH = 1 << 20;

    /** Codes that a message repeats. The client adds every text that a server writes as a code to its own list. */
    private static final Set<String> KNOWN = Stream.concat(
                    Stream.of("BlobImmutableDueToPolicy"),
                    BlobErrorCode.values().stream().map(String::valueOf))
            .collect(Collectors.toUnmodifiableSet());

    private final BlobContainerClient container;
    private final String prefix;
    private final String name;
    private final AzureLocks locks;
    private final DeletionSigner removals;
    private final ListingLimits limits;
    private final CallLimit calls;

    private AzureBlobStore(
            BlobContainerClient container,
            String prefix,
            String name,
            ObjectLock lock,
            DeletionSigner removals,
            ListingLimits limits,
            CallLimit calls) {
        this.calls = calls;
        this.limits = limits;
        this.removals = removals;
        this.locks = new AzureLocks(lock);
        this.container = container;
        this.prefix = prefix;
        this.name = name;
    }

    /** Opens a container whose endpoint is trusted; its deletions are not signed. */
    public static AzureBlobStore open(AzureBlob spec, String accountKey, String sasToken, ObjectLock lock) {
        EndpointRules rules = EndpointRules.trusting(spec.endpoint);
        return open(spec, accountKey, sasToken, lock, null, ListingLimits.DEFAULT, rules);
    }

    /**
     * Opens a container; sends no request yet.
     *
     * @param accountKey or null
     * @param sasToken or null; if both are null, the client uses the pod's federated identity
     * @param lock of the objects that are written; null for none
     * @param removals signs deletions; null where they are not signed
     * @throws BreakwaterException InvalidSpec, if the rules refuse the endpoint
     */
    public static AzureBlobStore open(
            AzureBlob spec,
            String accountKey,
            String sasToken,
            ObjectLock lock,
            DeletionSigner removals,
            ListingLimits limits,
            EndpointRules rules) {
        CallLimit calls = new CallLimit("container " + spec.container);
        return open(spec, accountKey, sasToken, lock, removals, limits, rules, calls);
    }

    /** Like {@link #open(AzureBlob, String, String, ObjectLock, DeletionSigner, ListingLimits, EndpointRules)}, in the limit of a location. */
    public static AzureBlobStore open(
            AzureBlob spec,
            String accountKey,
            String sasToken,
            ObjectLock lock,
            DeletionSigner removals,
            ListingLimits limits,
            EndpointRules rules,
            CallLimit calls) {
        rules.check(spec.endpoint);
        if (accountKey == null && sasToken == null) {
            EndpointRules.requireCloud(CloudNames.AZURE, spec.endpoint);
        }
        String endpoint = spec.endpoint == null ? "https://" + spec.account + ".blob.core.windows.net" : spec.endpoint;
        BlobServiceClientBuilder builder = new BlobServiceClientBuilder()
                .endpoint(endpoint)
                .httpClient(new AzureTransport(new AzureConnection(rules, TRY), calls))
                .retryOptions(new RequestRetryOptions(
                        RetryPolicyType.EXPONENTIAL, 4, TRY, Duration.ofMillis(250), Duration.ofSeconds(4), null));
        try {
            if (accountKey != null) {
                Base64.getDecoder().decode(accountKey); // the SDK would report it only at the first request
                builder.credential(new StorageSharedKeyCredential(spec.account, accountKey));
            } else if (sasToken != null) {
                builder.sasToken(sasToken.startsWith("?") ? sasToken.substring(1) : sasToken);
            } else {
                builder.credential(AzureIdentity.of(spec.workloadIdentity, rules));
            }
            BlobContainerClient container = builder.buildClient().getBlobContainerClient(spec.container);
            String prefix = spec.prefix == null || spec.prefix.isEmpty() ? "" : spec.prefix + "/";
            String name = "container " + spec.container + " of account " + spec.account + " at " + endpoint;
            return new AzureBlobStore(container, prefix, name, lock, removals, limits, calls);
        } catch (IllegalArgumentException e) {
            throw BreakwaterException.permanent(
                    Reason.CredentialsRejected,
                    "container " + spec.container + " of account " + spec.account + ": the credentials are malformed: "
                            + e.getMessage(),
                    e);
        }
    }

    /** Creates the container unless it exists. */
    @Override
    public void prepare() {
        call("create", () -> container.createIfNotExistsWithResponse(null, CALL, Context.NONE));
    }

    @Override
    public Optional<DeletionSigner> removals() {
        return Optional.ofNullable(removals);
    }

    @Override
    public Optional<Observed> head(String key) {
        return optional("head " + key, () -> {
            Response<BlobProperties> r = blob(key).getPropertiesWithResponse(null, CALL, Context.NONE);
            BlobProperties p = r.getValue();
            return new Observed(
                    new ObjectInfo(
                            key,
                            p.getBlobSize(),
                            p.getETag(),
                            p.getLastModified().toInstant()),
                    date(r.getHeaders()));
        });
    }

    @Override
    public Optional<Document> read(String key, int max) {
        return optional("read " + key, () -> {
            BoundedBytes bytes = new BoundedBytes(max);
            var r = download(key, bytes);
            byte[] content = bytes.bytes.toByteArray();
            var h = r.getDeserializedHeaders();
            return new Document(
                    new ObjectInfo(
                            key,
                            content.length,
                            h.getETag(),
                            h.getLastModified().toInstant()),
                    content,
                    date(r.getHeaders()));
        });
    }

    private BlobDownloadResponse download(String key, BoundedBytes bytes) {
        try {
            return blob(key).downloadStreamWithResponse(bytes, null, null, null, false, CALL, Context.NONE);
        } catch (RuntimeException e) {
            throw bytes.isExceeded ? BoundedContent.tooLarge(key, bytes.max) : e;
        }
    }

    @Override
    public Optional<InputStream> open(String key, long offset, long length) {
        BlobRange range = length < 0 ? new BlobRange(offset) : new BlobRange(offset, length);
        return optional(
                "open " + key,
                () -> new OutsideStream(blob(key)
                        .openInputStream(
                                new BlobInputStreamOptions().setRange(range).setBlockSize(FETCH))));
    }

    @Override
    public void list(String keyPrefix, Consumer<ObjectInfo> each) {
        pages(keyPrefix, container.listBlobs(pagesBelow(keyPrefix), null), AzureBlobStore::info, each);
    }

    @Override
    public Set<String> directories(String keyPrefix) {
        Set<String> names = new TreeSet<>();
        GatheringBound gathered = new GatheringBound(this, keyPrefix);
        pages(
                keyPrefix,
                container.listBlobsByHierarchy("/", pagesBelow(keyPrefix), null),
                AzureBlobStore::directory,
                found -> found.ifPresent(directory -> names.add(gathered.add(directory))));
        return names;
    }

    /** By default the service puts 5000 blobs on a page, which is more than an answer may have. */
    private ListBlobsOptions pagesBelow(String keyPrefix) {
        return new ListBlobsOptions().setPrefix(prefix + keyPrefix).setMaxResultsPerPage(AnswerBound.OBJECTS);
    }

    private static Optional<String> directory(BlobItem entry, ListingBound bound) {
        if (Boolean.TRUE.equals(entry.isPrefix())) {
            return Optional.of(bound.directory(entry.getName()));
        }
        bound.count(entry.getName());
        return Optional.empty();
    }

    private static ObjectInfo info(BlobItem blob, ListingBound bound) {
        BlobItemProperties p = blob.getProperties() == null ? new BlobItemProperties() : blob.getProperties();
        OffsetDateTime modified = p.getLastModified();
        return bound.object(
                blob.getName(), p.getContentLength(), p.getETag(), modified == null ? null : modified.toInstant());
    }

    /**
     * Calls back for each entry of a listing. What the callback throws is thrown as it is: only the answers are the store's.
     *
     * @param read what an entry says; counts it
     */
    private <T> void pages(
            String keyPrefix,
            PagedIterable<BlobItem> listing,
            BiFunction<BlobItem, ListingBound, T> read,
            Consumer<T> each) {
        String what = "list " + keyPrefix;
        ListingBound bound = new ListingBound(this, prefix, keyPrefix);
        String from = null;
        do {
            String token = from;
            // The iterator of a listing is over after an error, so each page has an iterator of its own.
            PagedResponse<BlobItem> page = PageRetries.page(
                    token == null,
                    () -> call(
                            what,
                            () -> bound.page(() ->
                                    listing.iterableByPage(token).iterator().next())));
            List<T> found = call(
                    what,
                    () -> page.getValue().stream()
                            .map(b -> read.apply(b, bound))
                            .toList());
            found.forEach(each);
            from = page.getContinuationToken();
            if (from != null && !from.isEmpty()) {
                bound.more(from);
            }
        } while (from != null && !from.isEmpty());
    }

    @Override
    public ListingLimits limits() {
        return limits;
    }

    @Override
    public String place() {
        return name;
    }

    @Override
    public Optional<Observed> write(String key, byte[] content, Precondition precondition) {
        return conditional("write " + key, () -> put(key, content, precondition));
    }

    @Override
    public Upload upload(String key, Precondition precondition) {
        return new BlockUpload(key, precondition);
    }

    @Override
    public void delete(String key) {
        call("delete " + key, () -> blob(key).deleteIfExistsWithResponse(null, null, CALL, Context.NONE));
    }

    /** The container reports locks, which include versions. Without locks, only a blob shows whether there are versions. */
    @Override
    public Locking locking() {
        return call("describe", () -> {
            try {
                boolean locks =
                        Boolean.TRUE.equals(container.getProperties().isImmutableStorageWithVersioningEnabled());
                return new Locking(locks ? true : null, locks);
            } catch (BlobStorageException e) {
                if (e.getStatusCode() == 403) {
                    return new Locking(null, null); // as with a shared access signature
                }
                throw e;
            }
        });
    }

    @Override
    public boolean enforcesLocks(String key) {
        return call("lock " + key, () -> locks.enforced(blob(key), CALL));
    }

    @Override
    public boolean relock(String key, Duration least) {
        return locks.isAsked()
                && call("lock " + key, () -> {
                    try {
                        return locks.relock(blob(key), least, CALL);
                    } catch (BlobStorageException e) {
                        if (e.getStatusCode() == 404) {
                            return false; // it was deleted meanwhile
                        }
                        throw e;
                    }
                });
    }

    @Override
    public void close() {
        // the JDK has the connections, which it pools by server
    }

    private BlobClient blob(String key) {
        return container.getBlobClient(prefix + key);
    }

    private Observed put(String key, byte[] content, Precondition precondition) {
        var options = new BlockBlobSimpleUploadOptions(BinaryData.fromBytes(content))
                .setRequestConditions(conditions(precondition))
                .setImmutabilityPolicy(locks.policy(key));
        return observed(
                key, content.length, blob(key).getBlockBlobClient().uploadWithResponse(options, CALL, Context.NONE));
    }

    private static Observed observed(String key, long size, Response<BlockBlobItem> r) {
        BlockBlobItem item = r.getValue();
        return new Observed(
                new ObjectInfo(key, size, item.getETag(), item.getLastModified().toInstant()), date(r.getHeaders()));
    }

    private static BlobRequestConditions conditions(Precondition precondition) {
        return switch (precondition) {
            case Precondition.None n -> null;
            case Precondition.Absent a -> new BlobRequestConditions().setIfNoneMatch("*");
            case Precondition.Matches(String etag) -> new BlobRequestConditions().setIfMatch(etag);
        };
    }

    /** The store's time of an answer. */
    private static Instant date(HttpHeaders headers) {
        String date = headers.getValue(HttpHeaderName.DATE);
        if (date == null) {
            throw BreakwaterException.permanent(
                    Reason.StoreUnavailable,
                    "the store's answers have no Date header, so its clock cannot be read; use another store");
        }
        return new DateTimeRfc1123(date).getDateTime().toInstant();
    }

    private <T> Optional<T> optional(String what, Supplier<T> action) {
        return call(what, () -> {
            try {
                return Optional.of(action.get());
            } catch (BlobStorageException e) {
                if (isAbsent(e)) {
                    return Optional.empty();
                }
                throw e;
            }
        });
    }

    /** Whether the store itself reports that there is no such object. A proxy or a wrong address may answer 404 too. */
    private static boolean isAbsent(BlobStorageException e) {
        return e.getStatusCode() == 404 && BlobErrorCode.BLOB_NOT_FOUND.equals(e.getErrorCode());
    }

    private <T> Optional<T> conditional(String what, Supplier<T> action) {
        return call(what, () -> {
            try {
                return Optional.of(action.get());
            } catch (BlobStorageException e) {
                boolean refused = e.getStatusCode() == 412
                        || e.getStatusCode() == 409 && BlobErrorCode.BLOB_ALREADY_EXISTS.equals(e.getErrorCode());
                if (refused) {
                    return Optional.empty();
                }
                throw e;
            }
        });
    }

    private <T> T call(String what, Supplier<T> action) {
        return calls.call(name + ": " + what, () -> translated(what, action));
    }

    private <T> T translated(String what, Supplier<T> action) {
        try {
            return action.get();
        } catch (BlobStorageException e) {
            throw translated(what, e);
        } catch (BreakwaterException e) {
            throw e;
        } catch (RuntimeException e) {
            if (AnswerBound.unwrapped(e) instanceof BreakwaterException refused) {
                throw refused;
            }
            throw BreakwaterException.retryable(
                    Reason.StoreUnavailable, name + ": " + what + " failed: " + StoreErrors.cause(e), e);
        }
    }

    private BreakwaterException translated(String what, BlobStorageException e) {
        String code = StoreErrors.code(String.valueOf(e.getErrorCode()), KNOWN::contains);
        String message = name + ": " + what + " was answered with " + (e.getStatusCode() + " " + code).strip();
        if (e.getStatusCode() == 401 || e.getStatusCode() == 403) {
            return BreakwaterException.permanent(
                    Reason.CredentialsRejected, message + "; check the key, its permissions and its expiry", e);
        }
        if (BlobErrorCode.CONTAINER_NOT_FOUND.equals(e.getErrorCode())) {
            return BreakwaterException.permanent(
                    Reason.StoreUnavailable,
                    message + "; create the container, or give the credentials the right to create it",
                    e);
        }
        if (e.getStatusCode() == 409 && "BlobImmutableDueToPolicy".equals(String.valueOf(e.getErrorCode()))) {
            return BreakwaterException.permanent(
                    Reason.Locked, message + "; it can be deleted after its immutability policy expires", e);
        }
        return BreakwaterException.retryable(Reason.StoreUnavailable, message, e);
    }

    /** Content of bounded size. An error at a byte too many cancels the download; the SDK handles only an IOException. */
    private static final class BoundedBytes extends OutputStream {
        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        private final int max;
        private boolean isExceeded;

        BoundedBytes(int max) {
            this.max = max;
        }

        @Override
        public void write(int b) throws IOException {
            write(new byte[] {(byte) b}, 0, 1);
        }

        @Override
        public void write(byte[] more, int offset, int length) throws IOException {
            isExceeded |= length > max - bytes.size();
            if (isExceeded) {
                throw new IOException("more than " + max + " bytes");
            }
            bytes.write(more, offset, length);
        }
    }

    /** Blocks of bounded size, which become the blob when they are committed. Azure deletes blocks that are not committed. */
    private final class BlockUpload extends Upload {
        private final String key;
        private final Precondition precondition;
        private final BlockBlobClient blob;
        private final List<String> blocks = new ArrayList<>();
        private byte[] buffer = new byte[64 << 10];
        private int used;
        private long size;

        BlockUpload(String key, Precondition precondition) {
            this.key = key;
            this.precondition = precondition;
            this.blob = blob(key).getBlockBlobClient();
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

        @Override
        public Optional<Observed> commit() {
            byte[] rest = Arrays.copyOf(buffer, used);
            if (blocks.isEmpty()) {
                return conditional("write " + key, () -> put(key, rest, precondition));
            }
            if (used > 0) {
                stage(rest);
            }
            var options = new BlockBlobCommitBlockListOptions(blocks)
                    .setRequestConditions(conditions(precondition))
                    .setImmutabilityPolicy(locks.policy(key));
            return conditional(
                    "write " + key,
                    () -> observed(key, size, blob.commitBlockListWithResponse(options, CALL, Context.NONE)));
        }

        private void grow() {
            if (buffer.length < BLOCK) {
                buffer = Arrays.copyOf(buffer, Math.min(BLOCK, buffer.length * 4));
            } else {
                stage(buffer);
                used = 0;
            }
        }

        private void stage(byte[] block) {
            // Ids of one blob must have the same length, and must differ from those of another upload of the same key.
            String id = Base64.getEncoder()
                    .encodeToString("%08x-%08d"
                            .formatted(System.identityHashCode(this), blocks.size())
                            .getBytes(StandardCharsets.US_ASCII));
            call("write " + key, () -> {
                blob.stageBlock(id, BinaryData.fromBytes(block));
                return null;
            });
            blocks.add(id);
        }
    }
}
