package io.breakwater.trust;

/** Stamps with a fixed key, without a cluster. */
public final class StampFixture {
    private StampFixture() {}

    public static AuthorStamps stamps() {
        return stamps((byte) 0);
    }

    /** Stamps of another installation. */
    public static AuthorStamps foreign() {
        return stamps((byte) 1);
    }

    private static AuthorStamps stamps(byte first) {
        return new AuthorStamps(new StampKey(null, null) {
            @Override
            byte[] bytes() {
                byte[] key = new byte[32];
                key[0] = first;
                return key;
            }
        });
    }
}
