package io.breakwater.resource;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InputStream;
import java.util.function.Consumer;

/**
 * Lists a collection in pages and passes on each object as it is parsed, so that memory holds one object at a time.
 * Protocol: Kubernetes API concepts, "Retrieving large results sets in chunks".
 */
public final class PagedList {
    private static final int PAGE = 500;
    private static final int GONE = 410;
    public static final String OBJECTS = "application/json";
    public static final String METADATA =
            "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json";

    private final ApiServer server;
    private final String accept;

    /** @param accept {@link #OBJECTS} or {@link #METADATA} */
    public PagedList(ApiServer server, String accept) {
        this.server = server;
        this.accept = accept;
    }

    /**
     * Calls back for every object; those of built-in kinds have no apiVersion and kind.
     *
     * <p>If the snapshot behind the pages expires, the rest comes from a newer one, as the server offers.
     *
     * @param labels selector as in {@link io.breakwater.api.Labels#query}; empty for all
     */
    public void each(String collection, String labels, Consumer<ObjectNode> item) throws ApiServer.Refused {
        String token = "";
        do {
            String page =
                    collection + "?limit=" + PAGE + parameter("labelSelector", labels) + parameter("continue", token);
            try {
                token = server.stream(page, accept, body -> read(body, item));
            } catch (ApiServer.Refused e) {
                String next =
                        e.answer().body().path("metadata").path("continue").asText("");
                if (e.answer().code() != GONE || next.isEmpty() || next.equals(token)) {
                    throw e;
                }
                token = next;
            }
        } while (!token.isEmpty());
    }

    private static String parameter(String name, String value) {
        return value.isEmpty() ? "" : "&" + name + "=" + ApiKind.encoded(value);
    }

    /** Reads one page; returns the token of the next page, or an empty text. */
    private static String read(InputStream body, Consumer<ObjectNode> item) throws IOException {
        String token = "";
        try (JsonParser json = ApiServer.JSON.getFactory().createParser(body)) {
            json.disable(JsonParser.Feature.AUTO_CLOSE_SOURCE);
            if (json.nextToken() != JsonToken.START_OBJECT) {
                throw new IOException("the list is not a JSON object");
            }
            while (json.nextToken() == JsonToken.FIELD_NAME) {
                String field = json.currentName();
                JsonToken value = json.nextToken();
                if (field.equals("items") && value == JsonToken.START_ARRAY) {
                    while (json.nextToken() != JsonToken.END_ARRAY) {
                        item.accept(ApiServer.JSON.readValue(json, ObjectNode.class));
                    }
                } else if (field.equals("metadata")) {
                    token = ApiServer.JSON
                            .<ObjectNode>readValue(json, ObjectNode.class)
                            .path("continue")
                            .asText("");
                } else {
                    json.skipChildren();
                }
            }
            if (json.currentToken() != JsonToken.END_OBJECT) {
                throw new IOException("the list is incomplete");
            }
        }
        return token;
    }
}
