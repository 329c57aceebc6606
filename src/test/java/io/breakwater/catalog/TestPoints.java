package io.breakwater.catalog;

import io.breakwater.location.keys.KeyRing;
import io.breakwater.location.keys.TestKeys;
import io.breakwater.trust.PointKey;

/** Points for tests of other packages. */
public final class TestPoints {
    private TestPoints() {}

    /** A point without volumes. */
    public static PointDocument document(PointKey key) {
        return SealSignaturesTest.document(key);
    }

    /** A seal with this master key, of any objects. */
    public static byte[] seal(PointDocument document, byte[] masterKey) {
        KeyRing ring = TestKeys.ring(masterKey);
        String id = TestKeys.id(masterKey);
        return SealCodec.sign(
                document.signedWith(id), ring.catalogKey(id, document.key().source()));
    }

    /** A point with a volume, of the same key as in its tests. */
    static PointDocument withVolume() {
        return SealCodecTest.POINT;
    }
}
