package io.breakwater.resource.apply;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import io.breakwater.api.RestoreSpec;
import io.breakwater.api.RestoreSpec.OnConflict;
import io.breakwater.resource.ApiServer;
import io.breakwater.resource.FakeApiServer;
import io.breakwater.trust.Author;
import io.breakwater.velero.ArchiveWriter;
import io.breakwater.velero.ObjectKey;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** An archive of namespace shop, a server to restore it to, and a Restore of it. */
public final class ApplyFixture implements AutoCloseable {
    public static final String CORE = "/api/v1/namespaces/shop/";
    static final String APPS = "/apis/apps/v1/namespaces/shop/";
    private static final ObjectMapper YAML = new ObjectMapper(new YAMLFactory());
    private static final String OPERATOR = "system:serviceaccount:bw:operator";

    public final FakeApiServer server;
    RestoreSpec spec = new RestoreSpec();
    Author author = new Author("alice", "", List.of("team"), Map.of());
    boolean impersonate;
    String target = "shop";
    public boolean admin;
    SandboxRules sandbox;
    private final List<ObjectNode> archived = new ArrayList<>();
    private final List<ObjectKey> keys = new ArrayList<>();

    public ApplyFixture() throws IOException {
        server = new FakeApiServer().serveUsual();
        spec.onConflict = OnConflict.Fail;
    }

    /** The spec of the Restore in YAML; the default of onConflict is Fail. */
    public ApplyFixture spec(String yaml) throws IOException {
        spec = YAML.readValue(yaml, RestoreSpec.class);
        spec.onConflict = spec.onConflict == null ? OnConflict.Fail : spec.onConflict;
        return this;
    }

    /**
     * Adds an object to the archive.
     *
     * @param directory such as {@code deployments.apps}
     * @param rest fields after the metadata, in JSON with apostrophes
     */
    public ObjectNode archive(String apiVersion, String kind, String directory, String name, String rest) {
        ObjectNode object = object(apiVersion, kind, name, rest);
        String[] parts = directory.split("[.]", 2);
        keys.add(new ObjectKey(parts.length > 1 ? parts[1] : "", parts[0], "shop", name));
        archived.add(object);
        return object;
    }

    public ObjectNode configMap(String name, String rest) {
        return archive("v1", "ConfigMap", "configmaps", name, rest);
    }

    public ObjectNode claim(String name, String rest) {
        return archive("v1", "PersistentVolumeClaim", "persistentvolumeclaims", name, rest);
    }

    public ObjectNode deployment(String name, String rest) {
        return archive("apps/v1", "Deployment", "deployments.apps", name, rest);
    }

    /** The object that was archived last. */
    ObjectNode last() {
        return archived.getLast();
    }

    /** Makes the object that was archived last cluster-scoped. */
    public void placeInCluster(String name) {
        ObjectKey last = keys.removeLast();
        keys.add(new ObjectKey(last.group(), last.resource(), "", name));
    }

    public static ObjectNode object(String apiVersion, String kind, String name, String rest) {
        return FakeApiServer.tree("{'apiVersion':'" + apiVersion + "','kind':'" + kind + "','metadata':{'name':'" + name
                + "','namespace':'shop'}" + (rest.isEmpty() ? "" : "," + rest) + "}");
    }

    public static void label(ObjectNode object, String name, String value) {
        ((ObjectNode) object.path("metadata")).withObjectProperty("labels").put(name, value);
    }

    public ApplyRequest request() throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (ArchiveWriter writer = new ArchiveWriter(out, Instant.EPOCH)) {
            for (int i = 0; i < archived.size(); i++) {
                writer.add(
                        keys.get(i),
                        "v1",
                        archived.get(i).path("kind").asText(),
                        ApiServer.JSON.writeValueAsBytes(archived.get(i)));
            }
            writer.finish();
        }
        byte[] bytes = out.toByteArray();
        return new ApplyRequest(
                () -> new ByteArrayInputStream(bytes),
                "shop",
                target,
                spec,
                admin,
                "run-1",
                AuthorCheck.of(server.client(), author, OPERATOR, impersonate),
                Optional.ofNullable(sandbox));
    }

    public ApplyReport apply() throws IOException {
        return new ResourceApply(server.client()).apply(request());
    }

    public ResourceApply.Preview preview() throws IOException {
        return new ResourceApply(server.client()).preview(request());
    }

    /** Writes that were requested. */
    List<FakeApiServer.Request> writes() {
        return server.requests().stream()
                .filter(r -> !r.method().equals("GET") && !r.path().endsWith("reviews"))
                .toList();
    }

    /** Questions about rights. */
    List<FakeApiServer.Request> reviews() {
        return server.requests().stream()
                .filter(r -> r.path().endsWith("/subjectaccessreviews"))
                .toList();
    }

    /** Writes that were requested, such as {@code POST configmaps}. */
    public List<String> written() {
        return writes().stream()
                .map(r -> r.method() + " " + r.path().substring(r.path().lastIndexOf('/') + 1))
                .toList();
    }

    @Override
    public void close() {
        server.close();
    }
}
