package io.breakwater.it;

import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What users copy is accepted by a real API server: every field known, every rule and webhook passed. */
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
        // These are allowed in the operator's namespace only.
        boolean shared = Stream.of("filesystem", "template", "cluster")
                .anyMatch(word -> file.getFileName().toString().contains(word));
        cluster.createNamespace("examples");
        cluster.kubectlWith(
                // A location of this name is shared on the rig, and cannot be made again.
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
