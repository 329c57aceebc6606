package io.breakwater.catalog;

import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Digests;
import io.breakwater.api.Reason;
import io.breakwater.archive.ArchiveCipher;
import io.breakwater.archive.ArchiveHeader;
import io.breakwater.catalog.PointDocument.StoredObject;
import io.breakwater.store.ObjectStore;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.util.HexFormat;

/**
 * The archive of a point in a temporary file, after its digest was verified. All readers of a run read this copy. So they read the
 * bytes that were verified, whatever the store returns later. The file contains encrypted bytes only, and disappears with the
 * process.
 */
final class VerifiedArchive implements Closeable {
    private static final int BUFFER = 64 << 10;

    private final FileChannel file;
    private final ArchiveCipher cipher;
    private final boolean hasHeader;

    private VerifiedArchive(FileChannel file, ArchiveCipher cipher, boolean hasHeader) {
        this.file = file;
        this.cipher = cipher;
        this.hasHeader = hasHeader;
    }

    /**
     * Copies an encrypted archive, byte for byte.
     *
     * @throws BreakwaterException Tampered, when it is missing or does not have its size and digest; StoreUnavailable, when the
     *     read was cut off
     */
    static VerifiedArchive ofEncrypted(
            ObjectStore store, PointDocument point, StoredObject archive, ArchiveCipher cipher) throws IOException {
        return copy(store, point, archive, cipher, true);
    }

    /** Copies an archive that is in clear in the store. The cipher encrypts the copy. */
    static VerifiedArchive ofClear(ObjectStore store, PointDocument point, StoredObject archive, ArchiveCipher own)
            throws IOException {
        return copy(store, point, archive, own, false);
    }

    private static VerifiedArchive copy(
            ObjectStore store, PointDocument point, StoredObject archive, ArchiveCipher cipher, boolean encrypted)
            throws IOException {
        FileChannel file = open();
        VerifiedArchive copy = new VerifiedArchive(file, cipher, encrypted);
        try (InputStream content = store.open(archive.key(), 0, -1)
                        .orElseThrow(() -> SealCodec.tampered(point.key(), "object " + archive.key() + " is missing"));
                OutputStream raw = copy.appending();
                OutputStream out = encrypted ? raw : cipher.encrypting(raw)) {
            String digest = transfer(content, out, archive.size());
            if (!digest.equals(archive.sha256())) {
                throw SealCodec.tampered(point.key(), "object " + archive.key() + " does not have its digest");
            }
        } catch (IOException e) {
            file.close();
            throw BreakwaterException.retryable(
                    Reason.StoreUnavailable, "could not read " + archive.key() + ", cut off: " + e.getMessage(), e);
        } catch (RuntimeException e) {
            file.close();
            throw e;
        }
        return copy;
    }

    /** The digest of what was read: at most one byte more than the expected size, which no longer matches then. */
    private static String transfer(InputStream content, OutputStream out, long size) throws IOException {
        MessageDigest digest = Digests.sha256();
        byte[] buffer = new byte[BUFFER];
        long left = size + 1;
        while (left > 0) {
            int n = content.read(buffer, 0, (int) Math.min(left, buffer.length));
            if (n < 0) {
                break;
            }
            digest.update(buffer, 0, n);
            out.write(buffer, 0, n);
            left -= n;
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    /** A file without a name: it is deleted when the process ends, also when it is killed. */
    private static FileChannel open() throws IOException {
        Path path = Files.createTempFile("breakwater-", ".archive");
        try {
            return FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE);
        } finally {
            Files.delete(path);
        }
    }

    private OutputStream appending() {
        // Closing the stream of the channel would close the file.
        OutputStream out = Channels.newOutputStream(file);
        return new java.io.FilterOutputStream(out) {
            @Override
            public void write(byte[] bytes, int offset, int length) throws IOException {
                out.write(bytes, offset, length);
            }

            @Override
            public void close() {
                // the file stays open for its readers
            }
        };
    }

    /** The decrypted archive, from its start. Several readers may read at the same time. */
    InputStream decrypted() throws IOException {
        InputStream content = new Content();
        if (hasHeader) {
            ArchiveHeader.read(content);
        }
        return cipher.decrypting(content);
    }

    @Override
    public void close() throws IOException {
        file.close();
    }

    /** The file from its start, with a position of its own. */
    private final class Content extends InputStream {
        private long position;

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] bytes, int offset, int length) throws IOException {
            int n = file.read(ByteBuffer.wrap(bytes, offset, length), position);
            position += Math.max(n, 0);
            return n;
        }
    }
}
