package io.breakwater.fleet;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.LinkedBlockingQueue;

/** The events of one watch on their way to the client. */
final class WatchStream {
    private static final byte[] END = new byte[0];

    private final FleetClock clock;
    private final String namespace;
    private final ListSelector selector;
    private final boolean metadataOnly;
    private final boolean hasBookmarks;
    private final LinkedBlockingQueue<byte[]> queue = new LinkedBlockingQueue<>();
    private volatile boolean ended;

    WatchStream(FleetClock clock, String namespace, ListSelector selector, boolean metadataOnly, boolean hasBookmarks) {
        this.clock = clock;
        this.namespace = namespace;
        this.selector = selector;
        this.metadataOnly = metadataOnly;
        this.hasBookmarks = hasBookmarks;
    }

    /** Sends a change of an object, if the watch selects it. */
    void change(String type, JsonNode object) {
        if ((namespace == null
                        || namespace.equals(object.at("/metadata/namespace").asText()))
                && selector.test(object)) {
            send(type, metadataOnly ? partial(object.get("metadata").toString()) : object.toString());
        }
    }

    /** Sends how far the watch is. */
    void bookmark(ServedKind kind, long version, boolean endsInitialEvents) {
        if (hasBookmarks) {
            String annotations = endsInitialEvents ? ",\"annotations\":{\"k8s.io/initial-events-end\":\"true\"}" : "";
            send(
                    "BOOKMARK",
                    "{\"kind\":\"" + (metadataOnly ? "PartialObjectMetadata" : kind.kind()) + "\",\"apiVersion\":\""
                            + (metadataOnly ? "meta.k8s.io/v1" : kind.apiVersion())
                            + "\",\"metadata\":{\"resourceVersion\":\"" + version + "\"" + annotations + "}}");
        }
    }

    static String partial(String metadata) {
        return "{\"kind\":\"PartialObjectMetadata\",\"apiVersion\":\"meta.k8s.io/v1\",\"metadata\":" + metadata + "}";
    }

    private synchronized void send(String type, String object) {
        if (!ended) {
            clock.enter();
            queue.add(("{\"type\":\"" + type + "\",\"object\":" + object + "}\n").getBytes(StandardCharsets.UTF_8));
        }
    }

    /** Ends the watch. */
    void end() {
        ended = true;
        queue.add(END);
    }

    /** Writes all events until the watch ends. */
    void write(OutputStream out) throws IOException {
        try {
            for (byte[] event = queue.take(); event.length > 0; event = queue.take()) {
                try {
                    out.write(event);
                    out.flush();
                } finally {
                    clock.leave();
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            drop();
        }
    }

    private synchronized void drop() {
        ended = true;
        queue.stream().filter(event -> event.length > 0).forEach(event -> clock.leave());
        queue.clear();
    }
}
