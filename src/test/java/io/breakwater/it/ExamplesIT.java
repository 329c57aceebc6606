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
    void isAccepted(Path file) {
        boolean shared = file.getFileName().toString().startsWith("backuplocation");
        cluster.createNamespace("examples");
        cluster.kubectlWith(
                Examples.text(file),
                "apply",
                "--server-side",
                "--validate=strict",
                "--dry-run=server",
                "--force-conflicts",
                "-n",
                shared ? Rig.SYSTEM : "examples",
                "-f",
                "-");
    }
}
