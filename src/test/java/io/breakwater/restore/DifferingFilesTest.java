package io.breakwater.restore;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import org.junit.jupiter.api.Test;

/** A mover without root cannot give files to other users, and the Restore reports how many differ. */
class DifferingFilesTest {
    @Test
    void reportsTheNumberOfFilesAndTheWayOut() {
        assertThat(FillVolumesStep.differing(
                        "data", JsonNodeFactory.instance.objectNode().put("differing", 3)))
                .containsExactly(
                        "claim data: 3 files or directories do not have their owner, group or mode, because the"
                                + " mover ran without root; annotate the namespace with breakwater.io/privileged-movers=true if"
                                + " it permits root, and restore again");
    }

    @Test
    void reportsNothingIfAllFilesAreAsInThePoint() {
        assertThat(FillVolumesStep.differing(
                        "data", JsonNodeFactory.instance.objectNode().put("differing", 0)))
                .isEmpty();
        assertThat(FillVolumesStep.differing("data", JsonNodeFactory.instance.objectNode()))
                .as("a mover with root")
                .isEmpty();
    }
}
