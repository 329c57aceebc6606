package io.breakwater.verify;

import io.breakwater.api.BackupLocationSpec.AccessMode;
import io.breakwater.api.VerificationSpec.Level;
import io.breakwater.catalog.Catalog;
import io.breakwater.catalog.PointDocument;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.gateway.Repositories;
import io.breakwater.location.LocationResolver;
import io.breakwater.mover.MoverJobs;
import io.breakwater.mover.MoverTask;
import io.breakwater.steps.Outcome;
import io.breakwater.steps.Step;
import io.breakwater.verify.VerifyObjectsStep.Subject;
import io.breakwater.volume.KeptSnapshots;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * Reads every block of a point's volumes from the repository. Left out where the point is restored anyway: that reads the same
 * blocks.
 */
final class ReadVolumesStep implements Step<VerifyRun> {
    static final String NAME = "Volumes";

    private final KubernetesClient client;
    private final BreakwaterConfig config;
    private final LocationResolver locations;
    private final Catalog catalog;
    private final MoverJobs movers;
    private final KeptSnapshots kept;

    ReadVolumesStep(
            KubernetesClient client,
            BreakwaterConfig config,
            LocationResolver locations,
            Catalog catalog,
            MoverJobs movers,
            KeptSnapshots kept) {
        this.client = client;
        this.config = config;
        this.locations = locations;
        this.catalog = catalog;
        this.movers = movers;
        this.kept = kept;
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public Outcome run(VerifyRun run, int attempt) {
        if (run.includes(Level.Restored)) {
            return Outcome.done("read by the Restore");
        }
        Subject subject = Subject.of(run, client, locations);
        PointDocument document = subject.sealed(run, catalog).document();
        checkKept(run, document);
        List<String> snapshots = document.volumes().stream()
                .map(PointDocument.Volume::repositorySnapshot)
                .filter(Objects::nonNull)
                .toList();
        if (snapshots.isEmpty()) {
            return Outcome.done(document.kept().isEmpty() ? "no volumes" : told(document));
        }
        var access = new Repositories.Access(
                subject.location(),
                subject.key().site(),
                subject.key().namespace(),
                Repositories.Mode.READ,
                Optional.empty());
        boolean locked = subject.location().getSpec().accessMode != AccessMode.ReadOnly;
        String label = VerifyRun.label(run.verification());
        var request = new MoverJobs.Request(
                config.namespace(), label, run.uid() + "/verify", new MoverTask.Verify(snapshots, locked), access);
        return switch (movers.poll(request)) {
            case MoverJobs.State.Running(String message) -> Outcome.waiting(message);
            case MoverJobs.State.Failed(String message) -> throw run.failed(message);
            case MoverJobs.State.Succeeded s -> {
                movers.delete(config.namespace(), label);
                yield Outcome.done(snapshots.size() + " volumes were read to their last block");
            }
        };
    }

    private static String told(PointDocument document) {
        return document.kept().size() + " volumes stay in the storage as snapshots, which are there and were not read";
    }

    /** Nothing of a kept snapshot is in the repository; that the storage still has it is all that can be told. */
    private void checkKept(VerifyRun run, PointDocument document) {
        for (PointDocument.Volume v : document.kept()) {
            var handle = new KeptSnapshots.Handle(v.kept().driver(), v.kept().handle());
            if (!kept.isThere(document.key().toString(), handle)) {
                throw run.failed("the snapshot of claim " + v.pvc() + ", which stays in the storage of site "
                        + document.site() + ", is not known to this cluster");
            }
        }
    }
}
