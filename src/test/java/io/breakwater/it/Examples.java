package io.breakwater.it;

import io.breakwater.api.BackupPolicy;
import io.breakwater.api.NamedRef;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/** The example files for users. The harness uses the same files, so that they stay valid. */
final class Examples {
    private static final Path DIRECTORY = Path.of("examples");
    private static final String SHOP_IMAGE = "breakwater-dev/shop:dev";

    private Examples() {}

    /** All files. */
    static List<Path> all() {
        try (Stream<Path> files = Files.list(DIRECTORY)) {
            return files.filter(f -> f.toString().endsWith(".yaml")).sorted().toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The shop's manifests with the image that this rig has built. */
    static String shop() {
        return text(DIRECTORY.resolve("shop.yaml"));
    }

    /** A file with the images that this rig has built. */
    static String text(Path file) {
        try {
            return Files.readString(file).replace(SHOP_IMAGE, Rig.environment("BREAKWATER_SHOP_IMAGE"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A policy for points by hand: without schedule, databases and copies. */
    static BackupPolicy policy(String namespace, String name, String location) {
        BackupPolicy policy = read("backuppolicy.yaml", BackupPolicy.class);
        policy.getMetadata().setNamespace(namespace);
        policy.getMetadata().setName(name);
        policy.getSpec().schedule = null;
        policy.getSpec().databases = null;
        policy.getSpec().copies = null;
        policy.getSpec().locationRef = new NamedRef(location);
        return policy;
    }

    /** The first object of the given kind in a file. */
    static <T extends HasMetadata> T read(String file, Class<T> kind) {
        return Arrays.stream(text(DIRECTORY.resolve(file)).split("(?m)^---$"))
                .filter(document -> document.contains("\nkind: " + kind.getSimpleName() + "\n"))
                .findFirst()
                .map(document -> Serialization.unmarshal(document, kind))
                .orElseThrow(() -> new IllegalArgumentException(file + " has no " + kind.getSimpleName()));
    }
}
