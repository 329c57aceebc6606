package io.breakwater.verify;

import io.breakwater.api.BackupLocation;
import io.breakwater.api.BackupLocationSpec.AccessMode;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.NamedRef;
import io.breakwater.api.Reason;
import io.breakwater.api.RestorePoint;
import io.breakwater.api.VerificationSpec.Level;
import io.breakwater.catalog.Catalog;
import io.breakwater.catalog.PointDocument;
import io.breakwater.catalog.PointKey;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.gateway.Repositories;
import io.breakwater.location.Locations;
import io.breakwater.steps.Activities;
import io.breakwater.steps.Outcome;
import io.breakwater.steps.Step;
import io.breakwater.volume.MoverTask;
import io.breakwater.volume.Movers;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * Reads all of a point: seal, objects, and every block of its volumes. The volumes are left to the Restore where there is
 * one, since that reads the same blocks.
 */
final class ReadBack implements Step<VerifyRun> {
    private final KubernetesClient client;
    private final BreakwaterConfig config;
    private final Locations locations;
    private final Catalog catalog;
    private final Movers movers;
    private final Activities activities;

    ReadBack(
            KubernetesClient client,
            BreakwaterConfig config,
            Locations locations,
            Catalog catalog,
            Movers movers,
            Activities activities) {
        this.client = client;
        this.config = config;
        this.locations = locations;
        this.catalog = catalog;
        this.movers = movers;
        this.activities = activities;
    }

    @Override
    public String name() {
        return "Checksum";
    }

    @Override
    public Outcome run(VerifyRun run, int attempt) {
        RestorePoint point = client.resources(RestorePoint.class)
                .inNamespace(run.namespace())
                .withName(run.status().restorePoint)
                .get();
        if (point == null) {
            throw run.failed("it was deleted while it was verified");
        }
        PointKey key = PointKey.of(point).orElseThrow();
        BackupLocation location = locations.resolve(run.namespace(), new NamedRef(point.getStatus().location));
        Optional<PointDocument> document =
                activities.poll(run.uid() + "/checksum", () -> objects(run, point, key, location), run.wake());
        if (document.isEmpty()) {
            return Outcome.waiting("reading seal and objects", Duration.ofSeconds(10));
        }
        List<String> snapshots = document.get().volumes().stream()
                .map(PointDocument.Volume::repositorySnapshot)
                .filter(Objects::nonNull)
                .toList();
        if (snapshots.isEmpty() || run.includes(Level.Restored)) {
            return Outcome.done(document.get().objects().size() + " objects have their digests");
        }
        return volumes(run, key, location, snapshots, document.get().objects().size());
    }

    private PointDocument objects(VerifyRun run, RestorePoint point, PointKey key, BackupLocation location) {
        Catalog.Sealed sealed = catalog.read(location, key)
                .orElseThrow(() -> run.failed(
                        "its seal is not in location " + location.getMetadata().getName() + " any more"));
        if (!sealed.digest().equals(point.getStatus().digest)) {
            throw BreakwaterException.permanent(
                    Reason.Tampered,
                    key.sealKey() + " is another one than the RestorePoint was sealed with (digest " + sealed.digest()
                            + ", not " + point.getStatus().digest + ")");
        }
        catalog.verifyObjects(location, sealed.document());
        return sealed.document();
    }

    private Outcome volumes(VerifyRun run, PointKey key, BackupLocation location, List<String> snapshots, int objects) {
        var access = new Repositories.Access(
                location, key.site(), key.namespace(), Repositories.Mode.READ, Optional.empty());
        var request = new Movers.Request(
                config.namespace(),
                VerifyRun.label(run.verification()),
                run.uid() + "/verify",
                new MoverTask.Verify(snapshots, location.getSpec().accessMode != AccessMode.ReadOnly),
                access);
        return switch (movers.poll(request)) {
            case Movers.State.Running(String message) -> Outcome.waiting("reading volumes: " + message);
            case Movers.State.Failed(String message) -> throw run.failed(message);
            case Movers.State.Succeeded s -> {
                movers.delete(config.namespace(), VerifyRun.label(run.verification()));
                yield Outcome.done(objects + " objects have their digests, and " + snapshots.size()
                        + " volumes were read to their last block");
            }
        };
    }
}
