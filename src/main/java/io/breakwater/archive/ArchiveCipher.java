package io.breakwater.archive;

import com.google.crypto.tink.subtle.AesGcmHkdfStreaming;
import com.google.crypto.tink.subtle.AesGcmJce;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.Base64;

/**
 * Encrypts one archive with a data key: AES-256-GCM in segments of 1 MiB, each with its number and whether it is the last, by
 * Tink (AesGcmHkdfStreaming, after "Online Authenticated-Encryption and its Nonce-Reuse Misuse-Resistance", Hoang et al.). An
 * altered, cut or reordered archive cannot be decrypted, and neither can that of another identity.
 */
public final class ArchiveCipher {
    /** Bytes of a data key. */
    public static final int KEY = 32;

    private static final int SEGMENT = 1 << 20;

    private final byte[] key;
    private final byte[] identity;

    private ArchiveCipher(byte[] key, ArchiveIdentity identity) {
        this.key = key;
        this.identity = identity.associatedData();
    }

    /** A cipher with a new random data key. */
    public static ArchiveCipher create(ArchiveIdentity identity) {
        byte[] random = new byte[KEY];
        new SecureRandom().nextBytes(random);
        return new ArchiveCipher(random, identity);
    }

    /**
     * The cipher whose data key was wrapped.
     *
     * @param namespaceKey the key that wrapped it, from {@code KeyRing.archiveKey}
     * @param wrapped from {@link #wrapped}
     * @throws BreakwaterException Tampered, when another key or another identity was used
     */
    public static ArchiveCipher unwrap(ArchiveIdentity identity, byte[] namespaceKey, String wrapped) {
        try {
            byte[] key =
                    new AesGcmJce(namespaceKey).decrypt(Base64.getDecoder().decode(wrapped), identity.associatedData());
            if (key.length == KEY) {
                return new ArchiveCipher(key, identity);
            }
        } catch (GeneralSecurityException | IllegalArgumentException e) {
            // reported below: the messages of ciphers explain nothing
        }
        throw BreakwaterException.permanent(
                Reason.Tampered,
                "the key of archive " + identity
                        + " cannot be decrypted: it was altered, or belongs to another point; use another RestorePoint");
    }

    /** The same data key for another identity. Its archives are different ones. */
    ArchiveCipher rebound(ArchiveIdentity other) {
        return new ArchiveCipher(key, other);
    }

    /** The data key, encrypted for this identity with a key of the namespace, in base64. */
    public String wrapped(byte[] namespaceKey) {
        try {
            return Base64.getEncoder().encodeToString(new AesGcmJce(namespaceKey).encrypt(key, identity));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("AES-256-GCM is part of every JDK", e);
        }
    }

    /** Encrypts what is written. Closing the stream ends the archive, and closes the stream below. */
    public OutputStream encrypting(OutputStream below) throws IOException {
        try {
            return streaming().newEncryptingStream(below, identity);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("AES-256-GCM is part of every JDK", e);
        }
    }

    /** Decrypts what is read. A part that was altered is never returned: the read throws Tampered instead. */
    public InputStream decrypting(InputStream below) throws IOException {
        try {
            Source source = new Source(below);
            return new Decrypted(streaming().newDecryptingStream(source, identity), source);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("AES-256-GCM is part of every JDK", e);
        }
    }

    private AesGcmHkdfStreaming streaming() throws GeneralSecurityException {
        return new AesGcmHkdfStreaming(key, "HmacSha256", KEY, SEGMENT, 0);
    }

    /** Remembers whether the stream itself failed: Tink reports an altered segment as an IOException too. */
    private static final class Source extends FilterInputStream {
        private boolean failed;

        Source(InputStream in) {
            super(in);
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] bytes, int offset, int length) throws IOException {
            try {
                return super.read(bytes, offset, length);
            } catch (IOException e) {
                failed = true;
                throw e;
            }
        }
    }

    private static final class Decrypted extends FilterInputStream {
        private final Source source;

        Decrypted(InputStream in, Source source) {
            super(in);
            this.source = source;
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] bytes, int offset, int length) throws IOException {
            try {
                return super.read(bytes, offset, length);
            } catch (IOException e) {
                if (source.failed) {
                    throw e;
                }
                throw BreakwaterException.permanent(
                        Reason.Tampered,
                        "the archive cannot be decrypted: it was altered, or encrypted for another point;"
                                + " use another RestorePoint");
            }
        }

        @Override
        public long skip(long n) throws IOException {
            long left = n;
            byte[] buffer = new byte[(int) Math.min(Math.max(n, 1), 8192)];
            while (left > 0) {
                int read = read(buffer, 0, (int) Math.min(left, buffer.length));
                if (read < 0) {
                    break;
                }
                left -= read;
            }
            return n - left;
        }

        @Override
        public boolean markSupported() {
            return false;
        }
    }
}
