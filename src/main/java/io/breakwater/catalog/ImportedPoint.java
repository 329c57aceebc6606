package io.breakwater.catalog;

import io.breakwater.api.Api;
import io.breakwater.api.NamedRef;
import io.breakwater.api.Reason;
import io.breakwater.api.RestorePoint;
import io.breakwater.api.RestorePointSpec;
import io.breakwater.api.RestorePointSpec.DeletionPolicy;
import io.breakwater.api.RestorePointSpec.Trigger;
import io.breakwater.api.RestorePointStatus;
import io.breakwater.api.RestorePointStatus.CopyState;
import io.breakwater.api.RestorePointStatus.DatabaseStatus;
import io.breakwater.api.RestorePointStatus.Kept;
import io.breakwater.api.RestorePointStatus.PointCopy;
import io.breakwater.api.RestorePointStatus.VolumeStatus;
import io.breakwater.api.Texts;
import io.breakwater.observe.Conditions;
import io.breakwater.trust.PointKey;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import java.time.Clock;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** A sealed point as a RestorePoint: the object, and a status as if it had been captured in this cluster. */
final class ImportedPoint {
    private static final int SHOWN = 20;

    private ImportedPoint() {}

    /** The place of a RestorePoint. */
    record Place(String namespace, String name) {
        static Place of(RestorePoint object) {
            return new Place(
                    object.getMetadata().getNamespace(), object.getMetadata().getName());
        }

        @Override
        public String toString() {
            return namespace + "/" + name;
        }
    }

    /** The point that an imported RestorePoint represents; empty for every other one. */
    static Optional<PointKey> origin(RestorePoint object) {
        Map<String, String> annotations = object.getMetadata().getAnnotations();
        if (object.getSpec().trigger != Trigger.Imported || annotations == null) {
            return Optional.empty();
        }
        return PointKey.find(annotations.getOrDefault(Api.ORIGIN, ""));
    }

    /** @param joins whether the point becomes one of the policy that its seal names */
    static RestorePoint object(Place place, PointDocument document, boolean joins) {
        PointKey key = document.key();
        RestorePoint object = new RestorePoint();
        object.setMetadata(new ObjectMetaBuilder()
                .withName(place.name())
                .withNamespace(place.namespace())
                .addToFinalizers(Api.FINALIZER) // or its controller would add it with one more request
                .addToAnnotations(Api.ORIGIN, key.path())
                .addToLabels(Api.ORIGIN_SITE, key.site())
                .addToLabels(Api.ORIGIN_NAMESPACE, key.namespace())
                .build());
        object.setSpec(new RestorePointSpec());
        object.getSpec().trigger = Trigger.Imported;
        object.getSpec().deletionPolicy = DeletionPolicy.Retain;
        if (document.policy() != null && joins) {
            object.getMetadata().getLabels().put(Api.POLICY, document.policy());
            if (place.namespace().equals(key.namespace())) {
                object.getSpec().policyRef = new NamedRef(document.policy());
            }
        }
        return object;
    }

    /** Fills a status from the seal. */
    static void describe(
            RestorePointStatus s, Long generation, PointDocument d, String digest, String location, Clock clock) {
        s.capturedAt = d.capturedAt();
        s.lockedUntil = d.lockedUntil();
        s.consistency = d.consistency();
        s.epoch = d.epoch();
        s.sequence = d.sequence();
        s.storeTime = d.storeTime();
        s.trigger = d.trigger();
        s.site = d.site();
        s.namespace = d.namespace();
        s.cluster = d.cluster();
        s.namespaceUid = d.namespaceUid();
        s.point = d.point();
        s.location = location;
        s.digest = digest;
        s.volumes = d.volumes().stream().map(ImportedPoint::volume).toList();
        s.volumeCount = d.volumes().size();
        s.resourceCount = d.resourceCount();
        s.databases = d.databases().stream().map(ImportedPoint::database).toList();
        s.measured(
                d.volumes().stream()
                        .mapToLong(PointDocument.Volume::logicalBytes)
                        .sum(),
                d.volumes().stream().mapToLong(PointDocument.Volume::addedBytes).sum());
        s.copies = new ArrayList<>();
        s.copiesCompleted = 0;
        s.progress = isSealed(d) ? "sealed" : "found";
        s.warnings = isSealed(d) ? null : warnings(d);
        String origin = isSealed(d) ? "captured by site " + d.site() : "backup " + d.point() + " of Velero";
        Conditions.of(s, generation, clock).succeeded(Reason.Completed, origin + ", found in location " + location);
    }

    private static boolean isSealed(PointDocument d) {
        return d.keyId() != null;
    }

    private static List<String> warnings(PointDocument d) {
        List<String> all = new ArrayList<>();
        all.add("this backup has no signature: Breakwater detects changes from now on, but not earlier ones");
        if (!d.absentVolumes().isEmpty()) {
            all.add("the data of claims " + Texts.first(d.absentVolumes(), SHOWN)
                    + " is in Velero's own repositories, and only Velero can restore it");
        }
        return all;
    }

    /** Names of the locations of the point, according to its RestorePoint; the first is the one to read from. */
    static Set<String> claims(RestorePoint object) {
        Set<String> names = new LinkedHashSet<>();
        RestorePointStatus s = object.getStatus();
        if (s != null && s.location != null) {
            names.add(s.location);
        }
        if (s != null && s.copies != null) {
            s.copies.forEach(c -> names.add(c.location));
        }
        return names;
    }

    /** Adds a location in which the point was found. */
    static void claim(RestorePointStatus s, String location, Clock clock) {
        PointCopy copy = new PointCopy();
        copy.location = location;
        copy.state = CopyState.Completed;
        copy.completedAt = Conditions.timestamp(clock.instant());
        s.copies = s.copies == null ? new ArrayList<>() : new ArrayList<>(s.copies);
        s.copies.add(copy);
        s.copiesCompleted = s.copies.size();
    }

    /** Removes a location that does not have the point any more; another one has it. */
    static void unclaim(RestorePointStatus s, String location) {
        List<PointCopy> copies = new ArrayList<>(s.copies == null ? List.of() : s.copies);
        copies.removeIf(c -> c.location.equals(location));
        if (location.equals(s.location)) {
            s.location = copies.removeFirst().location;
        }
        s.copies = copies;
        s.copiesCompleted = copies.size();
    }

    private static VolumeStatus volume(PointDocument.Volume v) {
        VolumeStatus s = new VolumeStatus();
        s.pvc = v.pvc();
        s.storageClass = v.storageClass();
        s.size = v.size();
        s.volumeMode = v.volumeMode();
        s.repositorySnapshot = v.repositorySnapshot();
        s.logicalBytes = v.logicalBytes();
        s.addedBytes = v.addedBytes();
        s.kept = v.kept() == null ? null : new Kept(v.kept().driver(), v.kept().handle());
        return s;
    }

    private static DatabaseStatus database(PointDocument.Database d) {
        DatabaseStatus s = new DatabaseStatus();
        s.name = d.name();
        s.kind = d.kind();
        s.version = d.version();
        s.position = d.position();
        return s;
    }
}
