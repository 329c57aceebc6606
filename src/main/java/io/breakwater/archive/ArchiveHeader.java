package io.breakwater.archive;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.breakwater.api.BoundedJson;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.location.keys.KeyRing;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import java.util.stream.Stream;

/**
 * The first line of an encrypted archive, in JSON. It makes the archive readable with the master key alone. It has no signature:
 * an altered header makes the archive unreadable. A reader that has the seal uses the key of the seal.
 *
 * @param schemaVersion 1
 * @param keyId id of the master key that wrapped the data key
 * @param identity for which the archive was encrypted
 * @param archiveKey the wrapped data key
 */
@JsonIgnoreProperties(ignoreUnknown = true)
public record ArchiveHeader(int schemaVersion, String keyId, ArchiveIdentity identity, String archiveKey) {
    private static final ObjectMapper JSON = BoundedJson.mapper();
    /** Bytes of the longest header. */
    public static final int LONGEST = 8 << 10;

    /** The header of an archive, whose data key is wrapped with a master key of the ring. */
    public static ArchiveHeader of(ArchiveIdentity identity, ArchiveCipher cipher, KeyRing ring, String keyId) {
        return new ArchiveHeader(1, keyId, identity, cipher.wrapped(ring.archiveKey(keyId, identity.source())));
    }

    public void write(OutputStream out) throws IOException {
        try {
            out.write((JSON.writeValueAsString(this) + "\n").getBytes(StandardCharsets.UTF_8));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a header can always be written", e);
        }
    }

    /**
     * Reads the header. The stream is then at the first encrypted byte.
     *
     * @throws BreakwaterException Tampered, when it is not a header
     */
    public static ArchiveHeader read(InputStream in) throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        for (int b = in.read(); b != '\n'; b = in.read()) {
            if (b < 0 || line.size() == LONGEST) {
                throw invalid();
            }
            line.write(b);
        }
        try {
            ArchiveHeader header = JSON.readValue(line.toByteArray(), ArchiveHeader.class);
            if (header != null && header.isComplete()) {
                return header;
            }
        } catch (JsonProcessingException e) {
            // reported below, without an excerpt
        }
        throw invalid();
    }

    private boolean isComplete() {
        return keyId != null
                && archiveKey != null
                && identity != null
                && Stream.of(identity.source(), identity.role(), identity.point(), identity.uid())
                        .allMatch(Objects::nonNull);
    }

    private static BreakwaterException invalid() {
        return BreakwaterException.permanent(
                Reason.Tampered, "it is not an encrypted archive of Breakwater; use another RestorePoint");
    }
}
