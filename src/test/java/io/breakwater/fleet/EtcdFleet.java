package io.breakwater.fleet;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Locale;
import java.util.UUID;
import java.util.stream.Stream;

/** Writes a fleet into etcd in the form in which the API server stores it. */
final class EtcdFleet {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Path CRDS = Path.of("deploy/crds");

    private final ControlPlane plane;
    private final Instant start;

    /** @param start the time at which objects without a time of their own were created */
    EtcdFleet(ControlPlane plane, Instant start) {
        this.plane = plane;
        this.start = start;
    }

    /** Writes all objects of a fleet. Its location has one store. */
    void write(FleetObjects objects, GeneratedStore store) throws IOException {
        try {
            objects.eachButPoints(List.of(store), FleetObjects.CLUSTER, this::put);
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
        GeneratedObjects points = objects.restorePoints();
        for (int i = 0; i < points.size(); i++) {
            plane.put("breakwater.io/restorepoints/" + points.key(i), points.body(i));
        }
        plane.flush();
    }

    private void put(String json) {
        try {
            ObjectNode object = (ObjectNode) JSON.readTree(json);
            String kind = object.get("kind").asText().toLowerCase(Locale.ROOT);
            String plural = kind.endsWith("y") ? kind.substring(0, kind.length() - 1) + "ies" : kind + "s";
            String group = object.get("apiVersion").asText().contains("/") ? "breakwater.io/" : "";
            String namespace = object.at("/metadata/namespace").asText("");
            String key = group + plural + "/" + (namespace.isEmpty() ? "" : namespace + "/")
                    + object.at("/metadata/name").asText();
            ObjectNode metadata = object.withObject("/metadata");
            metadata.remove("resourceVersion");
            if (!metadata.has("uid")) {
                metadata.put(
                        "uid",
                        UUID.nameUUIDFromBytes(key.getBytes(StandardCharsets.UTF_8))
                                .toString());
            }
            metadata.put(
                    "creationTimestamp", start.truncatedTo(ChronoUnit.SECONDS).toString());
            plane.put(key, JSON.writeValueAsBytes(object));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Creates the kinds of Breakwater by requests to the API server. */
    static void createKinds(ControlPlane plane) throws IOException {
        try (Stream<Path> files = Files.list(CRDS)) {
            for (Path file : files.sorted().toList()) {
                plane.create(
                        "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
                        new YAMLMapper().readTree(file.toFile()).toString());
            }
        }
    }
}
