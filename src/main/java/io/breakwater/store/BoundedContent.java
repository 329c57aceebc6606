package io.breakwater.store;

import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import java.io.IOException;
import java.io.InputStream;

/** Reads whole objects, but never more bytes than the caller expects: a store may hold, or send, anything. */
public final class BoundedContent {
    private BoundedContent() {}

    /**
     * The bytes of a stream. Reads at most one byte more than the bound.
     *
     * @throws BreakwaterException Tampered, when there are more
     */
    public static byte[] read(InputStream in, String key, int max) throws IOException {
        byte[] content = in.readNBytes(max + 1);
        if (content.length > max) {
            throw tooLarge(key, max);
        }
        return content;
    }

    /** The error for an object over its bound. Breakwater itself writes none. */
    public static BreakwaterException tooLarge(String key, int max) {
        return BreakwaterException.permanent(
                Reason.Tampered,
                "object " + key + " has more than " + max + " bytes, so Breakwater did not write it and does not read"
                        + " it; delete it, or restore its earlier version, and check who can write to the location");
    }
}
