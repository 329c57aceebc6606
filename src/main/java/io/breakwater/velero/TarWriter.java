package io.breakwater.velero;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Arrays;

/**
 * Writes plain files into a tar archive (POSIX.1-2001, ustar with pax headers for names that do not fit). All entries
 * have the same mode and time, so a header is a copy of a template with name, size and checksum. Archives have many
 * small files, and general writers need more time for a header than for its file. Not safe for use from several
 * threads.
 */
final class TarWriter {
    private static final int BLOCK = 512;
    private static final int NAME = 100;
    private static final int SIZE_AT = 124;
    private static final int SIZE_LENGTH = 11;
    private static final int CHECKSUM_AT = 148;
    private static final int CHECKSUM_LENGTH = 8;
    private static final int TYPE_AT = 156;
    private static final byte FILE = '0';
    private static final byte PAX = 'x';
    private static final byte[] ZEROS = new byte[2 * BLOCK];

    private final OutputStream out;
    private final byte[] template = new byte[BLOCK];

    /**
     * @param out receives the archive; is not closed
     * @param mode permission bits of all entries
     * @param time of all entries, to the second
     */
    TarWriter(OutputStream out, int mode, Instant time) {
        this.out = out;
        octal(template, 100, 7, mode);
        octal(template, 108, 7, 0);
        octal(template, 116, 7, 0);
        octal(template, 136, 11, Math.max(0, time.getEpochSecond()));
        System.arraycopy("ustar\00000".getBytes(StandardCharsets.US_ASCII), 0, template, 257, 8);
        octal(template, 329, 7, 0);
        octal(template, 337, 7, 0);
    }

    /** Adds a file. */
    void file(String path, byte[] content) throws IOException {
        byte[] name = path.getBytes(StandardCharsets.UTF_8);
        // If there are as many bytes as characters, the name is plain ASCII.
        if (name.length > NAME || name.length != path.length()) {
            byte[] record = pax(name);
            entry("pax".getBytes(StandardCharsets.US_ASCII), PAX, record);
            name = Arrays.copyOf(name, Math.min(name.length, NAME));
        }
        entry(name, FILE, content);
    }

    /** Ends the archive. */
    void finish() throws IOException {
        out.write(ZEROS);
    }

    private void entry(byte[] name, byte type, byte[] content) throws IOException {
        byte[] header = template.clone();
        System.arraycopy(name, 0, header, 0, name.length);
        octal(header, SIZE_AT, SIZE_LENGTH, content.length);
        header[TYPE_AT] = type;
        checksum(header);
        out.write(header);
        out.write(content);
        int rest = content.length % BLOCK;
        if (rest > 0) {
            out.write(ZEROS, 0, BLOCK - rest);
        }
    }

    /** One record, {@code "<its own length> path=<name>\n"}. */
    private static byte[] pax(byte[] name) {
        int fixed = " path=\n".length() + name.length;
        int length = fixed + Integer.toString(fixed).length();
        length = fixed + Integer.toString(length).length();
        byte[] start = (length + " path=").getBytes(StandardCharsets.US_ASCII);
        byte[] record = Arrays.copyOf(start, length);
        System.arraycopy(name, 0, record, start.length, name.length);
        record[length - 1] = '\n';
        return record;
    }

    private static void checksum(byte[] header) {
        Arrays.fill(header, CHECKSUM_AT, CHECKSUM_AT + CHECKSUM_LENGTH, (byte) ' ');
        int sum = 0;
        for (byte b : header) {
            sum += b & 0xff;
        }
        octal(header, CHECKSUM_AT, 6, sum);
    }

    /** A number in octal digits, followed by a zero byte. */
    private static void octal(byte[] header, int at, int digits, long number) {
        long left = number;
        for (int i = at + digits - 1; i >= at; i--) {
            header[i] = (byte) ('0' + (left & 7));
            left >>>= 3;
        }
        header[at + digits] = 0;
    }
}
