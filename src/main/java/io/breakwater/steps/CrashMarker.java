package io.breakwater.steps;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A file in the directory for temporary files, which shows whether the process before this one crashed. In a pod that
 * directory is an emptyDir: it stays when the kubelet starts the container again, which happens only after a crash. An
 * upgrade or the drain of a node makes a new pod, and its directory is empty.
 */
final class CrashMarker {
    private static final boolean AFTER_CRASH =
            isPresent(Path.of(System.getProperty("java.io.tmpdir"), "breakwater-started"));

    private CrashMarker() {}

    /** Whether an earlier process ran in the same pod. */
    static boolean isAfterCrash() {
        return AFTER_CRASH;
    }

    /** Creates the marker, and returns whether it was there. Without a writable directory every start counts as a crash. */
    static boolean isPresent(Path marker) {
        try {
            Files.createFile(marker);
            return false;
        } catch (IOException e) {
            return true;
        }
    }
}
