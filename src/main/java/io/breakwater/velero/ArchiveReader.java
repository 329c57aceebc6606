package io.breakwater.velero;

import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import java.io.BufferedInputStream;
import java.io.Closeable;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;
import org.apache.commons.compress.compressors.gzip.GzipCompressorInputStream;

/**
 * Reads an archive object by object, in its own order, which is not an order for a restore. Files that Velero ignores,
 * and the second copies by API version, are skipped. Entries that Breakwater and Velero never write (links, paths
 * outside the root, more than the {@link Limits}) end the reading, because then no part of the archive can be trusted.
 */
public final class ArchiveReader implements Closeable {
    /**
     * Limits of an archive.
     *
     * @param object bytes of one object, which is read into memory; a restore accepts {@link ObjectJson#MAX_BYTES}
     * @param total bytes of all entries, uncompressed
     * @param entries number of entries
     */
    public record Limits(int object, long total, long entries) {
        public static final Limits DEFAULT = new Limits(16 << 20, 16L << 30, 10_000_000);
    }

    /** One object as it was captured. */
    public record Item(ObjectKey key, byte[] json) {}

    private static final int BUFFER = 64 << 10;

    /** Bytes of the headers of one entry: the reader of tar stores a name in memory, and it may have any length. */
    private static final int HEADER = 1 << 20;

    private final Blocks blocks;
    private final TarArchiveInputStream tar;
    private final Limits limits;
    private long total;
    private long entries;

    /** @param archive closed with the reader */
    public ArchiveReader(InputStream archive, Limits limits) throws IOException {
        this.limits = limits;
        // At the end of each member the decompressor moves back to the start of the next one. A store's own stream
        // would read the complete block again for that. For 10,000 objects that adds up to a hundred times the size of
        // the archive.
        GzipCompressorInputStream gzip = GzipCompressorInputStream.builder()
                .setInputStream(new BufferedInputStream(archive, BUFFER))
                .setDecompressConcatenated(true)
                .get();
        this.blocks = new Blocks(gzip);
        this.tar = new TarArchiveInputStream(blocks, StandardCharsets.UTF_8.name());
    }

    /**
     * The next object; empty at the end.
     *
     * @throws BreakwaterException Tampered for an archive that Breakwater and Velero cannot have written
     */
    public Optional<Item> next() throws IOException {
        TarArchiveEntry entry;
        while ((entry = header()) != null) {
            Optional<ObjectKey> key = check(entry);
            if (key.isPresent()) {
                return Optional.of(new Item(key.get(), content(entry)));
            }
        }
        return Optional.empty();
    }

    private TarArchiveEntry header() throws IOException {
        while (tar.getCurrentEntry() != null && tar.available() > 0) {
            tar.skipNBytes(tar.available());
        }
        blocks.left = HEADER;
        TarArchiveEntry entry = tar.getNextEntry();
        blocks.left = Long.MAX_VALUE;
        return entry;
    }

    private Optional<ObjectKey> check(TarArchiveEntry entry) {
        String path = entry.getName();
        // isFile() is also true for devices, so the type itself is checked.
        byte type = entry.getLinkFlag();
        if (type != TarConstants.LF_NORMAL && type != TarConstants.LF_OLDNORM && type != TarConstants.LF_DIR) {
            throw tampered(path, "is not a plain file or a directory");
        }
        String plain = entry.isDirectory() && path.endsWith("/") ? path.substring(0, path.length() - 1) : path;
        List<String> parts = Arrays.asList(plain.split("/", -1));
        if (parts.contains("..") || parts.contains(".") || parts.contains("") || path.indexOf('\0') >= 0) {
            throw tampered(path, "is not a path below the archive's root");
        }
        total += entry.getSize();
        entries++;
        if (entry.getSize() < 0 || total > limits.total() || entries > limits.entries()) {
            throw tampered(
                    path, "exceeds the limit of " + limits.total() + " bytes or " + limits.entries() + " entries");
        }
        Optional<ObjectKey> key = entry.isDirectory() ? Optional.empty() : ObjectKey.of(path);
        if (key.isPresent() && entry.getSize() > limits.object()) {
            throw tampered(
                    path,
                    "has " + entry.getSize() + " bytes, more than the " + limits.object() + " allowed for an object");
        }
        return key;
    }

    private byte[] content(TarArchiveEntry entry) throws IOException {
        int size = (int) entry.getSize();
        byte[] json = tar.readNBytes(size);
        if (json.length != size) {
            throw new java.io.EOFException("archive ends within entry " + entry.getName());
        }
        return json;
    }

    private static BreakwaterException tampered(String path, String why) {
        return BreakwaterException.permanent(
                Reason.Tampered, "archive entry \"" + path + "\" " + why + "; nothing was restored from this archive");
    }

    /** The unpacked archive, of which only some bytes may be read. */
    private final class Blocks extends FilterInputStream {
        private long left = Long.MAX_VALUE;

        Blocks(InputStream in) {
            super(in);
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] bytes, int offset, int length) throws IOException {
            return (int) count(super.read(bytes, offset, length));
        }

        @Override
        public long skip(long n) throws IOException {
            return count(super.skip(n));
        }

        private long count(long n) {
            left -= Math.max(n, 0);
            if (left < 0) {
                throw BreakwaterException.permanent(
                        Reason.Tampered,
                        "the header of entry " + (entries + 1) + " has more than " + HEADER
                                + " bytes; nothing was restored from this archive");
            }
            return n;
        }
    }

    @Override
    public void close() throws IOException {
        tar.close();
    }
}
