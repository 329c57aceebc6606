package io.breakwater.points;

import io.breakwater.api.Api;
import io.breakwater.api.Condition;
import io.breakwater.api.JournalEntry;
import io.breakwater.api.NamedRef;
import io.breakwater.api.PartialObject;
import io.breakwater.api.RestorePoint;
import io.breakwater.api.RestorePointSpec;
import io.breakwater.api.RestorePointSpec.DeletionPolicy;
import io.breakwater.api.RestorePointSpec.Trigger;
import io.breakwater.api.RestorePointStatus;
import io.breakwater.api.RestorePointStatus.CopyState;
import io.breakwater.api.RestorePointStatus.Kept;
import io.breakwater.api.RestorePointStatus.PointCopy;
import io.breakwater.api.RestorePointStatus.VolumeStatus;
import io.breakwater.points.PackedTexts.Packer;
import io.breakwater.points.PackedTexts.Unpacker;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.UnaryOperator;

/**
 * What policies, plans, the catalog, sweeps and the controller of points ask of a RestorePoint, in about 400 bytes. The archive
 * list, journal, databases, sizes and progress are absent; of the journal it has the last step while that runs. A field that a caller needs must be added here and to the test that
 * compares the answers for a record with those for the complete object.
 */
final class PointRecord {
    private static final int OVER = 1;
    private static final int DELETED = 2;
    private static final int STATUS = 4;
    private static final int TIDIES = 8;
    private static final long NO_NUMBER = Long.MIN_VALUE;

    private static final List<String> LABELS = List.of(Api.POLICY, Api.PLAN);
    private static final List<String> ANNOTATIONS = List.of(Api.ORIGIN);

    /** What all points of a policy have in common. */
    record Common(
            String namespace,
            String policy,
            Trigger trigger,
            DeletionPolicy deletionPolicy,
            Boolean hold,
            List<String> labels,
            List<String> finalizers,
            String site,
            String source,
            String cluster,
            String namespaceUid,
            Trigger cause) {
        private boolean hasSameSpec(Common other) {
            return Objects.equals(policy, other.policy)
                    && trigger == other.trigger
                    && deletionPolicy == other.deletionPolicy
                    && Objects.equals(hold, other.hold);
        }
    }

    private final Common common;
    private final byte flags;

    /** The resource version if it is a number, as that of all known API servers is. */
    private final long version;

    private final String otherVersion;
    private final int generation;
    private final long epoch;

    /** First what a policy asks, then the rest. */
    private final byte[] texts;

    private final int asked;

    private PointRecord(RestorePoint point, Common common) {
        ObjectMeta meta = point.getMetadata();
        RestorePointStatus s = point.getStatus();
        this.common = common;
        this.flags = (byte) ((point.isOver() ? OVER : 0)
                | (meta.getDeletionTimestamp() == null ? 0 : DELETED)
                | (s == null ? 0 : STATUS)
                | (point.isTidying() ? TIDIES : 0));
        this.version = number(meta.getResourceVersion());
        this.otherVersion = version == NO_NUMBER ? meta.getResourceVersion() : null;
        this.generation =
                meta.getGeneration() == null ? -1 : meta.getGeneration().intValue();
        this.epoch = s == null || s.epoch == null ? NO_NUMBER : s.epoch;
        Packer packer = new Packer();
        packAsked(packer, point);
        this.asked = packer.size();
        packRest(packer, point);
        this.texts = packer.bytes();
    }

    /** @param shared returns the one instance of equal values */
    static PointRecord of(RestorePoint point, UnaryOperator<Common> shared) {
        return new PointRecord(point, shared.apply(common(point)));
    }

    /** The fields of the record as an object that cannot be written. */
    RestorePoint toPoint(String name) {
        RestorePoint point = new RestorePoint();
        ObjectMeta meta = point.getMetadata();
        meta.setNamespace(common.namespace);
        meta.setName(name);
        meta.setResourceVersion(resourceVersion());
        meta.setGeneration(generation < 0 ? null : (long) generation);
        meta.setFinalizers(new ArrayList<>(common.finalizers));
        meta.setLabels(map(LABELS, common.labels));
        point.setSpec(spec());
        Unpacker unpacker = new Unpacker(texts);
        meta.setUid(unpacker.text());
        meta.setCreationTimestamp(unpacker.text());
        meta.setDeletionTimestamp(unpacker.text());
        RestorePointStatus s = new RestorePointStatus();
        unpackAsked(unpacker, s);
        meta.setAnnotations(map(ANNOTATIONS, Arrays.asList(unpacker.text())));
        unpackRest(unpacker, s, name);
        if ((flags & TIDIES) != 0) {
            s.journal.add(JournalEntry.running(RestorePoint.TIDY, null));
        }
        point.setStatus((flags & STATUS) == 0 ? null : s);
        PartialObject.mark(point);
        return point;
    }

    String resourceVersion() {
        return version == NO_NUMBER ? otherVersion : Long.toString(version);
    }

    boolean isImported() {
        return common.trigger == Trigger.Imported;
    }

    /** Name of the policy; null if the point names none. */
    String policy() {
        return common.policy;
    }

    boolean isOver() {
        return (flags & OVER) != 0;
    }

    /** Whether the first step of a capture on this cluster is done, and the capture has not ended. */
    boolean isStarted() {
        return common.site != null && !isOver() && !isImported();
    }

    boolean isBeingDeleted() {
        return (flags & DELETED) != 0;
    }

    /** Whether the policies of both states read the same from them: while a point is not over, its progress does not count. */
    boolean answersLike(PointRecord before) {
        return common.hasSameSpec(before.common)
                && isBeingDeleted() == before.isBeingDeleted()
                && isOver() == before.isOver()
                && (!isOver() && uid().equals(before.uid())
                        || Arrays.equals(texts, 0, asked, before.texts, 0, before.asked));
    }

    private String uid() {
        return Objects.requireNonNullElse(new Unpacker(texts).text(), "");
    }

    private RestorePointSpec spec() {
        RestorePointSpec spec = new RestorePointSpec();
        spec.policyRef = common.policy == null ? null : new NamedRef(common.policy);
        spec.trigger = common.trigger;
        spec.deletionPolicy = common.deletionPolicy;
        spec.hold = common.hold;
        return spec;
    }

    private static Common common(RestorePoint point) {
        ObjectMeta meta = point.getMetadata();
        RestorePointSpec spec = point.getSpec();
        RestorePointStatus s = point.getStatus() == null ? new RestorePointStatus() : point.getStatus();
        return new Common(
                meta.getNamespace(),
                spec.policyRef == null ? null : spec.policyRef.name,
                spec.trigger,
                spec.deletionPolicy,
                spec.hold,
                values(LABELS, meta.getLabels()),
                List.copyOf(meta.getFinalizers()),
                s.site,
                s.namespace,
                s.cluster,
                s.namespaceUid,
                s.trigger);
    }

    private static void packAsked(Packer packer, RestorePoint point) {
        ObjectMeta meta = point.getMetadata();
        RestorePointStatus s = point.getStatus() == null ? new RestorePointStatus() : point.getStatus();
        packer.add(meta.getUid()).add(meta.getCreationTimestamp()).add(meta.getDeletionTimestamp());
        Condition succeeded = s.condition(Condition.SUCCEEDED).orElse(new Condition());
        boolean failed = point.hasFailed();
        packer.add(succeeded.status)
                .add(failed ? succeeded.reason : null)
                .add(failed ? succeeded.message : null)
                .add(s.capturedAt)
                .add(s.lockedUntil)
                .add(s.location);
        packer.add(s.copies == null ? 0 : s.copies.size() + 1);
        for (PointCopy copy : s.copies == null ? List.<PointCopy>of() : s.copies) {
            packer.add(copy.location)
                    .add(copy.state == null ? null : copy.state.name())
                    .add(copy.message);
        }
    }

    private void unpackAsked(Unpacker unpacker, RestorePointStatus s) {
        Condition succeeded = new Condition();
        succeeded.type = Condition.SUCCEEDED;
        succeeded.status = unpacker.text();
        succeeded.reason = unpacker.text();
        succeeded.message = unpacker.text();
        if (succeeded.status != null) {
            s.conditions.add(succeeded);
        }
        s.capturedAt = unpacker.text();
        s.lockedUntil = unpacker.text();
        s.location = unpacker.text();
        int copies = unpacker.number();
        s.copies = copies == 0 ? null : new ArrayList<>();
        for (int i = 1; i < copies; i++) {
            PointCopy copy = new PointCopy();
            copy.location = unpacker.text();
            String state = unpacker.text();
            copy.state = state == null ? null : CopyState.valueOf(state);
            copy.message = unpacker.text();
            s.copies.add(copy);
        }
    }

    private static void packRest(Packer packer, RestorePoint point) {
        values(ANNOTATIONS, point.getMetadata().getAnnotations()).forEach(packer::add);
        RestorePointStatus s = point.getStatus() == null ? new RestorePointStatus() : point.getStatus();
        boolean named = Objects.equals(s.point, point.getMetadata().getName());
        packer.add(named ? 1 : 0).add(named ? null : s.point).add(s.digest);
        packer.add(s.storeTime).add(s.sequence == null ? 0 : s.sequence.intValue());
        packer.add(s.volumes == null ? 0 : s.volumes.size() + 1);
        for (VolumeStatus volume : s.volumes == null ? List.<VolumeStatus>of() : s.volumes) {
            packer.add(volume.repositorySnapshot).add(volume.kept == null ? 0 : 1);
        }
    }

    private void unpackRest(Unpacker unpacker, RestorePointStatus s, String name) {
        boolean named = unpacker.number() == 1;
        String other = unpacker.text();
        s.point = named ? name : other;
        s.digest = unpacker.text();
        s.storeTime = unpacker.text();
        int sequence = unpacker.number();
        s.sequence = sequence == 0 ? null : (long) sequence;
        s.site = common.site;
        s.namespace = common.source;
        s.cluster = common.cluster;
        s.namespaceUid = common.namespaceUid;
        s.trigger = common.cause;
        s.epoch = epoch == NO_NUMBER ? null : epoch;
        int volumes = unpacker.number();
        s.volumes = volumes == 0 ? null : new ArrayList<>();
        for (int i = 1; i < volumes; i++) {
            VolumeStatus volume = new VolumeStatus();
            volume.repositorySnapshot = unpacker.text();
            volume.kept = unpacker.number() == 0 ? null : new Kept();
            s.volumes.add(volume);
        }
    }

    /** Values of some keys, in their order; null for an absent one. */
    private static List<String> values(List<String> keys, Map<String, String> map) {
        return keys.stream().map(key -> map == null ? null : map.get(key)).toList();
    }

    private static Map<String, String> map(List<String> keys, List<String> values) {
        Map<String, String> map = new HashMap<>();
        for (int i = 0; i < keys.size(); i++) {
            if (values.get(i) != null) {
                map.put(keys.get(i), values.get(i));
            }
        }
        return map;
    }

    private static long number(String version) {
        try {
            long number = version == null ? NO_NUMBER : Long.parseLong(version);
            return Long.toString(number).equals(version) ? number : NO_NUMBER;
        } catch (NumberFormatException e) {
            return NO_NUMBER;
        }
    }
}
