package io.breakwater.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * A newcomer runs the commands of docs/getting-started.md, and those of docs/troubleshooting.md before the last section, while the
 * objects exist.
 */
@ExtendWith(RigExtension.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Tag("long")
class GettingStartedIT {
    private static final String NAMESPACE = "hello";
    private static final String LAST = "7. Clean up";

    private final Rig rig;
    private final Site site;
    private final Progress progress;

    GettingStartedIT(Rig rig) {
        this.rig = rig;
        this.site = rig.west();
        this.progress = rig.progress();
    }

    @AfterAll
    void turnOff() {
        site.client().namespaces().withName(NAMESPACE).delete();
        rig.install(site.cluster(), "quickstart.enabled=false");
    }

    @Test
    void runsTheCommandsOfThePages() {
        List<PageCommands.Block> page = PageCommands.read(
                        Path.of("docs/getting-started.md"), Map.of("image", Rig.environment("BREAKWATER_SHOP_IMAGE")))
                .blocks();
        List<PageCommands.Block> trouble = PageCommands.read(
                        Path.of("docs/troubleshooting.md"), Map.of("namespace", NAMESPACE))
                .blocks();
        assertThat(trouble).hasSizeGreaterThan(2);
        Map<String, String> output = new LinkedHashMap<>();
        try {
            for (PageCommands.Block block : page) {
                if (block.section().equals(LAST)) {
                    trouble.forEach(this::run);
                }
                output.merge(block.section(), run(block), String::concat);
            }
        } catch (AssertionError | RuntimeException e) {
            progress.quote(site.cluster().diagnosis(List.of(Rig.SYSTEM, NAMESPACE)));
            throw e;
        }
        assertThat(site.cluster().kubectl("get", "backuplocations", "-n", Rig.SYSTEM))
                .containsPattern("quickstart +True +Ready +Filesystem ");
        assertThat(output.get("5. Back it up")).containsPattern("first +True ");
        assertThat(output.get("6. Delete the data and restore it"))
                .containsPattern("undo +True ")
                .contains("precious");
        assertThat(site.client().namespaces().withName(NAMESPACE).get()).isNull();
    }

    private String run(PageCommands.Block block) {
        Optional<List<String>> installation = block.installation();
        if (installation.isPresent()) {
            List<String> values = new ArrayList<>(installation.get());
            values.removeIf(value -> value.startsWith("site.")); // the cluster of the test has its name already
            rig.install(site.cluster(), values.toArray(String[]::new));
            return "";
        }
        String output = site.cluster().shell("/", block.script());
        progress.quote(output);
        return output;
    }
}
