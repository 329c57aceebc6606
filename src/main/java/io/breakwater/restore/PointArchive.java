package io.breakwater.restore;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.breakwater.api.Api;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.FailoverPlan;
import io.breakwater.api.Reason;
import io.breakwater.api.Restore;
import io.breakwater.catalog.ArchiveSpools;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.config.OwnAccounts;
import io.breakwater.resource.ApiServer;
import io.breakwater.resource.apply.ApplyReport;
import io.breakwater.resource.apply.ApplyRequest;
import io.breakwater.resource.apply.AuthorCheck;
import io.breakwater.resource.apply.DeferredSelection;
import io.breakwater.resource.apply.PointHistory;
import io.breakwater.resource.apply.ResourceApply;
import io.breakwater.resource.apply.RestoreOrder;
import io.breakwater.resource.apply.SandboxRules;
import io.breakwater.trust.Author;
import io.breakwater.trust.AuthorRights;
import io.breakwater.trust.AuthorStamps;
import io.breakwater.trust.ContentRule;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.quarkus.runtime.StartupEvent;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Reads and applies the archive of a point, by the rules of a Restore and within the rights of its author. */
@ApplicationScoped
class PointArchive {
    private final KubernetesClient client;
    private final BreakwaterConfig config;
    private final ArchiveSpools spools;
    private final AuthorStamps stamps;
    private final ResourceApply apply;
    private final SandboxRules sandboxRules;
    private volatile String operator;

    PointArchive(KubernetesClient client, BreakwaterConfig config, ArchiveSpools spools, AuthorStamps stamps) {
        this.client = client;
        this.config = config;
        this.spools = spools;
        this.stamps = stamps;
        this.apply = new ResourceApply(client);
        this.sandboxRules = SandboxRules.of(config.sandbox().kinds().orElse(List.of()));
    }

    /** Creates this object when the process starts, which fails if {@code sandbox.kinds} is not valid. */
    void start(@Observes StartupEvent event) {}

    private interface ArchiveCall<T> {
        T of(ApplyRequest request) throws IOException;
    }

    /** Finds conflicts of the restore, and refuses it if the author lacks rights. */
    ResourceApply.Preview preview(RestoreRun run) {
        return read(run, apply::preview);
    }

    /** Creates the target namespace if it does not exist. */
    boolean createNamespace(RestoreRun run) {
        return read(run, apply::createNamespace);
    }

    /** The claims as they were captured. */
    List<PersistentVolumeClaim> claims(RestoreRun run) {
        return read(run, apply::claims);
    }

    /** The API server for claims, which are written as the author. Refuses the author who lacks a right by now. */
    ApiServer claimWriter(RestoreRun run) {
        return apply.claimWriter(request(run));
    }

    /** The claim with the mark of the run, by which step Objects recognises it to add its owners. */
    JsonNode marked(RestoreRun run, PersistentVolumeClaim claim) {
        ObjectNode object = ApiServer.JSON.valueToTree(claim);
        return request(run).marked(object);
    }

    /** Refuses to fill volumes, if the author may not write claims. */
    void authorizeVolumes(RestoreRun run) {
        apply.authorizeClaims(request(run));
    }

    /** Refuses a restore of files, if its author may not write into volumes. */
    void authorizeFiles(RestoreRun run) {
        apply.authorizeFiles(request(run));
    }

    /** Refuses to run a command in a pod, if the author may not do it. */
    void authorizeCommand(RestoreRun run, String pod) {
        AuthorCheck author = request(run).author();
        if (!author.mayExecute(run.target(), pod)) {
            throw BreakwaterException.permanent(
                    Reason.Forbidden,
                    "the command of pod " + run.target() + "/" + pod + " was not run: author " + author.author()
                            + " may not create pods/exec; grant the right, or ask an administrator to create the Restore");
        }
    }

    /** Whether the target namespace does not exist yet. */
    boolean isNamespaceMissing(RestoreRun run) {
        return read(run, apply::isNamespaceMissing);
    }

    /** Whether the operator created the Restore; false if the author is unknown. */
    boolean isOfOperator(Restore restore) {
        return stamps.read(restore, restore.getSpec())
                .map(author -> check(author).isOperator())
                .orElse(false);
    }

    /** Restores the objects of the first stage; in a dry run, finds out what would happen to all objects. */
    ApplyReport apply(RestoreRun run) {
        return read(run, apply::apply);
    }

    /** Restores the definitions and classes of the point; empty if the Restore creates no cluster-scoped objects. */
    Optional<ApplyReport> applyClasses(RestoreRun run) {
        return read(run, apply::applyClasses);
    }

    /** The classes of the point that {@link #applyClasses} would create. */
    PlannedClasses plannedClasses(RestoreRun run) {
        return PlannedClasses.of(client, read(run, apply::plannedClasses));
    }

    /** What had run where the point was captured, and the workloads of the target that the point does not have. */
    PointHistory history(RestoreRun run) {
        return read(run, apply::history);
    }

    /** Restores objects that were deferred. */
    ApplyReport retry(RestoreRun run, DeferredSelection selection) {
        return read(run, request -> apply.retry(request, selection));
    }

    /** Restores the objects of one stage of {@code spec.order}. */
    ApplyReport apply(RestoreRun run, int stage) {
        return read(run, request -> apply.apply(request, stage));
    }

    /** The stages of {@code spec.order}. */
    RestoreOrder order(RestoreRun run) {
        return read(run, apply::ordering);
    }

    private <T> T read(RestoreRun run, ArchiveCall<T> call) {
        try {
            return call.of(request(run));
        } catch (IOException e) {
            throw BreakwaterException.retryable(
                    Reason.StoreUnavailable,
                    "could not read the archive of point "
                            + run.source().document().key() + ": " + e.getMessage(),
                    e);
        }
    }

    private ApplyRequest request(RestoreRun run) {
        AuthorCheck author = author(run);
        boolean administrator = TenancyCheck.isAdministrator(run.restore(), config.namespace()) && !author.isOperator();
        return new ApplyRequest(
                () -> open(run),
                run.source().document().namespace(),
                run.target(),
                run.restore().getSpec(),
                administrator && !run.isSandbox(config.namespace()),
                run.uid(),
                author,
                run.isSandbox(config.namespace()) ? Optional.of(sandboxRules) : Optional.empty());
    }

    /** The author by the stamp, which is read for each call: it is invalid after a change of the Restore. */
    private Author stampedAuthor(RestoreRun run) {
        Restore restore = run.restore();
        return stamps.read(restore, restore.getSpec())
                .orElseThrow(() -> run.refused(
                        Reason.Forbidden,
                        "the author of the Restore is unknown: annotation " + Api.AUTHOR
                                + " is missing or was not signed by Breakwater for this Restore; create the Restore again"
                                + " while the admission webhook is registered"));
    }

    /** The check of an author. The guard creates the Restores of FailoverPlans, with its own account, on behalf of the operator. */
    private AuthorCheck check(Author author) {
        boolean own = OwnAccounts.of(config.namespace()).contains(author.username());
        String trusted = own ? author.username() : operator();
        return AuthorCheck.of(client, author, trusted, config.restore().impersonate());
    }

    private AuthorCheck author(RestoreRun run) {
        AuthorCheck author = check(stampedAuthor(run));
        String operatorNamespace = config.namespace();
        if (author.isOperator() && isOfNamespace(run)) {
            author = check(authorOfPlan(run));
        }
        if (run.isSandbox(operatorNamespace)) {
            checkSigned(run);
            author = author.withRightsIn(run.source().document().namespace());
        }
        boolean vouched = ContentRule.isVouchedFor(run.source().location(), operatorNamespace);
        return author.signingWith(stamps)
                .with(new ContentRule(
                        vouched, author.isOperator() ? ContentRule.Asker.OPERATOR : ContentRule.Asker.USER));
    }

    /** Whether the point is from a location of the namespace itself, whose owner can seal any content. */
    private boolean isOfNamespace(RestoreRun run) {
        String namespace = run.source().location().getMetadata().getNamespace();
        return namespace.equals(run.namespace()) && !namespace.equals(config.namespace());
    }

    /** The author of the FailoverPlan that the operator works for. */
    private Author authorOfPlan(RestoreRun run) {
        Map<String, String> labels = run.restore().getMetadata().getLabels();
        String name = labels == null ? null : labels.get(Api.PLAN);
        return Optional.ofNullable(name)
                .map(n -> client.resources(FailoverPlan.class)
                        .inNamespace(run.namespace())
                        .withName(n)
                        .get())
                .flatMap(stamps::author)
                .orElseThrow(() -> run.refused(
                        Reason.Forbidden,
                        "location " + run.source().location().getMetadata().getName() + " belongs to namespace "
                                + run.namespace() + ", so its points are restored with the rights of the author of the"
                                + " FailoverPlan, who is unknown; edit spec.sites of the plan as a user who may write"
                                + " the objects of the point, or use a location that the operator's namespace shares"));
    }

    /** Unsigned content does not get into a sandbox. */
    private static void checkSigned(RestoreRun run) {
        if (run.source().location().getSpec().hasVeleroLayout()) {
            throw run.refused(
                    Reason.Forbidden,
                    "backups of Velero have no signature, so they are not restored into sandboxes; verify the point"
                            + " at level Checksum");
        }
    }

    private InputStream open(RestoreRun run) throws IOException {
        RestoreRun.Source source = run.source();
        return spools.open(run.uid(), source.location(), source.document(), source.digest());
    }

    /** Deletes the copy of the archive of a run that has ended. */
    void release(String uid) {
        spools.release(uid);
    }

    private String operator() {
        if (operator == null) {
            operator = AuthorRights.operator(client);
        }
        return operator;
    }
}
