package io.breakwater.mover;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** What a mover Job does. Arguments are those of {@code images/breakwater-mover/mover}. */
public sealed interface MoverTask {
    /** For repositories in locations that are read-only. */
    String NO_LOCK = "--no-lock";

    /** Where a mover finds the device of a raw block volume. */
    String DEVICE = "/dev/breakwater";

    /**
     * Makes the repository unless it is there.
     *
     * @param keyId id of the master key that its password derives from
     */
    record Init(String keyId) implements MoverTask {}

    /**
     * Adds the first of the passwords to the repository unless it opens it, and finds out which of its keys the others open.
     *
     * @param keyId id of the master key that the first password derives from
     */
    record Rekey(String keyId) implements MoverTask {}

    /**
     * Reads a volume into the repository.
     *
     * @param claim PersistentVolumeClaim to mount, read-only
     * @param path where it is mounted, and what the repository's snapshot calls it
     * @param host restic host: {@code <site>-<namespace>}
     * @param tags restic tags
     * @param node where the claim must be mounted, since it is in use there; null for anywhere
     */
    record Backup(String claim, String path, String host, Map<String, String> tags, String node) implements MoverTask {}

    /**
     * Reads a raw block volume into the repository, as one file.
     *
     * @param claim PersistentVolumeClaim whose device is read
     * @param path what the repository's snapshot calls the file; one name and a slash in front, since restic 0.18.0 makes no
     *     directories for what it reads from a command
     * @param host as for {@link Backup}
     * @param tags restic tags
     */
    record BackupDevice(String claim, String path, String host, Map<String, String> tags) implements MoverTask {}

    /**
     * Writes the file of a repository snapshot over a raw block volume, and zeros over what is left of it.
     *
     * @param claim PersistentVolumeClaim whose device is written
     * @param path the file in the repository's snapshot
     * @param snapshot restic snapshot id
     * @param locked as for {@link Fill}
     */
    record FillDevice(String claim, String path, String snapshot, boolean locked) implements MoverTask {}

    /**
     * Makes a volume's content equal to that of a repository snapshot.
     *
     * @param claim PersistentVolumeClaim to mount
     * @param path the path in the repository's snapshot
     * @param snapshot restic snapshot id
     * @param locked whether the repository is locked against removal meanwhile; impossible where it is read-only
     */
    record Fill(String claim, String path, String snapshot, boolean locked) implements MoverTask {}

    /**
     * Writes files of a repository snapshot into a volume, and removes nothing.
     *
     * @param claim PersistentVolumeClaim to mount
     * @param path the path in the repository's snapshot that is the volume's root
     * @param snapshot restic snapshot id
     * @param overwrite whether files that exist are overwritten
     * @param locked as for {@link Fill}
     * @param files patterns below the root, each with a slash in front
     */
    record Files(String claim, String path, String snapshot, boolean overwrite, boolean locked, List<String> files)
            implements MoverTask {}

    /**
     * Mounts a volume, and does nothing with it.
     *
     * @param claim PersistentVolumeClaim
     * @param block whether it is a raw block volume
     */
    record Mount(String claim, boolean block) implements MoverTask {}

    /** Removes snapshots, and the data that only they needed. */
    record Forget(List<String> snapshots) implements MoverTask {}

    /**
     * Reads every block that snapshots reach, and compares it with its hash.
     *
     * @param locked as with {@link Fill}
     */
    record Verify(List<String> snapshots, boolean locked) implements MoverTask {}

    /** Arguments of the mover program. */
    default List<String> arguments() {
        return switch (this) {
            case Init i -> List.of("init");
            case Rekey r -> List.of("rekey", r.keyId);
            case Backup b -> with(List.of("backup", b.path, b.host), tags(b.tags));
            case BackupDevice b -> with(List.of("backup-device", DEVICE, b.path, b.host), tags(b.tags));
            case FillDevice f ->
                with(List.of("fill-device", DEVICE, f.path, f.snapshot), f.locked ? List.of() : List.of(NO_LOCK));
            case Fill f ->
                f.locked ? List.of("fill", f.path, f.snapshot) : List.of("fill", f.path, f.snapshot, NO_LOCK);
            case Files f -> {
                List<String> args = new ArrayList<>(List.of("files", f.snapshot, f.overwrite ? "always" : "never"));
                if (!f.locked) {
                    args.add(NO_LOCK);
                }
                f.files.forEach(file -> args.add(f.path + file));
                yield args;
            }
            case Mount m -> List.of("mount");
            case Verify v -> with(v.locked ? List.of("verify") : List.of("verify", NO_LOCK), v.snapshots);
            case Forget f -> with(List.of("forget"), f.snapshots);
        };
    }

    private static List<String> tags(Map<String, String> tags) {
        return tags.entrySet().stream()
                .map(t -> t.getKey() + "=" + t.getValue())
                .toList();
    }

    private static List<String> with(List<String> verb, List<String> rest) {
        List<String> args = new ArrayList<>(verb);
        args.addAll(rest);
        return args;
    }
}
