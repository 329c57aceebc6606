package io.breakwater.migrate;

import io.breakwater.api.BackupPolicySpec.VolumeMethod;
import io.breakwater.api.GoDurations;
import io.breakwater.velero.model.Backup;
import io.breakwater.velero.model.Schedule;
import java.time.Duration;
import java.util.Optional;

/**
 * The common part of a Schedule, and of a Backup that was created by hand.
 *
 * @param at path of the backup's specification, with a dot at its end
 * @param timing times of the schedule; empty for a Backup, and for a schedule without an equivalent
 * @param scope the selected namespaces
 */
record BackupPlan(
        String name,
        String namespace,
        String at,
        Backup.Spec spec,
        Optional<ScheduleConversion> timing,
        boolean paused,
        NamespaceScope scope,
        ConversionReport.Subject about) {
    /** Velero's default of the ttl. */
    private static final Duration DEFAULT_TTL = Duration.ofDays(30);

    static BackupPlan of(Schedule schedule, ConversionReport report) {
        String name = schedule.getMetadata().getName();
        String namespace = schedule.getMetadata().getNamespace();
        ConversionReport.Subject about = report.about("Schedule", namespace, name);
        Schedule.Spec spec = schedule.getSpec() == null ? new Schedule.Spec() : schedule.getSpec();
        String expression = spec.schedule == null ? "" : spec.schedule;
        Optional<ScheduleConversion> timing = ScheduleConversion.of(expression);
        if (timing.isEmpty()) {
            about.add(
                    "spec.schedule",
                    "'" + expression
                            + "' has no equivalent with the five fields of cron; set spec.schedule of the"
                            + " BackupPolicy");
        }
        if (Boolean.TRUE.equals(spec.useOwnerReferencesInBackup)) {
            about.add(
                    "spec.useOwnerReferencesInBackup",
                    "a RestorePoint stays when its policy is deleted, until retention or a user deletes it");
        }
        if (Boolean.TRUE.equals(spec.skipImmediately)) {
            about.add("spec.skipImmediately", "a new policy always waits for its first scheduled time");
        }
        spec.more().keySet().forEach(f -> about.add("spec." + f, "unknown field, skipped"));
        Backup.Spec template = spec.template == null ? new Backup.Spec() : spec.template;
        return new BackupPlan(
                name,
                namespace,
                "spec.template.",
                template,
                timing,
                Boolean.TRUE.equals(spec.paused),
                NamespaceScope.of(template, "spec.template.", about),
                about);
    }

    static BackupPlan of(Backup backup, ConversionReport report) {
        String name = backup.getMetadata().getName();
        String namespace = backup.getMetadata().getNamespace();
        ConversionReport.Subject about = report.about("Backup", namespace, name);
        Backup.Spec spec = backup.getSpec() == null ? new Backup.Spec() : backup.getSpec();
        return new BackupPlan(
                name,
                namespace,
                "spec.",
                spec,
                Optional.empty(),
                false,
                NamespaceScope.of(spec, "spec.", about),
                about);
    }

    Duration ttl() {
        return GoDurations.parse(spec.ttl).filter(Duration::isPositive).orElse(DEFAULT_TTL);
    }

    /** LiveCopy if Velero read volumes while they were in use; null otherwise, for the default. */
    VolumeMethod volumes() {
        boolean files =
                Boolean.TRUE.equals(spec.defaultVolumesToFsBackup) || Boolean.TRUE.equals(spec.defaultVolumesToRestic);
        return files ? VolumeMethod.LiveCopy : null;
    }

    /**
     * The label by which claims are grouped. Velero writes its default label into every Backup, also if no claim has
     * it, so the default counts as absent.
     */
    String groupBy() {
        String key = spec.volumeGroupSnapshotLabelKey;
        return key == null || key.isEmpty() || key.equals("velero.io/volume-group") ? null : key;
    }

    /** Reports the fields of the specification that have no equivalent in a policy. */
    void reportUnsupported() {
        addIf(
                "metadata",
                spec.metadata != null && spec.metadata.labels != null,
                "labels of a policy are not copied to points");
        addIf(
                "snapshotVolumes",
                Boolean.FALSE.equals(spec.snapshotVolumes),
                "volumes are always captured; exclude claims with spec.source.exclude if they are not needed");
        addIf(
                "snapshotMoveData",
                Boolean.FALSE.equals(spec.snapshotMoveData),
                "the content of volumes is moved to the location; to retain snapshots in the storage as well, add a"
                        + " BackupPolicy with spec.volumes.method Snapshot");
        String snapshotsFirst =
                "became spec.volumes.method LiveCopy: volumes with CSI snapshots are still read from snapshots,"
                        + " because only then all files belong to one moment";
        addIf("defaultVolumesToFsBackup", Boolean.TRUE.equals(spec.defaultVolumesToFsBackup), snapshotsFirst);
        addIf("defaultVolumesToRestic", Boolean.TRUE.equals(spec.defaultVolumesToRestic), snapshotsFirst);
        addIf(
                "datamover",
                spec.datamover != null && !spec.datamover.isEmpty() && !spec.datamover.equals("velero"),
                "'" + spec.datamover + "' is another mover; Breakwater uses its own");
        addIf(
                "uploaderConfig",
                spec.uploaderConfig != null && spec.uploaderConfig.parallelFilesUpload != null,
                "the mover always reads files in parallel; spec.volumes.mover.parallelism sets the number of volumes");
        addIf(
                "csiSnapshotTimeout",
                differs(spec.csiSnapshotTimeout, "10m"),
                "the timeout of the capture step applies to snapshots");
        addIf(
                "itemOperationTimeout",
                differs(spec.itemOperationTimeout, "4h"),
                "a mover may run as long as it makes progress");
        addIf(
                "volumeGroupSnapshotLabelKey",
                groupBy() != null,
                "became spec.volumes.groupBy: a point fails if one group snapshot cannot capture a group of claims");
        addIf(
                "volumeSnapshotLocations",
                spec.volumeSnapshotLocations != null && !spec.volumeSnapshotLocations.isEmpty(),
                "native snapshots are not supported; the content of volumes is moved to the location");
        addIf(
                "orderedResources",
                spec.orderedResources != null && !spec.orderedResources.isEmpty(),
                "objects are captured in no order; use hooks where data must be consistent");
        addIf(
                "resourcePolicy",
                spec.resourcePolicy != null,
                "rules for volumes are not converted; set spec.source.exclude and spec.volumes.allowUnprotected");
        spec.more().keySet().forEach(f -> about.add(at + f, "unknown field, skipped"));
    }

    private void addIf(String field, boolean set, String message) {
        if (set) {
            about.add(at + field, message);
        }
    }

    private static boolean differs(String duration, String usual) {
        return duration != null && !GoDurations.parse(duration).equals(GoDurations.parse(usual));
    }
}
