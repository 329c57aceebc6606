package io.breakwater.verify;

import io.breakwater.api.BackupLocationSpec.AccessMode;
import io.breakwater.api.VerificationSpec.Level;
import io.breakwater.catalog.Catalog;
import io.breakwater.catalog.PointDocument;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.gateway.Repositories;
import io.breakwater.location.Locations;
import io.breakwater.steps.Outcome;
import io.breakwater.steps.Step;
import io.breakwater.verify.ReadBack.Subject;
import io.breakwater.volume.MoverTask;
import io.breakwater.volume.Movers;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * Reads every block of a point's volumes from the repository. Left out where the point is restored anyway: that reads the same
 * blocks.
 */
final class ReadVolumes implements Step<VerifyRun> {
    static final String NAME = "Volumes";

    private final KubernetesClient client;
    private final BreakwaterConfig config;
    private final Locations locations;
    private final Catalog catalog;
    private final Movers movers;

    ReadVolumes(KubernetesClient client, BreakwaterConfig config, Locations locations, Catalog catalog, Movers movers) {
        this.client = client;
        this.config = config;
        this.locations = locations;
        this.catalog = catalog;
        this.movers = movers;
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
        List<String> snapshots = subject.sealed(run, catalog).document().volumes().stream()
                .map(PointDocument.Volume::repositorySnapshot)
                .filter(Objects::nonNull)
                .toList();
        if (snapshots.isEmpty()) {
            return Outcome.done("no volumes");
        }
        var access = new Repositories.Access(
                subject.location(),
                subject.key().site(),
                subject.key().namespace(),
                Repositories.Mode.READ,
                Optional.empty());
        boolean locked = subject.location().getSpec().accessMode != AccessMode.ReadOnly;
        String label = VerifyRun.label(run.verification());
        var request = new Movers.Request(
                config.namespace(), label, run.uid() + "/verify", new MoverTask.Verify(snapshots, locked), access);
        return switch (movers.poll(request)) {
            case Movers.State.Running(String message) -> Outcome.waiting(message);
            case Movers.State.Failed(String message) -> throw run.failed(message);
            case Movers.State.Succeeded s -> {
                movers.delete(config.namespace(), label);
                yield Outcome.done(snapshots.size() + " volumes were read to their last block");
            }
        };
    }
}
