package io.breakwater.velero;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.GZIPOutputStream;

/**
 * Content of {@code <backup>-resource-list.json.gz}: a map from {@code group/version/Kind} to the names. Stored
 * compressed, one gzip member for each kind, because only this list grows with the number of objects.
 */
final class ResourceList {
    private static final JsonFactory JSON = new ObjectMapper().getFactory();

    /** The array of one kind while it is written. */
    private static final class Names {
        final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        final JsonGenerator json;

        Names() throws IOException {
            json = JSON.createGenerator(new GZIPOutputStream(bytes));
            json.writeStartArray();
        }
    }

    private final Map<String, Names> kinds = new TreeMap<>();

    void add(ObjectKey key, String version, String kind) throws IOException {
        String type = (key.group().isEmpty() ? "" : key.group() + "/") + version + "/" + kind;
        Names names = kinds.get(type);
        if (names == null) {
            names = new Names();
            kinds.put(type, names);
        }
        names.json.writeString(key.isClusterScoped() ? key.name() : key.namespace() + "/" + key.name());
    }

    /** The document; no object can be added afterwards. */
    byte[] compressed() throws IOException {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        String separator = "{";
        for (Map.Entry<String, Names> kind : kinds.entrySet()) {
            all.write(Gzip.of(separator + quoted(kind.getKey()) + ":"));
            kind.getValue().json.close();
            kind.getValue().bytes.writeTo(all);
            separator = ",";
        }
        all.write(Gzip.of(kinds.isEmpty() ? "{}\n" : "}\n"));
        return all.toByteArray();
    }

    private static String quoted(String text) throws JsonProcessingException {
        return new ObjectMapper().writeValueAsString(text);
    }
}
