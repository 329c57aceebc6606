package io.breakwater.it;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** The demo's story, as a test. */
@ExtendWith(RigExtension.class)
class StoryIT {
    @Test
    void passesEveryLineOfTheDemo(Rig rig) {
        try (var story = new Story(rig)) {
            try {
                story.run();
            } finally {
                System.out.print(StoryRow.table(story.lines()));
            }
            assertThat(story.lines()).hasSize(10).allMatch(line -> line.result().equals("ok"));
        }
    }
}
