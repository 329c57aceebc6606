package io.breakwater.fleet;

import com.sun.net.httpserver.HttpExchange;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;

/** Uploads to the generated store that arrive in parts. */
final class StoreUploads {
    private static final int OK = 200;
    private static final int NO_CONTENT = 204;

    private final Map<String, NavigableMap<Integer, byte[]>> open = new ConcurrentHashMap<>();
    private final AtomicLong numbers = new AtomicLong();

    /**
     * Serves a request about an upload.
     *
     * @param operation {@code put-part}, {@code delete-part} or {@code post-part}
     * @param complete writes the whole object, and returns its ETag
     */
    void serve(
            HttpExchange exchange,
            String operation,
            Map<String, String> query,
            byte[] body,
            Function<byte[], String> complete)
            throws IOException {
        String id = query.get("uploadId");
        switch (operation) {
            case "put-part" -> {
                open.get(id).put(Integer.valueOf(query.get("partNumber")), body);
                exchange.getResponseHeaders().add("ETag", "\"part\"");
                exchange.sendResponseHeaders(OK, -1);
            }
            case "delete-part" -> {
                open.remove(id);
                exchange.sendResponseHeaders(NO_CONTENT, -1);
            }
            default -> GeneratedStore.answer(exchange, OK, id == null ? begin() : end(id, complete));
        }
    }

    private String begin() {
        String id = "upload-" + numbers.incrementAndGet();
        open.put(id, new TreeMap<>());
        return "<InitiateMultipartUploadResult><UploadId>" + id + "</UploadId></InitiateMultipartUploadResult>";
    }

    private String end(String id, Function<byte[], String> complete) {
        ByteArrayOutputStream whole = new ByteArrayOutputStream();
        open.remove(id).values().forEach(whole::writeBytes);
        return "<CompleteMultipartUploadResult><ETag>\"" + complete.apply(whole.toByteArray())
                + "\"</ETag></CompleteMultipartUploadResult>";
    }
}
