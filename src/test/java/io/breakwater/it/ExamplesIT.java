package io.breakwater.it;

import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A real API server accepts the examples: it knows every field, and every rule and webhook passes. */
@ExtendWith(RigExtension.class)
class ExamplesIT {
    private final Cluster cluster;

    ExamplesIT(Rig rig) {
        cluster = rig.west().cluster();
    }

    static Stream<Path> files() {
        return Examples.all().stream();
    }

    @ParameterizedTest
    @MethodSource("files")
    void acceptsEveryExample(Path file) {
        // These are allowed only in the operator's namespace.
        boolean shared = Stream.of("filesystem", "template", "cluster")
                .anyMatch(word -> file.getFileName().toString().contains(word));
        cluster.createNamespace("examples");
        cluster.kubectlWith(
                // The rig shares a location of this name, so another one cannot be created.
                Examples.text(file).replace("name: blob-east\n", "name: blob-example\n"),
                "apply",
                "--server-side",
                "--validate=strict",
                "--dry-run=server",
                "-n",
                shared ? Rig.SYSTEM : "examples",
                "-f",
                "-");
    }
}
