package io.breakwater.verify;

import io.breakwater.api.BackupLocation;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.NamedRef;
import io.breakwater.api.Reason;
import io.breakwater.api.RestorePoint;
import io.breakwater.api.Texts;
import io.breakwater.api.VerificationSpec.Level;
import io.breakwater.catalog.Catalog;
import io.breakwater.catalog.PointDocument;
import io.breakwater.location.LocationResolver;
import io.breakwater.steps.Activities;
import io.breakwater.steps.Outcome;
import io.breakwater.steps.Step;
import io.breakwater.trust.IdentityRule;
import io.breakwater.trust.PointKey;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** Verifies the seal of the point and every object that the seal names. */
final class VerifyObjectsStep implements Step<VerifyRun> {
    static final String NAME = "Checksum";
    private static final int SHOWN = 5;

    private final KubernetesClient client;
    private final LocationResolver locations;
    private final IdentityRule rule;
    private final Catalog catalog;
    private final Activities activities;

    VerifyObjectsStep(
            KubernetesClient client,
            LocationResolver locations,
            IdentityRule rule,
            Catalog catalog,
            Activities activities) {
        this.client = client;
        this.locations = locations;
        this.rule = rule;
        this.catalog = catalog;
        this.activities = activities;
    }

    /** The point to verify, and its location. */
    record Subject(RestorePoint point, PointKey key, BackupLocation location) {
        static Subject of(VerifyRun run, KubernetesClient client, LocationResolver locations, IdentityRule rule) {
            RestorePoint point = point(run, client);
            if (!rule.hasNameOf(point)) {
                rule.of(point);
            }
            BackupLocation location = locations.resolve(run.namespace(), new NamedRef(point.getStatus().location));
            return new Subject(point, rule.of(point, location), location);
        }

        /** The RestorePoint that the run has chosen. */
        static RestorePoint point(VerifyRun run, KubernetesClient client) {
            RestorePoint point = client.resources(RestorePoint.class)
                    .inNamespace(run.namespace())
                    .withName(run.status().restorePoint)
                    .get();
            if (point == null) {
                throw run.failed("it was deleted during the verification");
            }
            return point;
        }

        /**
         * The point's document, with its signature verified.
         *
         * @throws BreakwaterException Tampered, when it is not the seal that the RestorePoint names, and that the run has chosen
         */
        Catalog.Sealed sealed(VerifyRun run, Catalog catalog, IdentityRule rule) {
            Catalog.Sealed sealed = catalog.read(location, key)
                    .orElseThrow(() -> run.failed("its seal is not in location "
                            + location.getMetadata().getName() + " any more"));
            rule.checkSeal(point, key, sealed.digest());
            if (!sealed.digest().equals(run.status().digest)) {
                throw rule.exchanged(run.verification(), key);
            }
            return sealed;
        }
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public Outcome run(VerifyRun run, int attempt) {
        Subject subject = Subject.of(run, client, locations, rule);
        checkSigned(run, subject.location());
        Optional<PointDocument> document =
                activities.poll(run.uid() + "/checksum", () -> read(run, subject), run.wake());
        return document.map(d ->
                        Outcome.done("verified the digests of " + d.objects().size() + " objects"))
                .orElseGet(() -> Outcome.waiting("reading seal and objects", Duration.ofSeconds(10)));
    }

    /** Unsigned content is not restored into a sandbox, also not for an administrator. */
    static void checkSigned(VerifyRun run, BackupLocation location) {
        if (location.getSpec().hasVeleroLayout() && run.includes(Level.Restored)) {
            throw BreakwaterException.permanent(
                    Reason.InvalidSpec,
                    "RestorePoint " + run.namespace() + "/" + run.status().restorePoint
                            + " is a backup of Velero, which has no signature, so it is not restored into a sandbox;"
                            + " set spec.level to Checksum");
        }
    }

    private PointDocument read(VerifyRun run, Subject subject) {
        Catalog.Sealed sealed = subject.sealed(run, catalog, rule);
        catalog.verifyObjects(subject.location(), sealed.document());
        List<String> absent = sealed.document().absentVolumes();
        if (absent != null && !absent.isEmpty()) {
            throw run.failed("the data of claims " + Texts.first(absent, SHOWN)
                    + " is in Velero's own repositories, which Breakwater cannot read");
        }
        return sealed.document();
    }
}
