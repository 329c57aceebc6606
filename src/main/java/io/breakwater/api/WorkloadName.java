package io.breakwater.api;

import java.util.regex.Pattern;

/**
 * A workload of a namespace, written as {@code Deployment/web}.
 *
 * @param kind as in its manifest
 */
public record WorkloadName(String kind, String name) {
    private static final Pattern HASH = Pattern.compile("[a-z0-9]{1,16}");

    /** Reads what {@link #toString} writes. */
    public static WorkloadName parse(String text) {
        int slash = text.indexOf('/');
        return new WorkloadName(text.substring(0, Math.max(slash, 0)), text.substring(slash + 1));
    }

    /**
     * Whether the given owner of an object is this workload, or a ReplicaSet that this Deployment, or a similar kind,
     * has created. The name of such a ReplicaSet is the Deployment's name, a dash and a hash.
     */
    public boolean controls(String ownerKind, String ownerName) {
        if (ownerKind.equals(kind) && ownerName.equals(name)) {
            return true;
        }
        return ownerKind.equals("ReplicaSet")
                && ownerName.startsWith(name + "-")
                && HASH.matcher(ownerName.substring(name.length() + 1)).matches();
    }

    @Override
    public String toString() {
        return kind + "/" + name;
    }
}
