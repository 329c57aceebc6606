package io.breakwater.store;

import java.util.Map;
import java.util.Set;

/** Keys that sign deletions and documents in a location. Each has the id of the master key that it derives from. */
public interface SigningKeys {
    /** Id of the key that signs now. */
    String current();

    /** Ids of all keys whose signatures are valid. */
    Set<String> ids();

    /** The 32 bytes of a key of {@link #ids}, for deletions. */
    byte[] key(String id);

    /**
     * The 32 bytes of a key of {@link #ids}, for the documents of one area.
     *
     * @param area prefix of the area
     */
    byte[] documentKey(String id, String area);

    /** Whether the last probe of the location accepted {@link #current}; also true before the first probe. */
    default boolean isAccepted() {
        return true;
    }

    /** The public keys of the other sites, and of an earlier cluster of this site, by site, as far as they are known. */
    default Map<String, String> pins() {
        return Map.of();
    }
}
