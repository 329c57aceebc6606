package io.breakwater.gateway;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.sun.net.httpserver.HttpExchange;
import io.breakwater.store.ObjectStore.ObjectInfo;
import java.io.IOException;
import java.io.UncheckedIOException;

/**
 * A listing of objects in the form of restic, streamed. An interrupted listing must not look complete, since restic would
 * delete data that the missing objects need. So the answer starts with the first object, and only {@link #end} closes its
 * array.
 */
final class ListingResponse {
    private static final JsonFactory JSON = new JsonFactory()
            .disable(JsonGenerator.Feature.AUTO_CLOSE_JSON_CONTENT)
            .disable(JsonGenerator.Feature.FLUSH_PASSED_TO_STREAM);

    private final HttpExchange exchange;
    private final boolean sizes;
    private final IdleTimeout idleTimeout;
    private JsonGenerator json;

    ListingResponse(HttpExchange exchange, boolean sizes, IdleTimeout idleTimeout) {
        this.exchange = exchange;
        this.sizes = sizes;
        this.idleTimeout = idleTimeout;
    }

    void add(ObjectInfo object) {
        try {
            start();
            String name = object.key().substring(object.key().lastIndexOf('/') + 1);
            if (sizes) {
                json.writeStartObject();
                json.writeStringField("name", name);
                json.writeNumberField("size", object.size());
                json.writeEndObject();
            } else {
                json.writeString(name);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    void end() throws IOException {
        start();
        json.writeEndArray();
        json.close();
    }

    private void start() throws IOException {
        if (json == null) {
            exchange.getResponseHeaders()
                    .set("Content-Type", sizes ? ResticProtocol.V2 : "application/vnd.x.restic.rest.v1");
            exchange.sendResponseHeaders(200, 0);
            json = JSON.createGenerator(idleTimeout.out(exchange.getResponseBody()));
            json.writeStartArray();
        }
    }
}
