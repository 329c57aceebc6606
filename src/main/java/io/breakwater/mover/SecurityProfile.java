package io.breakwater.mover;

import io.fabric8.kubernetes.api.model.PodSecurityContext;
import io.fabric8.kubernetes.api.model.PodSecurityContextBuilder;
import io.fabric8.kubernetes.api.model.SecurityContext;
import io.fabric8.kubernetes.api.model.SecurityContextBuilder;
import java.util.List;

/**
 * The rights of a mover's container, by its task. All profiles have a read-only root file system, the seccomp profile of the
 * container runtime, and no privilege escalation. Capabilities work for root only, so a task that needs one runs as root.
 */
enum SecurityProfile {
    /** Reads and writes no volume: an ordinary user without capabilities. */
    UNPRIVILEGED(65532L, List.of()),

    /**
     * Reads files of any owner and mode. DAC_OVERRIDE ignores their permissions, and the mount is read-only. DAC_READ_SEARCH is not
     * the lesser right: it opens files of the node by their handles, and Pod Security {@code baseline} refuses it.
     */
    READ_FILES(0L, List.of("DAC_OVERRIDE")),

    /** Reads or writes a block device. Its node belongs to root, and the runtime admits the container to this device only. */
    DEVICE(0L, List.of()),

    /**
     * Restores files of any owner and mode:
     *
     * <ul>
     *   <li>CHOWN sets their owner and group.
     *   <li>DAC_OVERRIDE replaces and deletes files in directories that other users own or that are read-only.
     *   <li>FOWNER sets mode, times and attributes of files after their owner was set, and deletes in sticky directories.
     *   <li>FSETID retains the set-user-ID and set-group-ID bits of files of other groups.
     *   <li>MKNOD creates device files.
     *   <li>SETFCAP sets the capabilities of program files.
     * </ul>
     */
    WRITE_FILES(0L, List.of("CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "MKNOD", "SETFCAP"));

    private final long user;
    private final List<String> capabilities;

    SecurityProfile(long user, List<String> capabilities) {
        this.user = user;
        this.capabilities = capabilities;
    }

    static SecurityProfile of(MoverTask task) {
        return switch (task) {
            case MoverTask.Init _, MoverTask.Rekey _, MoverTask.Verify _, MoverTask.Prune _, MoverTask.Mount _ ->
                UNPRIVILEGED; // Mount leaves the volume to the kubelet, and reads nothing of it
            case MoverTask.Backup _ -> READ_FILES;
            case MoverTask.BackupDevice _, MoverTask.FillDevice _ -> DEVICE;
            case MoverTask.Fill _, MoverTask.Files _ -> WRITE_FILES;
        };
    }

    /** Without an fsGroup: it would change the owners of all files in a volume. */
    PodSecurityContext pod() {
        return new PodSecurityContextBuilder()
                .withRunAsUser(user)
                .withRunAsGroup(user)
                .withRunAsNonRoot(user != 0)
                .withNewSeccompProfile()
                .withType("RuntimeDefault")
                .endSeccompProfile()
                .build();
    }

    SecurityContext container() {
        return new SecurityContextBuilder()
                .withAllowPrivilegeEscalation(false)
                .withReadOnlyRootFilesystem(true)
                .withNewCapabilities()
                .withDrop("ALL")
                .withAdd(capabilities)
                .endCapabilities()
                .build();
    }
}
