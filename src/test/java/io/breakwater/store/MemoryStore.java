package io.breakwater.store;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;

/** A store in memory. A test can observe, delay, alter or break every access. */
public class MemoryStore implements ObjectStore {
    public final ConcurrentSkipListMap<String, byte[]> objects = new ConcurrentSkipListMap<>();

    /** Keys in the order of the writes. */
    public final List<String> written = Collections.synchronizedList(new ArrayList<>());

    /** Limits of listings. */
    public volatile ListingLimits limits = ListingLimits.DEFAULT;

    /** Called before an object becomes visible. */
    public volatile Consumer<String> beforeWrite = key -> {};

    /** Called before a prefix is listed. */
    public volatile Consumer<String> beforeList = prefix -> {};

    /** Called before an object is read. */
    public volatile Consumer<String> beforeOpen = key -> {};

    /** Replaces the content that a reader receives. */
    public volatile UnaryOperator<byte[]> onRead = UnaryOperator.identity();

    @Override
    public DocumentSigner documents() {
        return TestSigner.SIGNER;
    }

    @Override
    public Optional<Observed> head(String key) {
        return Optional.ofNullable(objects.get(key)).map(c -> observed(key, c));
    }

    @Override
    public Optional<Document> read(String key, int max) {
        return Optional.ofNullable(objects.get(key))
                .map(c -> bounded(key, c, max))
                .map(c -> new Document(observed(key, c).info(), c.clone(), Instant.EPOCH));
    }

    private static byte[] bounded(String key, byte[] content, int max) {
        if (content.length > max) {
            throw BoundedContent.tooLarge(key, max);
        }
        return content;
    }

    @Override
    public Optional<InputStream> open(String key, long offset, long length) {
        beforeOpen.accept(key);
        return Optional.ofNullable(objects.get(key)).map(c -> new ByteArrayInputStream(onRead.apply(c)));
    }

    @Override
    public ListingLimits limits() {
        return limits;
    }

    @Override
    public void list(String prefix, Consumer<ObjectInfo> each) {
        beforeList.accept(prefix);
        objects.forEach((k, c) -> {
            if (k.startsWith(prefix)) {
                each.accept(observed(k, c).info());
            }
        });
    }

    @Override
    public Set<String> directories(String prefix) {
        Set<String> names = new TreeSet<>();
        list(prefix, o -> {
            int slash = o.key().indexOf('/', prefix.length());
            if (slash > 0) {
                names.add(o.key().substring(prefix.length(), slash));
            }
        });
        return names;
    }

    @Override
    public Optional<Observed> write(String key, byte[] content, Precondition precondition) {
        beforeWrite.accept(key);
        boolean refused = switch (precondition) {
            case Precondition.None n -> objects.put(key, content.clone()) == null && false;
            case Precondition.Absent a -> objects.putIfAbsent(key, content.clone()) != null;
            case Precondition.Matches(String etag) -> {
                byte[] there = objects.get(key);
                boolean other =
                        there == null || !observed(key, there).info().etag().equals(etag);
                if (!other) {
                    objects.put(key, content.clone());
                }
                yield other;
            }
        };
        if (refused) {
            return Optional.empty();
        }
        written.add(key);
        return Optional.of(observed(key, content));
    }

    @Override
    public Upload upload(String key, Precondition precondition) {
        ByteArrayOutputStream content = new ByteArrayOutputStream();
        return new Upload() {
            private boolean closed;

            @Override
            public void write(int b) {
                content.write(b);
            }

            @Override
            public void write(byte[] b, int off, int len) {
                content.write(b, off, len);
            }

            @Override
            public Optional<Observed> commit() throws IOException {
                if (closed) {
                    throw new IOException("the upload of " + key + " was abandoned before its commit");
                }
                return MemoryStore.this.write(key, content.toByteArray(), precondition);
            }

            @Override
            public void close() {
                closed = true;
            }
        };
    }

    @Override
    public void delete(String key) {
        objects.remove(key);
    }

    @Override
    public void close() {}

    private static Observed observed(String key, byte[] content) {
        return new Observed(
                new ObjectInfo(key, content.length, Integer.toHexString(Arrays.hashCode(content)), Instant.EPOCH),
                Instant.EPOCH);
    }
}
