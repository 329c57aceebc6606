package io.breakwater.store;

import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Locale;

/**
 * An XML answer of a store on its way to the parser of a client. It ends with an error before the parser could need much memory or
 * stack: the answer is limited in bytes, tags and depth, is UTF-8, and has no document type, comment or entity of its own.
 */
public final class AnswerBound extends FilterInputStream {
    /** Objects of a page of a listing. A store that puts more on a page by default must be asked for fewer. */
    public static final int OBJECTS = 1000;

    /** Bytes of the largest answer: a page of 1000 objects with keys of 1024 characters, each of them escaped. */
    public static final int BYTES = 8 << 20;

    /** Opening and closing tags of the largest answer: 1000 objects with 40 elements each. */
    private static final int TAGS = 80_000;

    private static final int DEPTH = 32;

    /** Characters of all attributes of a tag. */
    private static final int TAG = 4096;

    private final String server;
    private final StringBuilder declaration = new StringBuilder();
    private long bytes;
    private int tags;
    private int depth;
    private int inTag;
    private int quote;
    private int before;
    private boolean isClosing;
    private boolean isDeclaration;

    /** @param server name of the server that sends the answer */
    public AnswerBound(InputStream answer, String server) {
        super(answer);
        this.server = server;
    }

    @Override
    public int read() throws IOException {
        int b = in.read();
        if (b >= 0) {
            check(b);
        }
        return b;
    }

    @Override
    public int read(byte[] buffer, int offset, int length) throws IOException {
        int n = in.read(buffer, offset, length);
        for (int i = 0; i < n; i++) {
            check(buffer[offset + i] & 0xff);
        }
        return n;
    }

    @Override
    public long skip(long n) throws IOException {
        return readNBytes((int) Math.min(n, 1 << 16)).length;
    }

    @Override
    public boolean markSupported() {
        return false;
    }

    private void check(int b) {
        if (++bytes > BYTES) {
            throw refused("it has more than " + BYTES + " bytes");
        }
        if (b == 0 || (bytes == 1 && b != '<' && b != 0xef && b > ' ')) {
            throw refused("it is not XML in UTF-8");
        }
        if (inTag == 0) {
            if (b == '<') {
                inTag = 1;
                isClosing = false;
                if (++tags > TAGS) {
                    throw refused("it has more than " + TAGS + " tags");
                }
            }
        } else {
            inTag(b);
        }
        before = b;
    }

    private void inTag(int b) {
        if (inTag == 1) {
            begin(b);
        }
        if (++inTag > TAG) {
            throw refused("a tag has more than " + TAG + " characters");
        }
        if (isDeclaration) {
            declaration.append((char) b);
        }
        if (quote != 0) {
            quote = b == quote ? 0 : quote;
        } else if (b == '"' || b == '\'') {
            quote = b;
        } else if (b == '>') {
            end();
        }
    }

    private void begin(int b) {
        if (b == '!' || (b == '?' && tags > 1)) {
            throw refused("it has a document type, a comment, or an instruction");
        }
        isDeclaration = b == '?';
        isClosing = b == '/';
    }

    private void end() {
        if (isDeclaration) {
            String text = declaration.toString().toLowerCase(Locale.ROOT);
            if (text.contains("encoding") && !text.matches(".{0,64}encoding\\s{0,8}=\\s{0,8}[\"']utf-8[\"'].{0,64}")) {
                throw refused("it is not XML in UTF-8");
            }
            isDeclaration = false;
        } else if (isClosing) {
            depth--;
        } else if (before != '/' && ++depth > DEPTH) {
            throw refused("its tags are nested more than " + DEPTH + " deep");
        }
        inTag = 0;
    }

    private BreakwaterException refused(String what) {
        return BreakwaterException.permanent(
                Reason.StoreUnavailable,
                "an answer of " + server + " was not read: " + what + "; check the server of the location");
    }

    /** The whole answer. */
    public static byte[] read(InputStream answer, String server) throws IOException {
        try (AnswerBound bounded = new AnswerBound(answer, server)) {
            return bounded.readNBytes(BYTES + 1);
        }
    }

    /** The body of an answer with an error status; empty if it is not what the protocol says, such as a page of a proxy. */
    public static byte[] readError(InputStream answer, String server) throws IOException {
        try {
            return read(answer, server);
        } catch (BreakwaterException e) {
            return new byte[0];
        }
    }

    /** The error that a bound threw, if it is a cause of another one: a client may wrap it. */
    public static RuntimeException unwrapped(RuntimeException e) {
        for (Throwable t = e; t != null && t != t.getCause(); t = t.getCause()) {
            if (t instanceof BreakwaterException b) {
                return b;
            }
        }
        return e;
    }
}
