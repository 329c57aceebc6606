package io.breakwater.store;

import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.Signature;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** A site with a key of its own. */
public final class TestSite implements SiteSigner {
    private final String site;
    private final String cluster;
    private final List<String> succeeds;
    private final KeyPair pair;

    public TestSite(String site, String cluster, String... succeeds) {
        this.site = site;
        this.cluster = cluster;
        this.succeeds = List.of(succeeds);
        try {
            this.pair = KeyPairGenerator.getInstance(SiteSignature.ALGORITHM).generateKeyPair();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public String site() {
        return site;
    }

    @Override
    public String cluster() {
        return cluster;
    }

    @Override
    public String publicKey() {
        return Base64.getUrlEncoder()
                .withoutPadding()
                .encodeToString(pair.getPublic().getEncoded());
    }

    @Override
    public List<String> succeeds() {
        return succeeds;
    }

    @Override
    public String sign(byte[] content) {
        try {
            Signature signature = Signature.getInstance(SiteSignature.ALGORITHM);
            signature.initSign(pair.getPrivate());
            signature.update(content);
            return Base64.getUrlEncoder().withoutPadding().encodeToString(signature.sign());
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    /** A store as this site sees it, which knows the keys of these other sites. */
    public ObjectStore view(ObjectStore store, Map<String, String> pins) {
        SigningKeys keys = TestSigner.keys("0123456789abcdef");
        SigningKeys pinned = new SigningKeys() {
            @Override
            public String current() {
                return keys.current();
            }

            @Override
            public Set<String> ids() {
                return keys.ids();
            }

            @Override
            public byte[] key(String id) {
                return keys.key(id);
            }

            @Override
            public byte[] documentKey(String id, String area) {
                return keys.documentKey(id, area);
            }

            @Override
            public Map<String, String> pins() {
                return pins;
            }
        };
        return new KeyedStore(store, new DocumentSigner(() -> pinned, Optional.of(this)));
    }
}
