package io.breakwater.trust;

import io.breakwater.api.BackupLocation;
import io.breakwater.api.BackupLocationSpec;
import java.util.Set;

/**
 * Decides what a restore may take from the content of a point: who vouches for the content, and who asks for it. A user who can
 * seal points, or who can write to a store of unsigned backups, could put any object into one. If nothing vouches, a restore
 * creates no objects that grant rights and none that are cluster-scoped, no matter who asks. A user other than the operator can name
 * their kinds in {@code spec.include}: then that user vouches for them.
 *
 * @param vouched whether a seal vouches that only Breakwater has the key of
 * @param asker who asks
 */
public record ContentRule(boolean vouched, Asker asker) {
    /** API groups whose objects grant rights. */
    private static final Set<String> GRANTING = Set.of("rbac.authorization.k8s.io", "authorization.openshift.io");

    /** Who asks for a restore. */
    public enum Asker {
        /** Breakwater itself, for a FailoverPlan or a Verification. */
        OPERATOR,
        /** A user. The API server refuses what this user may not create or grant. */
        USER
    }

    /** The rule for content of this site's own seals. */
    public static ContentRule ofSeal(Asker asker) {
        return new ContentRule(true, asker);
    }

    /**
     * Whether the seals of a location vouch for the content: only the operator's namespace has its keys. Backups of Velero have
     * no seal.
     */
    public static boolean isVouchedFor(BackupLocation location, String operatorNamespace) {
        BackupLocationSpec spec = location.getSpec();
        return operatorNamespace.equals(location.getMetadata().getNamespace()) && !spec.hasVeleroLayout();
    }

    /** Whether the objects of an API group grant rights. */
    public static boolean isGranting(String group) {
        return GRANTING.contains(group);
    }

    /**
     * Whether a restore may take an object from the content. The rights of the author are checked in addition.
     *
     * @param grants whether the object grants rights, or works with those of its author
     * @param clusterScoped whether it has no namespace
     * @param named whether a rule of the Restore that lists its kind selects it
     */
    public boolean mayTake(boolean grants, boolean clusterScoped, boolean named) {
        return vouched || named && asker != Asker.OPERATOR || !clusterScoped && !grants;
    }

    /** Whether a namespace that the restore creates may have the labels and annotations of the content. */
    public boolean mayLabelNamespace() {
        return vouched;
    }
}
