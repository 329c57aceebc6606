package io.breakwater.steps;

import io.breakwater.api.Api;
import io.breakwater.api.BackupLocation;
import io.breakwater.api.RestorePoint;

/** Values of the label {@link Api#RUN}: which run an object was made for. */
public final class RunLabel {
    private RunLabel() {}

    /** Of everything that is made for the capture of a point. */
    public static String of(RestorePoint point) {
        return "restorepoint." + point.getMetadata().getUid();
    }

    /** Of the Job that removes snapshots without a seal from a namespace's repository in a location. */
    public static String ofCleanup(BackupLocation location, String site, String namespace) {
        return RunNames.of("unsealed/" + location.getMetadata().getUid() + "/" + site + "/" + namespace);
    }
}
