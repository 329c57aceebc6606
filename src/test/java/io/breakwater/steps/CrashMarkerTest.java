package io.breakwater.steps;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CrashMarkerTest {
    @TempDir
    private Path directory;

    @Test
    void findsTheMarkerOfTheProcessBefore() {
        Path marker = directory.resolve("started");

        assertThat(CrashMarker.isPresent(marker)).as("first process of the pod").isFalse();
        assertThat(CrashMarker.isPresent(marker))
                .as("second process of the pod")
                .isTrue();
    }

    @Test
    void countsEveryStartWithoutADirectory() {
        assertThat(CrashMarker.isPresent(directory.resolve("absent/started"))).isTrue();
    }
}
