package io.breakwater.mover;

import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.api.RepositoryNames;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The task of a mover Job. The arguments are those of {@code images/breakwater-mover/mover}. Every task checks its ids and paths,
 * because documents and statuses name them: an illegal one throws a {@link io.breakwater.api.BreakwaterException} (Tampered).
 */
public sealed interface MoverTask {
    /** Path of the device of a raw block volume in a mover. */
    String DEVICE = "/dev/breakwater";

    /**
     * Creates the repository unless it exists.
     *
     * @param keyId id of the master key from which its password derives
     */
    record Init(String keyId) implements MoverTask {}

    /**
     * Adds the first password to the repository unless it opens the repository already, and reports which keys of the repository
     * the other passwords open.
     *
     * @param keyId id of the master key from which the first password derives
     */
    record Rekey(String keyId) implements MoverTask {}

    /**
     * Reads a volume into the repository.
     *
     * @param claim PersistentVolumeClaim to mount, read-only
     * @param path where it is mounted, and its path in the repository's snapshot
     * @param host restic host: {@code <site>-<namespace>}
     * @param tags restic tags
     * @param node the node that the claim is in use on; null for any node
     */
    record Backup(String claim, String path, String host, Map<String, String> tags, String node) implements MoverTask {
        public Backup {
            RepositoryNames.requireFiles(path);
        }
    }

    /**
     * Reads a raw block volume into the repository, as one file.
     *
     * @param claim PersistentVolumeClaim whose device is read
     * @param path the file in the repository's snapshot: a slash and one name, because restic 0.18.0 creates no directories for
     *     the output of a command
     * @param host as for {@link Backup}
     * @param tags restic tags
     */
    record BackupDevice(String claim, String path, String host, Map<String, String> tags) implements MoverTask {
        public BackupDevice {
            RepositoryNames.requireDevice(path);
        }
    }

    /**
     * Writes the file of a repository snapshot to a raw block volume, and zeros to the rest of the volume.
     *
     * @param claim PersistentVolumeClaim whose device is written
     * @param path the file in the repository's snapshot
     * @param snapshot restic snapshot id
     */
    record FillDevice(String claim, String path, String snapshot) implements MoverTask {
        public FillDevice {
            RepositoryNames.requireDevice(path);
            RepositoryNames.requireSnapshot(snapshot);
        }
    }

    /**
     * Makes the content of a volume equal to that of a repository snapshot.
     *
     * @param claim PersistentVolumeClaim to mount
     * @param path the path in the repository's snapshot
     * @param snapshot restic snapshot id
     */
    record Fill(String claim, String path, String snapshot) implements MoverTask {
        public Fill {
            RepositoryNames.requireFiles(path);
            RepositoryNames.requireSnapshot(snapshot);
        }
    }

    /**
     * Writes files of a repository snapshot to a volume, and deletes nothing.
     *
     * @param claim PersistentVolumeClaim to mount
     * @param path the root of the volume in the repository's snapshot
     * @param snapshot restic snapshot id
     * @param overwrite whether files that exist are overwritten
     * @param files paths relative to the root, each starting with a slash, in the notation of {@link FilePattern}
     */
    record Files(String claim, String path, String snapshot, boolean overwrite, List<String> files)
            implements MoverTask {
        public Files {
            RepositoryNames.requireFiles(path);
            RepositoryNames.requireSnapshot(snapshot);
            files = List.copyOf(files);
        }
    }

    /**
     * Mounts a volume, and does nothing with it.
     *
     * @param claim PersistentVolumeClaim
     * @param block whether it is a raw block volume
     */
    record Mount(String claim, boolean block) implements MoverTask {}

    /**
     * Deletes the data that no snapshot needs.
     *
     * @param repack bytes of packs that one run rewrites at most, in the notation of restic
     */
    record Prune(String repack) implements MoverTask {
        public Prune {
            if (!repack.matches("[0-9]+[kKmMgGtT]?")) {
                throw BreakwaterException.permanent(
                        Reason.InvalidSpec,
                        "sweep.prune.maxRepack: '" + repack + "' is not a valid number of bytes of restic; set it to a"
                                + " number with k, m, g or t, such as 10G");
            }
        }
    }

    /** Reads every block of snapshots, and compares it with its hash. */
    record Verify(List<String> snapshots) implements MoverTask {
        public Verify {
            snapshots = List.copyOf(snapshots);
            snapshots.forEach(RepositoryNames::requireSnapshot);
        }
    }

    /** Arguments of the mover program. */
    default List<String> arguments() {
        return switch (this) {
            case Init i -> List.of("init");
            case Rekey r -> List.of("rekey", r.keyId);
            case Backup b -> with(List.of("backup", b.path, b.host), tags(b.tags));
            case BackupDevice b -> with(List.of("backup-device", DEVICE, b.path, b.host), tags(b.tags));
            case FillDevice f -> List.of("fill-device", DEVICE, f.path, f.snapshot);
            case Fill f -> List.of("fill", f.path, f.snapshot);
            case Files f ->
                with(
                        List.of("files", f.snapshot, f.overwrite ? "always" : "never"),
                        f.files.stream()
                                .map(file -> f.path + FilePattern.escaped(file))
                                .toList());
            case Mount m -> List.of("mount");
            case Verify v -> with(List.of("verify"), v.snapshots);
            case Prune p -> List.of("prune", p.repack);
        };
    }

    /** Name of the claim whose volume the task mounts; empty for a task without one. */
    default Optional<String> mountedClaim() {
        return Optional.ofNullable(
                switch (this) {
                    case Backup b -> b.claim;
                    case BackupDevice b -> b.claim;
                    case Fill f -> f.claim;
                    case FillDevice f -> f.claim;
                    case Files f -> f.claim;
                    case Mount m -> m.claim;
                    case Init _, Rekey _, Verify _, Prune _ -> null;
                });
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
