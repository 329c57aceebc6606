package io.breakwater.store;

import java.util.List;

/** Signs for this site, with a private key that no other site of a location has. */
public interface SiteSigner {
    /** Name of this site. */
    String site();

    /** Uid of the cluster of this site. */
    String cluster();

    /** The public half of the key, X.509 in base64url without padding. */
    String publicKey();

    /** Uids of the lost clusters that this one replaces. */
    List<String> succeeds();

    /** The Ed25519 signature of some content, in base64url without padding. */
    String sign(byte[] content);
}
