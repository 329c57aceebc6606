package io.breakwater.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The SBOMs of the packaged application and of the images. */
class SbomIT {
    private static final Path APPLICATION = Path.of("target/bom.json");
    private static final Path LIBRARIES = Path.of("target/quarkus-app/lib");
    private static final ObjectMapper JSON = new ObjectMapper();

    @Test
    void namesEveryLibraryOfTheApplication() throws IOException {
        Map<String, JsonNode> components = application();
        Set<String> jars;
        try (Stream<Path> files = Files.walk(LIBRARIES)) {
            jars = files.map(file -> file.getFileName().toString())
                    .filter(name -> name.endsWith(".jar"))
                    .collect(Collectors.toSet());
        }

        assertThat(jars).hasSizeGreaterThan(100);
        assertThat(components.keySet()).containsAll(jars);
    }

    @Test
    void namesVersionAndLicenseOfEveryLibrary() throws IOException {
        assertThat(application().values()).allSatisfy(component -> {
            assertThat(component.path("version").asText())
                    .as("version of %s", component.path("name"))
                    .isNotEmpty();
            assertThat(component.path("licenses"))
                    .as("licenses of %s", component.path("name"))
                    .isNotEmpty();
        });
    }

    @ParameterizedTest
    @CsvSource({
        "io.quarkus, quarkus-core, Apache-2.0",
        "io.fabric8, kubernetes-client, Apache-2.0",
        "com.azure, azure-storage-blob, MIT",
        "software.amazon.awssdk, s3, Apache-2.0"
    })
    void namesTheMainLibraries(String group, String name, String license) throws IOException {
        assertThat(application().values())
                .filteredOn(component -> component.path("group").asText().equals(group)
                        && component.path("name").asText().equals(name))
                .singleElement()
                .extracting(component -> component.at("/licenses/0/license/id").asText())
                .isEqualTo(license);
    }

    @ParameterizedTest
    @CsvSource({
        "BREAKWATER_IMAGE, openjdk-25-jre-headless",
        "BREAKWATER_MOVER_IMAGE, restic",
        "BREAKWATER_MOVER_IMAGE, postgresql-client-17"
    })
    void namesDebianPackagesOfTheImages(String image, String name) throws IOException {
        assumeTrue(System.getenv(image) != null, "there are no images without a container engine");
        JsonNode bom = JSON.readTree(HostCommands.run(
                "",
                List.of(
                        "docker",
                        "run",
                        "--rm",
                        "--entrypoint",
                        "cat",
                        System.getenv(image),
                        "/usr/share/sbom/debian.cdx.json")));

        assertThat(bom.path("bomFormat").asText()).isEqualTo("CycloneDX");
        assertThat(bom.path("components").valueStream())
                .filteredOn(component -> component.path("name").asText().equals(name))
                .singleElement()
                .extracting(component -> component.path("version").asText())
                .asString()
                .isNotEmpty();
    }

    /** The components, by the name of the file that Quarkus gives the library. */
    private static Map<String, JsonNode> application() throws IOException {
        JsonNode bom = JSON.readTree(APPLICATION.toFile());
        assertThat(bom.path("bomFormat").asText()).isEqualTo("CycloneDX");
        return bom.path("components")
                .valueStream()
                .collect(Collectors.toMap(
                        component -> "%s.%s-%s.jar"
                                .formatted(
                                        component.path("group").asText(),
                                        component.path("name").asText(),
                                        component.path("version").asText()),
                        Function.identity(),
                        (first, second) -> first));
    }
}
