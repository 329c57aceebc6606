package io.breakwater.fleet;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;

/**
 * The names that a class file refers to, so that it can be made to refer to others. The code stays as it is. The format is that
 * of chapter 4.4 of the Java Virtual Machine Specification.
 */
final class ConstantPool {
    private static final int START = 10;
    private static final int UTF8 = 1;
    private static final int CLASS = 7;
    private static final int METHOD = 10;
    private static final int NAME_AND_TYPE = 12;

    private final byte[] file;
    private final ByteBuffer in;
    private final int[] entries;
    private final int end;

    ConstantPool(byte[] file) {
        this.file = file;
        this.in = ByteBuffer.wrap(file);
        this.entries = new int[in.getShort(START - 2) & 0xFFFF];
        int at = START;
        for (int i = 1; i < entries.length; i++) {
            entries[i] = at;
            int tag = file[at];
            at += length(tag, at);
            if (tag == 5 || tag == 6) {
                i++; // a long or a double takes two numbers
            }
        }
        this.end = at;
    }

    private int length(int tag, int at) {
        return switch (tag) {
            case UTF8 -> 3 + (in.getShort(at + 1) & 0xFFFF);
            case CLASS, 8, 16, 19, 20 -> 3;
            case 15 -> 4;
            case 5, 6 -> 9;
            default -> 5;
        };
    }

    /** Makes each call of one of these methods, as {@code class.name descriptor}, a call of the method of another class. */
    byte[] withCallsOf(Map<String, String> owners) {
        byte[] changed = file.clone();
        ByteBuffer out = ByteBuffer.wrap(changed);
        ByteArrayOutputStream added = new ByteArrayOutputStream();
        int count = entries.length;
        for (int i = 1; i < entries.length; i++) {
            if (entries[i] == 0 || file[entries[i]] != METHOD) {
                continue;
            }
            String owner = owners.get(method(entries[i]));
            if (owner != null) {
                writeClass(added, owner, count);
                out.putShort(entries[i] + 1, (short) (count + 1));
                count += 2;
            }
        }
        return count == entries.length ? file : join(changed, added.toByteArray(), count);
    }

    /** Replaces a text in all names and descriptors. */
    byte[] withNames(String text, String other) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes(Arrays.copyOf(file, START));
        for (int i = 1; i < entries.length; i++) {
            if (entries[i] != 0 && file[entries[i]] == UTF8) {
                writeText(out, text(i).replace(text, other));
            } else if (entries[i] != 0) {
                out.write(file, entries[i], length(file[entries[i]], entries[i]));
            }
        }
        out.write(file, end, file.length - end);
        return out.toByteArray();
    }

    private String method(int at) {
        int owner = in.getShort(at + 1) & 0xFFFF;
        int name = entries[in.getShort(at + 3) & 0xFFFF];
        if (file[name] != NAME_AND_TYPE || file[entries[owner]] != CLASS) {
            throw new IllegalArgumentException("the constant pool is not valid at " + at);
        }
        return text(in.getShort(entries[owner] + 1) & 0xFFFF) + "." + text(in.getShort(name + 1) & 0xFFFF) + " "
                + text(in.getShort(name + 3) & 0xFFFF);
    }

    private String text(int number) {
        int at = entries[number];
        return new String(file, at + 3, in.getShort(at + 1) & 0xFFFF, StandardCharsets.UTF_8);
    }

    private byte[] join(byte[] changed, byte[] added, int count) {
        ByteBuffer out = ByteBuffer.allocate(file.length + added.length);
        out.put(changed, 0, end).put(added).put(changed, end, changed.length - end);
        return out.putShort(START - 2, (short) count).array();
    }

    private static void writeClass(ByteArrayOutputStream out, String name, int number) {
        writeText(out, name);
        out.write(CLASS);
        out.write(number >> 8);
        out.write(number);
    }

    private static void writeText(ByteArrayOutputStream out, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        try {
            DataOutputStream data = new DataOutputStream(out);
            data.writeByte(UTF8);
            data.writeShort(bytes.length);
            data.write(bytes);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }
}
