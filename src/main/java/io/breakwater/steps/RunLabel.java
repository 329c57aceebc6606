package io.breakwater.steps;

import io.breakwater.api.Api;
import io.breakwater.api.BackupLocation;
import io.breakwater.api.RestorePoint;

/** Values of the label {@link Api#RUN}, which names the run that an object was created for. */
public final class RunLabel {
    private RunLabel() {}

    /** Of every object that the capture of a point creates. */
    public static String of(RestorePoint point) {
        return "restorepoint." + point.getMetadata().getUid();
    }

    /** Of the Job that prunes a repository in a location. */
    public static String ofPrune(BackupLocation location, String repository) {
        return RunNames.of("unsealed/" + location.getMetadata().getUid() + "/" + repository);
    }

    /** Of the Job that changes the key of a repository in a location. */
    public static String ofRekey(BackupLocation location, String repository, String keyId) {
        return RunNames.of("rekey/" + location.getMetadata().getUid() + "/" + repository + "/" + keyId);
    }
}
