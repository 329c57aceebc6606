package io.breakwater.fleet;

import com.sun.net.httpserver.HttpExchange;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;

/**
 * An S3 server with one bucket, whose objects may be generated. It honours preconditions, counts each call by operation and area,
 * and can be slow, throttle, or not answer at all.
 */
final class GeneratedStore implements AutoCloseable {
    static final String BUCKET = "fleet";
    private static final int PAGE = 1000;
    private static final int OK = 200;

    @SuppressWarnings("ArrayRecordComponent") // never compared
    private record Stored(byte[] content, String etag, Instant modified, Map<String, String> metadata) {}

    private static final class StoreRefusal extends RuntimeException {
        private static final long serialVersionUID = 1;
        private final int code;

        StoreRefusal(int code, String error) {
            super(error);
            this.code = code;
        }
    }

    private final FleetClock clock;
    private final CallServer http;
    private final CallCounts counts = new CallCounts();
    private final MergedObjects<Stored> objects = new MergedObjects<>();
    private final StoreUploads uploads = new StoreUploads();
    private final AtomicLong numbers = new AtomicLong();

    /** Virtual time that each call takes. */
    volatile Duration latency = Duration.ZERO;

    /** Virtual time for which calls hang, in addition. */
    volatile Duration hang = Duration.ZERO;

    /** Each call with a number that this divides is refused with 503 and Retry-After; 0 for none. */
    volatile int throttleEvery;

    GeneratedStore(FleetClock clock) {
        this.clock = clock;
        this.http = new CallServer(clock, this::handle);
    }

    String url() {
        return http.url();
    }

    CallCounts counts() {
        return counts;
    }

    /** Adds objects that are generated, before the first call. */
    synchronized void generate(GeneratedObjects made) {
        objects.generate(made);
    }

    private void handle(HttpExchange exchange, Map<String, String> query) throws IOException {
        byte[] body = exchange.getRequestBody().readAllBytes();
        String[] path = exchange.getRequestURI().getPath().split("/", 3); // the bucket has any name
        String key = path.length > 2 ? path[2] : "";
        String operation = operation(exchange.getRequestMethod(), key, query);
        counts.add(operation + " " + area(key.isEmpty() ? query.getOrDefault("prefix", "") : key), 1);
        clock.delay(latency.plus(hang));
        try {
            if (throttleEvery > 0 && numbers.incrementAndGet() % throttleEvery == 0) {
                exchange.getResponseHeaders().add("Retry-After", "2");
                throw new StoreRefusal(503, "SlowDown");
            }
            serve(exchange, operation, key, query, body);
        } catch (StoreRefusal e) {
            counts.add("refused " + e.getMessage(), 1);
            answer(exchange, e.code, "<Error><Code>" + e.getMessage() + "</Code></Error>");
        }
    }

    private static String operation(String method, String key, Map<String, String> query) {
        if (key.isEmpty()) {
            return query.containsKey("list-type") ? "list" : query.containsKey("versions") ? "versions" : "bucket";
        }
        return method.toLowerCase(Locale.ROOT)
                + (query.containsKey("uploads") || query.containsKey("uploadId") ? "-part" : "");
    }

    /** The second part of a key, which is its area. */
    private static String area(String key) {
        String[] parts = key.split("/", 3);
        return parts.length > 1 ? parts[1] : "";
    }

    private void serve(HttpExchange exchange, String operation, String key, Map<String, String> query, byte[] body)
            throws IOException {
        switch (operation) {
            case "list" -> list(exchange, query);
            case "versions" ->
                answer(exchange, OK, "<ListVersionsResult><IsTruncated>false</IsTruncated></ListVersionsResult>");
            case "bucket" -> bucket(exchange, query);
            case "get", "head" -> read(exchange, key, operation.equals("head"));
            case "put" -> write(exchange, key, body);
            case "delete" -> {
                synchronized (this) {
                    objects.remove(key);
                }
                exchange.sendResponseHeaders(204, -1);
            }
            default ->
                uploads.serve(
                        exchange,
                        operation,
                        query,
                        body,
                        whole -> store(exchange, key, whole, Map.of()).etag());
        }
    }

    private void bucket(HttpExchange exchange, Map<String, String> query) throws IOException {
        if (exchange.getRequestMethod().equals("HEAD")) {
            exchange.sendResponseHeaders(OK, -1);
            return;
        }
        if (query.containsKey("object-lock")) {
            throw new StoreRefusal(404, "ObjectLockConfigurationNotFoundError");
        }
        answer(
                exchange,
                OK,
                query.containsKey("uploads")
                        ? "<ListMultipartUploadsResult><IsTruncated>false</IsTruncated></ListMultipartUploadsResult>"
                        : "<VersioningConfiguration/>");
    }

    private void list(HttpExchange exchange, Map<String, String> query) throws IOException {
        String prefix = query.getOrDefault("prefix", "");
        String delimiter = query.getOrDefault("delimiter", "");
        int most = Integer.parseInt(query.getOrDefault("max-keys", "" + PAGE));
        StringBuilder page = new StringBuilder("<ListBucketResult>");
        String after = query.getOrDefault("continuation-token", query.getOrDefault("start-after", ""));
        String last = null;
        String more = null;
        synchronized (this) {
            MergedObjects<Stored>.Cursor cursor = objects.from(
                    after.compareTo(prefix) < 0 ? prefix : after + (after.endsWith("/") ? '\uffff' : '\0'));
            int count = 0;
            while (cursor.advance() && cursor.key().startsWith(prefix)) {
                if (count++ == most) {
                    more = last;
                    break;
                }
                int end = delimiter.isEmpty() ? -1 : cursor.key().indexOf(delimiter, prefix.length());
                if (end >= 0) {
                    last = cursor.key().substring(0, end + 1);
                    page.append("<CommonPrefixes><Prefix>").append(last).append("</Prefix></CommonPrefixes>");
                    cursor.skipTo(last + '\uffff');
                } else {
                    last = cursor.key();
                    item(page, cursor);
                }
            }
        }
        page.append("<IsTruncated>").append(more != null).append("</IsTruncated>");
        if (more != null) {
            page.append("<NextContinuationToken>").append(more).append("</NextContinuationToken>");
        }
        answer(exchange, OK, page.append("</ListBucketResult>").toString());
    }

    private void item(StringBuilder page, MergedObjects<Stored>.Cursor cursor) {
        Stored written = objects.written(cursor.key());
        Stored found = written != null ? written : generated(cursor.index());
        page.append("<Contents><Key>")
                .append(cursor.key())
                .append("</Key><LastModified>")
                .append(found.modified())
                .append("</LastModified><ETag>")
                .append(found.etag())
                .append("</ETag><Size>")
                .append(found.content().length)
                .append("</Size></Contents>");
    }

    private Stored generated(int index) {
        return new Stored(objects.generated().body(index), "generated-" + index, clock.start(), Map.of());
    }

    private synchronized Stored find(String key) {
        Stored written = objects.written(key);
        int index = written != null ? -1 : objects.generatedIndex(key);
        return index >= 0 ? generated(index) : written;
    }

    private void read(HttpExchange exchange, String key, boolean head) throws IOException {
        Stored found = find(key);
        if (found == null) {
            if (head) {
                exchange.sendResponseHeaders(404, -1);
                return;
            }
            throw new StoreRefusal(404, "NoSuchKey");
        }
        String ifMatch = exchange.getRequestHeaders().getFirst("If-Match");
        if (ifMatch != null && !plain(ifMatch).equals(found.etag())) {
            throw new StoreRefusal(412, "PreconditionFailed");
        }
        describe(exchange, found);
        byte[] content = found.content();
        int code = OK;
        String range = exchange.getRequestHeaders().getFirst("Range");
        if (range != null) {
            String[] bounds = range.substring("bytes=".length()).split("-", 2);
            int start = Integer.parseInt(bounds[0]);
            if (start >= content.length) {
                throw new StoreRefusal(416, "InvalidRange");
            }
            long end = bounds[1].isEmpty() ? content.length - 1 : Long.parseLong(bounds[1]);
            content = Arrays.copyOfRange(content, start, (int) Math.min(content.length, end + 1));
            exchange.getResponseHeaders()
                    .add(
                            "Content-Range",
                            "bytes " + start + "-" + (start + content.length - 1) + "/" + found.content().length);
            code = 206;
        }
        if (head) {
            exchange.getResponseHeaders().add("Content-Length", "" + content.length);
            exchange.sendResponseHeaders(code, -1);
        } else {
            exchange.sendResponseHeaders(code, content.length == 0 ? -1 : content.length);
            exchange.getResponseBody().write(content);
        }
    }

    private static void describe(HttpExchange exchange, Stored found) {
        exchange.getResponseHeaders().add("ETag", "\"" + found.etag() + "\"");
        exchange.getResponseHeaders()
                .add(
                        "Last-Modified",
                        DateTimeFormatter.RFC_1123_DATE_TIME.format(
                                found.modified().atOffset(ZoneOffset.UTC)));
        found.metadata().forEach((name, value) -> exchange.getResponseHeaders().add(name, value));
    }

    private void write(HttpExchange exchange, String key, byte[] body) throws IOException {
        Map<String, String> metadata = new HashMap<>();
        exchange.getRequestHeaders().forEach((name, values) -> {
            if (name.toLowerCase(Locale.ROOT).startsWith("x-amz-meta-")) {
                metadata.put(name, values.getFirst());
            }
        });
        Stored written = store(exchange, key, body, metadata);
        exchange.getResponseHeaders().add("ETag", "\"" + written.etag() + "\"");
        exchange.sendResponseHeaders(OK, -1);
    }

    private synchronized Stored store(HttpExchange exchange, String key, byte[] body, Map<String, String> metadata) {
        Stored old = find(key);
        String ifMatch = exchange.getRequestHeaders().getFirst("If-Match");
        boolean absent = exchange.getRequestHeaders().containsKey("If-None-Match");
        boolean differs = ifMatch != null && (old == null || !plain(ifMatch).equals(old.etag()));
        if (differs || (absent && old != null)) {
            throw new StoreRefusal(old == null ? 404 : 412, old == null ? "NoSuchKey" : "PreconditionFailed");
        }
        Stored written = new Stored(body, "written-" + numbers.incrementAndGet(), clock.instant(), metadata);
        objects.put(key, written);
        return written;
    }

    private static String plain(String etag) {
        return etag.replace("\"", "");
    }

    static void answer(HttpExchange exchange, int code, String xml) throws IOException {
        byte[] bytes = xml.getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().add("Content-Type", "application/xml");
        exchange.sendResponseHeaders(code, bytes.length);
        exchange.getResponseBody().write(bytes);
    }

    @Override
    public void close() {
        http.close();
    }
}
