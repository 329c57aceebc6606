package io.breakwater.catalog;

/** Points for tests of other packages. */
public final class TestPoints {
    private TestPoints() {}

    /** A point without volumes. */
    public static PointDocument document(PointKey key) {
        return SealSignaturesTest.document(key);
    }
}
