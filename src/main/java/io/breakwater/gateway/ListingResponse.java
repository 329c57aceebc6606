package io.breakwater.gateway;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.sun.net.httpserver.HttpExchange;
import io.breakwater.store.ObjectStore.ObjectInfo;
import java.io.IOException;
import java.io.UncheckedIOException;

/**
 * Names of objects as restic reads them, streamed. One that breaks off must not look whole: restic would remove what the
 * missing objects need. So the answer begins with the first object, and its array is closed by {@link #end} only.
 */
final class ListingResponse {
    private static final JsonFactory JSON = new JsonFactory()
            .disable(JsonGenerator.Feature.AUTO_CLOSE_JSON_CONTENT)
            .disable(JsonGenerator.Feature.FLUSH_PASSED_TO_STREAM);

    private final HttpExchange exchange;
    private final boolean sizes;
    private final IdleTimeout patience;
    private JsonGenerator json;

    ListingResponse(HttpExchange exchange, boolean sizes, IdleTimeout patience) {
        this.exchange = exchange;
        this.sizes = sizes;
        this.patience = patience;
    }

    void add(ObjectInfo o) {
        try {
            begin();
            String name = o.key().substring(o.key().lastIndexOf('/') + 1);
            if (sizes) {
                json.writeStartObject();
                json.writeStringField("name", name);
                json.writeNumberField("size", o.size());
                json.writeEndObject();
            } else {
                json.writeString(name);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    void end() throws IOException {
        begin();
        json.writeEndArray();
        json.close();
    }

    private void begin() throws IOException {
        if (json == null) {
            exchange.getResponseHeaders()
                    .set("Content-Type", sizes ? ResticProtocol.V2 : "application/vnd.x.restic.rest.v1");
            exchange.sendResponseHeaders(200, 0);
            json = JSON.createGenerator(patience.out(exchange.getResponseBody()));
            json.writeStartArray();
        }
    }
}
