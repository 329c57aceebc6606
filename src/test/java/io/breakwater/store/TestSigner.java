package io.breakwater.store;

import io.breakwater.api.Digests;
import java.nio.charset.StandardCharsets;
import java.util.Set;

/** Keys for the documents of stores in tests. */
public final class TestSigner {
    /** The signer of every store whose test does not choose one. */
    public static final DocumentSigner SIGNER = of("0123456789abcdef");

    private TestSigner() {}

    /** A signer with one master key. */
    public static DocumentSigner of(String id) {
        return new DocumentSigner(() -> keys(id));
    }

    /** A store with the keys of all tests. */
    public static ObjectStore keyed(ObjectStore store) {
        return new KeyedStore(store, SIGNER);
    }

    /** Keys that derive from ids; the first signs. */
    public static SigningKeys keys(String... ids) {
        return new SigningKeys() {
            @Override
            public String current() {
                return ids[0];
            }

            @Override
            public Set<String> ids() {
                return Set.of(ids);
            }

            @Override
            public byte[] key(String id) {
                return documentKey(id, "removal");
            }

            @Override
            public byte[] documentKey(String id, String area) {
                return Digests.hmac(id.getBytes(StandardCharsets.UTF_8), area.getBytes(StandardCharsets.UTF_8));
            }
        };
    }
}
