package io.breakwater.trust;

import io.breakwater.api.RestorePointStatus;
import io.breakwater.store.CapturedNamespace;
import java.util.Optional;

/** Identities of points for tests. */
public final class PointKeys {
    /** Uid of the cluster of each site. */
    private static final String CLUSTER = "cluster-of-";

    private PointKeys() {}

    public static PointKey of(String site, String namespace, String point) {
        return new PointKey(source(site, namespace), point);
    }

    /** A point of any namespace. */
    public static PointKey of(CapturedNamespace source, String point) {
        return new PointKey(source, point);
    }

    /** A point of a backup of Velero. */
    public static PointKey ofVelero(String site, String namespace, String point) {
        return new PointKey(CapturedNamespace.ofVelero(site, namespace), point);
    }

    /** The namespace of a site, with the uids of {@link #identities}. */
    public static CapturedNamespace source(String site, String namespace) {
        return new CapturedNamespace(site, namespace, CLUSTER + site, uid(namespace));
    }

    /** Makes the status of an object name a point. */
    public static void state(RestorePointStatus status, PointKey key) {
        status.site = key.site();
        status.namespace = key.namespace();
        status.cluster = key.source().cluster();
        status.namespaceUid = key.source().uid();
        status.point = key.point();
    }

    public static String uid(String namespace) {
        return "uid-of-" + namespace;
    }

    /** The identities of a site on which every namespace exists. */
    public static NamespaceIdentities identities(String site) {
        return new NamespaceIdentities(
                site, name -> Optional.of(name.equals("kube-system") ? CLUSTER + site : uid(name)));
    }
}
