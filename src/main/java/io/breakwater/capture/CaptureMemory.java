package io.breakwater.capture;

import io.breakwater.api.RestorePointStatus.VolumeStatus;
import io.breakwater.archive.ArchiveHeader;
import io.breakwater.catalog.Catalog;
import java.util.List;
import java.util.Optional;

/**
 * What one process remembers of a capture, so that it asks for nothing twice. A process that continues the capture of another one
 * has an empty memory, and reads what it needs.
 */
final class CaptureMemory {
    /**
     * The plan of a capture.
     *
     * @param volumes as the status reports them
     */
    record Plan(List<VolumeStatus> volumes, List<String> warnings) {
        boolean capturesVolumes() {
            return volumes.stream().anyMatch(v -> v.skipped == null);
        }
    }

    private volatile Plan plan;
    private volatile Catalog.Opening opening;
    private volatile ArchiveHeader header;
    private volatile boolean cutting;
    private volatile boolean writing;

    Optional<Plan> plan() {
        return Optional.ofNullable(plan);
    }

    /** @param made null when the capture has to be planned again */
    void planned(Plan made) {
        plan = made;
    }

    Optional<Catalog.Opening> opening() {
        return Optional.ofNullable(opening);
    }

    void opened(Catalog.Opening found) {
        opening = found;
    }

    /** The header of the archive that this process has written last. */
    Optional<ArchiveHeader> header() {
        return Optional.ofNullable(header);
    }

    void archived(ArchiveHeader written) {
        header = written;
    }

    /** Notes that this process takes snapshots now. Returns whether it did so before. */
    boolean startCutting() {
        boolean before = cutting;
        cutting = true;
        return before;
    }

    /** Notes that this process writes the archive now. Returns whether it did so before. */
    boolean startWriting() {
        boolean before = writing;
        writing = true;
        return before;
    }

    /** Whether the capture has created nothing in the cluster, by the plan of this process. A status does not count. */
    boolean createdNothing() {
        return plan != null && !plan.capturesVolumes();
    }
}
