package io.breakwater.resource.apply;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.breakwater.api.RestoreSpec;
import io.breakwater.api.RestoreSpec.OnConflict;
import io.breakwater.resource.ApiKind;
import io.breakwater.resource.RestoreMark;
import java.io.IOException;
import java.io.InputStream;
import java.util.Optional;

/**
 * A restore of objects.
 *
 * @param sourceNamespace the captured namespace; objects of other namespaces in the archive are skipped
 * @param spec the selected objects, and the treatment of existing ones
 * @param allowClusterScoped whether missing cluster-scoped objects, and a missing target namespace, are created: for
 *     administrators
 * @param runId identity of the run, which is the same after a crash
 * @param sandbox the rules of the target namespace, if it is the sandbox of a Verification
 */
public record ApplyRequest(
        ArchiveSource archive,
        String sourceNamespace,
        String targetNamespace,
        RestoreSpec spec,
        boolean allowClusterScoped,
        String runId,
        AuthorCheck author,
        Optional<SandboxRules> sandbox) {
    /** Opens the archive at its start. */
    @FunctionalInterface
    public interface ArchiveSource {
        InputStream open() throws IOException;
    }

    /** Treatment of existing objects. */
    OnConflict onConflict() {
        return spec.onConflict;
    }

    /** The mark on the objects that this run writes. */
    RunMark mark() {
        return new RunMark(runId, author::code);
    }

    /** A claim with the mark of this run as its creator. */
    public ObjectNode marked(ObjectNode claim) {
        ObjectNode meta = claim.withObjectProperty("metadata");
        String path = "/api/v1/namespaces/" + targetNamespace + "/persistentvolumeclaims/"
                + ApiKind.encoded(meta.path("name").asText());
        meta.withObjectProperty("annotations").put(RestoreMark.ANNOTATION, mark().value("created", path));
        return claim;
    }

    /** Whether this is a dry run. */
    boolean isDryRun() {
        return spec.dryRun();
    }

    boolean isMoved() {
        return !sourceNamespace.equals(targetNamespace);
    }
}
