package io.breakwater.steps;

import io.breakwater.api.Api;
import io.breakwater.api.BackupLocation;
import io.breakwater.api.RestorePoint;

/** Values of the label {@link Api#RUN}, which names the run that an object was created for. */
public final class RunLabel {
    private static final String DELETION = "delete.";

    private RunLabel() {}

    /** Of every object that the capture of a point creates. */
    public static String of(RestorePoint point) {
        return "restorepoint." + point.getMetadata().getUid();
    }

    /**
     * Of the Jobs that delete the snapshots of a deleted point. They may run in the namespace of the point, where the objects of its
     * capture are deleted at the same time.
     */
    public static String ofDeletion(RestorePoint point) {
        return DELETION + point.getMetadata().getUid();
    }

    /** Whether a value is one of {@link #ofDeletion}. */
    public static boolean isOfDeletion(String run) {
        return run.startsWith(DELETION);
    }

    /** Of the Job that deletes snapshots of unfinished backups from a repository in a location. */
    public static String ofCleanup(BackupLocation location, String repository) {
        return RunNames.of("unsealed/" + location.getMetadata().getUid() + "/" + repository);
    }
}
