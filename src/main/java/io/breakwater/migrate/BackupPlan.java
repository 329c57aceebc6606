package io.breakwater.migrate;

import io.breakwater.api.BackupPolicySpec.VolumeMethod;
import io.breakwater.velero.model.Backup;
import io.breakwater.velero.model.Schedule;
import java.time.Duration;
import java.util.Optional;

/**
 * A Schedule, or a Backup that was made by hand, as far as both are alike.
 *
 * @param at path of the backup's specification, with a dot at its end
 * @param timing when it runs; empty for a Backup, and for a schedule that has no equal
 * @param reach the namespaces that it is for
 */
record BackupPlan(
        String name,
        String namespace,
        String at,
        Backup.Spec spec,
        Optional<ScheduleConversion> timing,
        boolean paused,
        NamespaceScope reach,
        ConversionReport.Subject about) {
    /** How long Velero keeps a backup when nothing is said. */
    private static final Duration KEPT = Duration.ofDays(30);

    static BackupPlan of(Schedule schedule, ConversionReport report) {
        String name = schedule.getMetadata().getName();
        String namespace = schedule.getMetadata().getNamespace();
        ConversionReport.Subject about = report.about("Schedule", namespace, name);
        Schedule.Spec spec = schedule.getSpec() == null ? new Schedule.Spec() : schedule.getSpec();
        String expression = spec.schedule == null ? "" : spec.schedule;
        Optional<ScheduleConversion> timing = ScheduleConversion.of(expression);
        if (timing.isEmpty()) {
            about.tell(
                    "spec.schedule",
                    "'" + expression
                            + "' has no equal in the five fields of cron; write spec.schedule into the BackupPolicy");
        }
        if (Boolean.TRUE.equals(spec.useOwnerReferencesInBackup)) {
            about.tell(
                    "spec.useOwnerReferencesInBackup",
                    "a RestorePoint stays when its policy is deleted; retention or its deletion removes it");
        }
        if (Boolean.TRUE.equals(spec.skipImmediately)) {
            about.tell("spec.skipImmediately", "a new policy waits for its first time anyway");
        }
        spec.more().keySet().forEach(f -> about.tell("spec." + f, "is not known and left out"));
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

    Duration kept() {
        return GoDurations.parse(spec.ttl).filter(Duration::isPositive).orElse(KEPT);
    }

    /** Whether Velero read volumes as they were; null where it did not, since that is the default. */
    VolumeMethod volumes() {
        boolean files =
                Boolean.TRUE.equals(spec.defaultVolumesToFsBackup) || Boolean.TRUE.equals(spec.defaultVolumesToRestic);
        return files ? VolumeMethod.LiveCopy : null;
    }

    /**
     * The label that claims are grouped by. Velero writes its usual one into every Backup, whether claims have it or not, so that
     * one says nothing.
     */
    String groupBy() {
        String key = spec.volumeGroupSnapshotLabelKey;
        return key == null || key.isEmpty() || key.equals("velero.io/volume-group") ? null : key;
    }

    /** Tells what of the specification a policy has no place for. */
    void tellWhatIsLeft() {
        tell(
                "metadata",
                spec.metadata != null && spec.metadata.labels != null,
                "labels of a policy are not passed on to points");
        tell(
                "snapshotVolumes",
                Boolean.FALSE.equals(spec.snapshotVolumes),
                "volumes are captured always; leave claims out by" + " spec.source.exclude, or take them as they come");
        tell(
                "snapshotMoveData",
                Boolean.FALSE.equals(spec.snapshotMoveData),
                "the content of volumes goes to the location; for snapshots that stay in the storage as well, add a"
                        + " BackupPolicy with spec.volumes.method Snapshot");
        String snapshotsFirst =
                "became spec.volumes.method LiveCopy: volumes with CSI snapshots are still read from those,"
                        + " since only then their files belong to one moment";
        tell("defaultVolumesToFsBackup", Boolean.TRUE.equals(spec.defaultVolumesToFsBackup), snapshotsFirst);
        tell("defaultVolumesToRestic", Boolean.TRUE.equals(spec.defaultVolumesToRestic), snapshotsFirst);
        tell(
                "datamover",
                spec.datamover != null && !spec.datamover.isEmpty() && !spec.datamover.equals("velero"),
                "'" + spec.datamover + "' is another mover; Breakwater has its own");
        tell(
                "uploaderConfig",
                spec.uploaderConfig != null && spec.uploaderConfig.parallelFilesUpload != null,
                "the mover reads files in parallel on its own; spec.volumes.mover.parallelism is for volumes");
        tell(
                "csiSnapshotTimeout",
                differs(spec.csiSnapshotTimeout, "10m"),
                "a snapshot is waited for for as long as the step may take");
        tell(
                "itemOperationTimeout",
                differs(spec.itemOperationTimeout, "4h"),
                "a mover may run for as long as it makes progress");
        tell(
                "volumeGroupSnapshotLabelKey",
                groupBy() != null,
                "became spec.volumes.groupBy: a point fails where a group of claims cannot be cut by one group"
                        + " snapshot");
        tell(
                "volumeSnapshotLocations",
                spec.volumeSnapshotLocations != null && !spec.volumeSnapshotLocations.isEmpty(),
                "there are no native snapshots; the content of volumes goes to the location");
        tell(
                "orderedResources",
                spec.orderedResources != null && !spec.orderedResources.isEmpty(),
                "objects have no order when they are captured; what must be consistent belongs between hooks");
        tell(
                "resourcePolicy",
                spec.resourcePolicy != null,
                "rules for volumes are not converted; write spec.source.exclude and spec.volumes.allowUnprotected");
        spec.more().keySet().forEach(f -> about.tell(at + f, "is not known and left out"));
    }

    private void tell(String field, boolean set, String message) {
        if (set) {
            about.tell(at + field, message);
        }
    }

    private static boolean differs(String duration, String usual) {
        return duration != null && !GoDurations.parse(duration).equals(GoDurations.parse(usual));
    }
}
