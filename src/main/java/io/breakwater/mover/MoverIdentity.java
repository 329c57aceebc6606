package io.breakwater.mover;

import io.breakwater.api.WorkloadUser;
import io.fabric8.kubernetes.api.model.PodSecurityContext;
import io.fabric8.kubernetes.api.model.PodSecurityContextBuilder;
import io.fabric8.kubernetes.api.model.SecurityContext;
import java.util.ArrayList;
import java.util.List;

/**
 * The user that a mover runs as. A task without a volume never has root. A task with a volume has the rights of its
 * {@link SecurityProfile}, or it runs as the user of the workload, with no capability. The second form satisfies Pod Security
 * {@code restricted}.
 *
 * @param user of the workload; null with the rights of the profile
 */
record MoverIdentity(SecurityProfile profile, WorkloadUser user) {
    /** User of a mover that knows no workload. */
    private static final long ANYBODY = 65532L;

    /** @param privileged whether the namespace permits movers that run as root */
    static MoverIdentity of(MoverJobs.Request request, boolean privileged) {
        SecurityProfile profile = SecurityProfile.of(request.task());
        WorkloadUser chosen = request.settings().securityContext;
        if (profile == SecurityProfile.UNPRIVILEGED || chosen == null && privileged) {
            return new MoverIdentity(profile, null);
        }
        return new MoverIdentity(profile, (chosen == null ? new WorkloadUser() : chosen).orElse(request.user()));
    }

    /** Whether the task would run as root, but runs as the user of the workload. */
    boolean isWithoutRoot() {
        return user != null;
    }

    PodSecurityContext pod() {
        if (user == null) {
            return profile.pod();
        }
        // A workload that runs as root names no user that a mover without root can have.
        boolean known = user.runAsUser != null && user.runAsUser > 0;
        long uid = known ? user.runAsUser : ANYBODY;
        Long gid = known || user.runAsGroup != null ? user.runAsGroup : Long.valueOf(ANYBODY);
        Long group = fsGroup(uid);
        List<Long> others = new ArrayList<>(user.groups());
        others.remove(gid);
        others.remove(group);
        return new PodSecurityContextBuilder()
                .withRunAsUser(uid)
                .withRunAsGroup(gid)
                .withRunAsNonRoot(true)
                .withFsGroup(group)
                .withFsGroupChangePolicy(group == null ? null : "OnRootMismatch")
                .withSupplementalGroups(others)
                .withNewSeccompProfile()
                .withType("RuntimeDefault")
                .endSeccompProfile()
                .build();
    }

    /**
     * The kubelet gives the files of a volume to the fsGroup. A new volume belongs to root, so a restore needs one. A mover that
     * reads must not change the volume: it has the group of the workload as one of its groups.
     */
    private Long fsGroup(long uid) {
        if (profile != SecurityProfile.WRITE_FILES) {
            return null;
        }
        if (user.fsGroup != null) {
            return user.fsGroup;
        }
        return user.runAsGroup == null || user.runAsGroup == 0 ? Long.valueOf(uid) : user.runAsGroup;
    }

    SecurityContext container() {
        return user == null ? profile.container() : SecurityProfile.UNPRIVILEGED.container();
    }
}
