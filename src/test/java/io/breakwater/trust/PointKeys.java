package io.breakwater.trust;

/** Identities of points for tests. */
public final class PointKeys {
    private PointKeys() {}

    public static PointKey of(String site, String namespace, String point) {
        return new PointKey(site, namespace, point);
    }
}
