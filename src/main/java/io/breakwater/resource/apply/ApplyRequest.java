package io.breakwater.resource.apply;

import io.breakwater.api.RestoreSpec;
import io.breakwater.api.RestoreSpec.OnConflict;
import java.io.IOException;
import java.io.InputStream;

/**
 * What to restore.
 *
 * @param sourceNamespace the captured namespace; objects of others in the archive are passed over
 * @param spec what of it is wanted, and what to do about objects that are there
 * @param allowClusterScoped whether cluster-scoped objects, and the target namespace, are created where they are absent:
 *     for administrators
 * @param runId identity of the run, the same after a crash
 */
public record ApplyRequest(
        ArchiveSource archive,
        String sourceNamespace,
        String targetNamespace,
        RestoreSpec spec,
        boolean allowClusterScoped,
        String runId,
        AuthorCheck author) {
    /** Opens the archive from its beginning. */
    @FunctionalInterface
    public interface ArchiveSource {
        InputStream open() throws IOException;
    }

    /** What to do about objects that are there. */
    OnConflict onConflict() {
        return spec.onConflict;
    }

    /** Whether nothing is changed. */
    boolean isRehearsal() {
        return spec.rehearsal();
    }

    boolean isMoved() {
        return !sourceNamespace.equals(targetNamespace);
    }
}
