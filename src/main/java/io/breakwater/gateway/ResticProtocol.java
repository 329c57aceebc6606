package io.breakwater.gateway;

import com.sun.net.httpserver.HttpExchange;
import io.breakwater.api.Digests;
import io.breakwater.store.LocationPlaces;
import io.breakwater.store.ObjectStore;
import io.breakwater.store.ObjectStore.ObjectInfo;
import io.breakwater.store.ObjectStore.Precondition;
import io.breakwater.store.ObjectStore.Upload;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.Optional;
import java.util.function.LongConsumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The REST protocol of restic, version 2, on an object store. It streams with bounded memory. An upload becomes visible when
 * it is complete and the SHA-256 of its content matches its name. An existing object is never overwritten.
 */
final class ResticProtocol {
    static final String V2 = "application/vnd.x.restic.rest.v2";

    private static final Pattern RANGE = Pattern.compile("bytes=(\\d{1,18})-(\\d{1,18})?");
    private static final int BUFFER = 64 << 10;

    /** Far above the size of any pack of restic. */
    private static final long LARGEST = 1L << 30;

    /**
     * Uploads that wait for a buffer; others are refused and retried by restic. They must leave threads for reads, which restores
     * need.
     */
    private static final int MOST_WAITING = 256;

    private final LocationPlaces uploads;
    private final IdleTimeout idleTimeout;

    /** The result of a request, for the metrics. */
    record Result(int code, long received, long sent) {
        static Result of(int code) {
            return new Result(code, 0, 0);
        }
    }

    /** @param uploads number of uploads that may have a buffer at the same time, in all locations; others wait */
    ResticProtocol(int uploads, IdleTimeout idleTimeout) {
        this.uploads = new LocationPlaces(uploads, MOST_WAITING);
        this.idleTimeout = idleTimeout;
    }

    /** Answers an authorized request that adds nothing to the repository, or adds what no quota counts. */
    Result serve(HttpExchange exchange, ResticPath path, ObjectStore store) throws IOException {
        return serve(exchange, path, store, bytes -> {});
    }

    /**
     * Answers an authorized request.
     *
     * @param added gets the bytes by which the repository has grown, before the client gets its answer
     */
    Result serve(HttpExchange exchange, ResticPath path, ObjectStore store, LongConsumer added) throws IOException {
        String method = exchange.getRequestMethod();
        if (path.isRepository()) {
            // The gateway needs no directories, so their creation always succeeds.
            return answer(exchange, "POST".equals(method) ? 200 : 405);
        }
        if (path.isListing()) {
            return "GET".equals(method) ? list(exchange, path, store) : answer(exchange, 405);
        }
        return switch (method) {
            case "HEAD" -> head(exchange, path, store);
            case "GET" -> get(exchange, path, store);
            case "POST" -> post(exchange, path, store, added);
            case "DELETE" -> {
                store.delete(path.key());
                yield answer(exchange, 200);
            }
            default -> answer(exchange, 405);
        };
    }

    private static Result head(HttpExchange exchange, ResticPath path, ObjectStore store) throws IOException {
        Optional<ObjectInfo> info = store.head(path.key()).map(ObjectStore.Observed::info);
        if (info.isEmpty()) {
            return answer(exchange, 404);
        }
        exchange.getResponseHeaders()
                .set("Content-Length", Long.toString(info.get().size()));
        return answer(exchange, 200);
    }

    private Result get(HttpExchange exchange, ResticPath path, ObjectStore store) throws IOException {
        Optional<ObjectInfo> info = store.head(path.key()).map(ObjectStore.Observed::info);
        if (info.isEmpty()) {
            return answer(exchange, 404);
        }
        long size = info.get().size();
        long from = 0;
        long to = size;
        String header = exchange.getRequestHeaders().getFirst("Range");
        Matcher range = RANGE.matcher(header == null ? "" : header);
        if (range.matches()) {
            from = Long.parseLong(range.group(1));
            to = range.group(2) == null ? size : Math.min(size, Long.parseLong(range.group(2)) + 1);
            if (from >= to) {
                return answer(exchange, 416);
            }
            exchange.getResponseHeaders().set("Content-Range", "bytes %d-%d/%d".formatted(from, to - 1, size));
        }
        Optional<InputStream> content = store.open(path.key(), from, to - from);
        if (content.isEmpty()) {
            return answer(exchange, 404);
        }
        try (InputStream in = content.get()) {
            exchange.getResponseHeaders().set("Content-Type", "application/octet-stream");
            exchange.sendResponseHeaders(range.matches() ? 206 : 200, to == from ? -1 : to - from);
            OutputStream out = idleTimeout.out(exchange.getResponseBody());
            return new Result(range.matches() ? 206 : 200, 0, in.transferTo(out));
        }
    }

    private Result list(HttpExchange exchange, ResticPath path, ObjectStore store) throws IOException {
        String accept = exchange.getRequestHeaders().getFirst("Accept");
        boolean sizes = accept != null && accept.contains(V2);
        ListingResponse listing = new ListingResponse(exchange, sizes, idleTimeout);
        try {
            store.list(path.key(), listing::add);
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
        listing.end();
        return Result.of(200);
    }

    private Result post(HttpExchange exchange, ResticPath path, ObjectStore store, LongConsumer added)
            throws IOException {
        // Waits long enough for uploads that send nothing to time out and release their buffers.
        Optional<LocationPlaces.Place> place =
                uploads.take(store.place(), idleTimeout.limit().multipliedBy(2));
        if (place.isEmpty()) {
            exchange.getResponseHeaders().set("Retry-After", "2");
            return refuse(exchange, 503, "too many concurrent uploads to the location; retry");
        }
        try (LocationPlaces.Place _ = place.get();
                Upload upload = store.upload(path.key(), Precondition.ABSENT)) {
            MessageDigest sha = Digests.sha256();
            long received = receive(exchange, upload, sha);
            if (received < 0) {
                return refuse(exchange, 413, "the object has more than " + LARGEST + " bytes");
            }
            String declared = exchange.getRequestHeaders().getFirst("Content-Length");
            if (declared != null && Long.parseLong(declared) != received) {
                return refuse(exchange, 400, "the upload was interrupted");
            }
            if (path.name() != null && !path.name().equals(HexFormat.of().formatHex(sha.digest()))) {
                return refuse(exchange, 400, "the SHA-256 of the content does not match its name");
            }
            boolean written = upload.commit().isPresent();
            if (!written && path.isConfig()) {
                return refuse(exchange, 403, "the repository already has a config");
            }
            if (written) {
                added.accept(received);
            }
            // If it was not written, the object exists with the same content: the answer to the first upload was lost.
            exchange.sendResponseHeaders(200, -1);
            return new Result(200, received, 0);
        }
    }

    /** Number of received bytes, or -1 when the object is too large. */
    private long receive(HttpExchange exchange, Upload upload, MessageDigest sha) throws IOException {
        InputStream in = idleTimeout.in(exchange.getRequestBody());
        byte[] buffer = new byte[BUFFER];
        long total = 0;
        for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
            total += n;
            if (total > LARGEST) {
                return -1;
            }
            sha.update(buffer, 0, n);
            upload.write(buffer, 0, n);
        }
        return total;
    }

    /** Receives and discards an upload. A client that is interrupted while it sends sees no answer, and retries. */
    void drain(HttpExchange exchange) throws IOException {
        InputStream in = idleTimeout.in(exchange.getRequestBody());
        byte[] buffer = new byte[BUFFER];
        long total = 0;
        for (int n = in.read(buffer); n >= 0 && total <= LARGEST; n = in.read(buffer)) {
            total += n;
        }
    }

    private static Result answer(HttpExchange exchange, int code) throws IOException {
        exchange.sendResponseHeaders(code, -1);
        return Result.of(code);
    }

    /** Refuses a request with a reason. restic shows only the code. */
    static Result refuse(HttpExchange exchange, int code, String reason) throws IOException {
        byte[] text = (reason + "\n").getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", "text/plain; charset=utf-8");
        boolean head = "HEAD".equals(exchange.getRequestMethod());
        exchange.sendResponseHeaders(code, head ? -1 : text.length);
        if (!head) {
            exchange.getResponseBody().write(text);
            exchange.getResponseBody().flush(); // before the rest of the request is read
        }
        return Result.of(code);
    }
}
