package io.breakwater.verify;

import io.breakwater.api.VerificationSpec.Level;
import io.breakwater.catalog.Catalog;
import io.breakwater.catalog.PointDocument;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.gateway.Repositories;
import io.breakwater.location.LocationResolver;
import io.breakwater.mover.MoverJobs;
import io.breakwater.mover.MoverTask;
import io.breakwater.mover.PolicySettings;
import io.breakwater.steps.Outcome;
import io.breakwater.steps.Step;
import io.breakwater.trust.IdentityRule;
import io.breakwater.verify.VerifyObjectsStep.Subject;
import io.breakwater.volume.KeptSnapshots;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/** Reads every block of a point's volumes from the repository. Skipped if the point is restored: that reads the same blocks. */
final class ReadVolumesStep implements Step<VerifyRun> {
    static final String NAME = "Volumes";

    private final KubernetesClient client;
    private final BreakwaterConfig config;
    private final IdentityRule rule;
    private final LocationResolver locations;
    private final Catalog catalog;
    private final MoverJobs movers;
    private final KeptSnapshots retained;

    ReadVolumesStep(
            KubernetesClient client,
            BreakwaterConfig config,
            LocationResolver locations,
            Catalog catalog,
            MoverJobs movers,
            KeptSnapshots retained,
            IdentityRule rule) {
        this.client = client;
        this.config = config;
        this.rule = rule;
        this.locations = locations;
        this.catalog = catalog;
        this.movers = movers;
        this.retained = retained;
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public Outcome run(VerifyRun run, int attempt) {
        if (run.includes(Level.Restored)) {
            return Outcome.done("the Restore reads the volumes");
        }
        Subject subject = Subject.of(run, client, locations, rule);
        Catalog.Sealed sealed = subject.sealed(run, catalog, rule);
        PointDocument document = sealed.document();
        checkRetained(run, document);
        List<String> snapshots = document.volumes().stream()
                .map(PointDocument.Volume::repositorySnapshot)
                .filter(Objects::nonNull)
                .toList();
        if (snapshots.isEmpty()) {
            return Outcome.done(document.kept().isEmpty() ? "no volumes" : retained(document));
        }
        var access = new Repositories.Access(
                subject.location(), document.owned().orElseThrow(), Repositories.Mode.READ, Optional.empty());
        String label = VerifyRun.label(run.verification());
        var request = new MoverJobs.Request(
                config.namespace(),
                label,
                run.uid() + "/verify",
                new MoverTask.Verify(snapshots),
                access,
                PolicySettings.find(client, document.policy(), run.namespace()));
        return switch (movers.poll(request)) {
            case MoverJobs.State.Running(String message) -> Outcome.waiting(message);
            case MoverJobs.State.Failed(String message) -> throw run.failed(message);
            case MoverJobs.State.Succeeded s -> {
                movers.delete(config.namespace(), label);
                yield Outcome.done("verified every block of " + snapshots.size() + " volumes");
            }
        };
    }

    private static String retained(PointDocument document) {
        return document.kept().size() + " volumes are retained snapshots, which exist and were not read";
    }

    /** The data of retained snapshots is not in the repository, so only their existence is checked. */
    private void checkRetained(VerifyRun run, PointDocument document) {
        for (PointDocument.Volume v : document.kept()) {
            var handle = new KeptSnapshots.Handle(v.kept().driver(), v.kept().handle());
            if (!retained.isThere(document.key().path(), handle)) {
                throw run.failed("this cluster does not know the retained snapshot of claim " + v.pvc()
                        + " in the storage of site " + document.site());
            }
        }
    }
}
