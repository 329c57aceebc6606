package io.breakwater.trust;

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

    /** The namespace of a site, with the uids of {@link #identities}. */
    public static CapturedNamespace source(String site, String namespace) {
        return new CapturedNamespace(site, namespace, CLUSTER + site, uid(namespace));
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
