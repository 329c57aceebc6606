package io.breakwater.store;

/** Signs for this site, with a private key that no other site of a location has. */
public interface SiteSigner {
    /** Name of this site. */
    String site();

    /** The Ed25519 signature of some content, in base64url without padding. */
    String sign(byte[] content);
}
