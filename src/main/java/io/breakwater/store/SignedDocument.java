package io.breakwater.store;

import java.time.Instant;

/**
 * A document whose signature was verified before any byte of its payload was parsed.
 *
 * @param key of the object
 * @param keyId master key that the signature derives from
 * @param counter as the writer chose it; it grows with each version of a document
 * @param stamp the signature of the site that wrote it; null where no site signed
 * @param payload the document itself
 * @param etag of the object
 * @param modified store time of the object
 * @param storeTime the store's time of the answer
 */
public record SignedDocument(
        String key,
        String keyId,
        long counter,
        SiteStamp stamp,
        byte[] payload,
        String etag,
        Instant modified,
        Instant storeTime) {

    /**
     * The signature of a site over a document, by a key that only this site has.
     *
     * @param site name of the site
     * @param signature Ed25519, in base64url
     */
    public record SiteStamp(String site, String signature) {}
}
