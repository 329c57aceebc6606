package io.breakwater.gateway;

import com.sun.net.httpserver.HttpExchange;
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
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * restic's REST protocol, version 2, on an object store. Streams with bounded memory. An upload is visible when it is whole
 * and its content has the SHA-256 that its name says; what is there is never overwritten.
 */
final class ResticProtocol {
    static final String V2 = "application/vnd.x.restic.rest.v2";

    private static final Pattern RANGE = Pattern.compile("bytes=(\\d{1,18})-(\\d{1,18})?");
    private static final int BUFFER = 64 << 10;

    /** Far above any pack that restic makes. */
    private static final long LARGEST = 1L << 30;

    private final Semaphore uploads;
    private final IdleTimeout patience;

    /**
     * What was moved, for the metrics.
     *
     * @param added bytes that the repository has more than before
     */
    record Done(int code, long received, long sent, long added) {
        Done(int code, long received, long sent) {
            this(code, received, sent, 0);
        }

        static Done of(int code) {
            return new Done(code, 0, 0);
        }
    }

    /** @param uploads how many uploads may hold a buffer at a time; others wait */
    ResticProtocol(int uploads, IdleTimeout patience) {
        this.uploads = new Semaphore(uploads, true);
        this.patience = patience;
    }

    /** Answers a request that was found to be allowed. */
    Done serve(HttpExchange exchange, ResticPath blob, ObjectStore store) throws IOException {
        String method = exchange.getRequestMethod();
        if (blob.isRepository()) {
            // The gateway needs no directories; asking to make them always works.
            return answer(exchange, "POST".equals(method) ? 200 : 405);
        }
        if (blob.isListing()) {
            return "GET".equals(method) ? list(exchange, blob, store) : answer(exchange, 405);
        }
        return switch (method) {
            case "HEAD" -> head(exchange, blob, store);
            case "GET" -> get(exchange, blob, store);
            case "POST" -> post(exchange, blob, store);
            case "DELETE" -> {
                store.delete(blob.key());
                yield answer(exchange, 200);
            }
            default -> answer(exchange, 405);
        };
    }

    private static Done head(HttpExchange exchange, ResticPath blob, ObjectStore store) throws IOException {
        Optional<ObjectInfo> info = store.head(blob.key()).map(ObjectStore.Observed::info);
        if (info.isEmpty()) {
            return answer(exchange, 404);
        }
        exchange.getResponseHeaders()
                .set("Content-Length", Long.toString(info.get().size()));
        return answer(exchange, 200);
    }

    private Done get(HttpExchange exchange, ResticPath blob, ObjectStore store) throws IOException {
        Optional<ObjectInfo> info = store.head(blob.key()).map(ObjectStore.Observed::info);
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
        Optional<InputStream> content = store.open(blob.key(), from, to - from);
        if (content.isEmpty()) {
            return answer(exchange, 404);
        }
        try (InputStream in = content.get()) {
            exchange.getResponseHeaders().set("Content-Type", "application/octet-stream");
            exchange.sendResponseHeaders(range.matches() ? 206 : 200, to == from ? -1 : to - from);
            OutputStream out = patience.out(exchange.getResponseBody());
            return new Done(range.matches() ? 206 : 200, 0, in.transferTo(out));
        }
    }

    private Done list(HttpExchange exchange, ResticPath blob, ObjectStore store) throws IOException {
        String accept = exchange.getRequestHeaders().getFirst("Accept");
        boolean sizes = accept != null && accept.contains(V2);
        ListingResponse listing = new ListingResponse(exchange, sizes, patience);
        try {
            store.list(blob.key(), listing::add);
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
        listing.end();
        return Done.of(200);
    }

    private Done post(HttpExchange exchange, ResticPath blob, ObjectStore store) throws IOException {
        if (!admitted()) {
            exchange.getResponseHeaders().set("Retry-After", "2");
            return refuse(exchange, 503, "too many uploads at a time; try again");
        }
        try (Upload upload = store.upload(blob.key(), Precondition.ABSENT)) {
            MessageDigest sha = sha256();
            long received = receive(exchange, upload, sha);
            if (received < 0) {
                return refuse(exchange, 413, "no object may have more than " + LARGEST + " bytes");
            }
            String declared = exchange.getRequestHeaders().getFirst("Content-Length");
            if (declared != null && Long.parseLong(declared) != received) {
                return refuse(exchange, 400, "the upload was cut off");
            }
            if (blob.name() != null && !blob.name().equals(HexFormat.of().formatHex(sha.digest()))) {
                return refuse(exchange, 400, "the content does not have the SHA-256 that its name says");
            }
            boolean written = upload.commit().isPresent();
            if (!written && blob.isConfig()) {
                return refuse(exchange, 403, "the repository has a config already");
            }
            // An object of the same name is there: it has the same content, and the first answer got lost.
            exchange.sendResponseHeaders(200, -1);
            return new Done(200, received, 0, written ? received : 0);
        } finally {
            uploads.release();
        }
    }

    /** Waits long enough to see those given up that hold a buffer and send nothing. */
    private boolean admitted() {
        try {
            return uploads.tryAcquire(2 * patience.limit().toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    /** Number of bytes that came, or -1 when they are too many. */
    private long receive(HttpExchange exchange, Upload upload, MessageDigest sha) throws IOException {
        InputStream in = patience.in(exchange.getRequestBody());
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

    /** Takes what is being sent, for nothing: who is cut off while sending sees no answer, and tries again. */
    void drain(HttpExchange exchange) throws IOException {
        InputStream in = patience.in(exchange.getRequestBody());
        byte[] buffer = new byte[BUFFER];
        long total = 0;
        for (int n = in.read(buffer); n >= 0 && total <= LARGEST; n = in.read(buffer)) {
            total += n;
        }
    }

    private static Done answer(HttpExchange exchange, int code) throws IOException {
        exchange.sendResponseHeaders(code, -1);
        return Done.of(code);
    }

    /** An answer with a reason; restic shows the code alone. */
    static Done refuse(HttpExchange exchange, int code, String why) throws IOException {
        byte[] text = (why + "\n").getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", "text/plain; charset=utf-8");
        boolean bodyless = "HEAD".equals(exchange.getRequestMethod());
        exchange.sendResponseHeaders(code, bodyless ? -1 : text.length);
        if (!bodyless) {
            exchange.getResponseBody().write(text);
        }
        return Done.of(code);
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
