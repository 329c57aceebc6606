package io.breakwater.restore;

import io.breakwater.api.Api;
import io.breakwater.api.BackupLocation;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.location.Stores;
import io.breakwater.resource.apply.ApplyReport;
import io.breakwater.resource.apply.ApplyRequest;
import io.breakwater.resource.apply.AuthorCheck;
import io.breakwater.resource.apply.ResourceApply;
import io.breakwater.resource.apply.RestoreOrder;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.client.KubernetesClient;
import jakarta.enterprise.context.ApplicationScoped;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;

/** The objects of a point, as a restore asks for them and its author may have them. */
@ApplicationScoped
class PointArchive {
    private final KubernetesClient client;
    private final BreakwaterConfig config;
    private final Stores stores;
    private final ResourceApply apply;
    private volatile String operator;

    PointArchive(KubernetesClient client, BreakwaterConfig config, Stores stores) {
        this.client = client;
        this.config = config;
        this.stores = stores;
        this.apply = new ResourceApply(client);
    }

    private interface Reading<T> {
        T of(ApplyRequest request) throws IOException;
    }

    /** What the restore would meet; refuses what the author may not do. */
    ResourceApply.Preview preview(RestoreRun run) {
        return reading(run, apply::preview);
    }

    /** Makes the target namespace where it is absent. */
    boolean createNamespace(RestoreRun run) {
        return reading(run, apply::createNamespace);
    }

    /** The claims as they were captured. */
    List<PersistentVolumeClaim> claims(RestoreRun run) {
        return reading(run, apply::claims);
    }

    /** Refuses a restore of files, if its author may not write into volumes. */
    void authorizeFiles(RestoreRun run) {
        apply.authorizeFiles(request(run));
    }

    /** Whether the target namespace would be made. */
    boolean isNamespaceMissing(RestoreRun run) {
        return reading(run, apply::isNamespaceMissing);
    }

    /** Brings the objects back that wait for nothing; in a dry run, finds out what restoring all would do. */
    ApplyReport apply(RestoreRun run) {
        return reading(run, apply::apply);
    }

    /** Brings the objects of one stage of {@code spec.order} back. */
    ApplyReport apply(RestoreRun run, int stage) {
        return reading(run, request -> apply.apply(request, stage));
    }

    /** What {@code spec.order} makes wait for what. */
    RestoreOrder ordering(RestoreRun run) {
        return reading(run, apply::ordering);
    }

    private <T> T reading(RestoreRun run, Reading<T> reading) {
        try {
            return reading.of(request(run));
        } catch (IOException e) {
            throw BreakwaterException.retryable(
                    Reason.StoreUnavailable,
                    "the archive of " + run.source().document().key() + " could not be read: " + e.getMessage(),
                    e);
        }
    }

    private ApplyRequest request(RestoreRun run) {
        boolean administrator = run.namespace().equals(config.namespace());
        AuthorCheck author = author(run, administrator);
        return new ApplyRequest(
                () -> open(run),
                run.source().document().namespace(),
                run.target(),
                run.restore().getSpec(),
                administrator && !author.isUnvouched(),
                run.uid(),
                author);
    }

    private AuthorCheck author(RestoreRun run, boolean administrator) {
        AuthorCheck author = AuthorCheck.of(client, run.annotation(Api.AUTHOR), operator());
        BackupLocation location = run.source().location();
        boolean ours = location.getMetadata().getNamespace().equals(config.namespace());
        // Nobody has signed what Velero wrote: an administrator may vouch for it, by a Restore of his own.
        boolean vouched = ours && (!location.getSpec().hasVeleroLayout() || administrator);
        return vouched ? author : author.unvouched();
    }

    private InputStream open(RestoreRun run) throws IOException {
        String key = run.source().document().archive();
        return stores.open(run.source().location())
                .open(key, 0, -1)
                .orElseThrow(() -> new FileNotFoundException(key + " is not in the location any more"));
    }

    private String operator() {
        if (operator == null) {
            operator = AuthorCheck.operator(client);
        }
        return operator;
    }
}
