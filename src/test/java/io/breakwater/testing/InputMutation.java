package io.breakwater.testing;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/** Alters valid inputs of a parser in ways that parsers overlook: bits, lengths, repetition, nesting, and extreme values. */
final class InputMutation {
    private static final List<String> TOKENS = List.of(
            "null",
            "true",
            "{}",
            "[]",
            "[[[[",
            "}}",
            "\"\"",
            "\u0000",
            "-1",
            "0",
            "1e999999999",
            "-9223372036854775808",
            "9223372036854775807",
            "18446744073709551616",
            "\\ud800",
            "<!DOCTYPE a [<!ENTITY b 'c'>]>",
            "<a/>",
            "&lt;",
            "../",
            "\n");

    /** Parts that are repeated until they nest too deeply, or are too many. */
    private static final List<String> REPEATED =
            List.of("[", "{\"a\":", "[{},", "9", "x", "<a>", "<a/>", "\\u0041", " ", "{},", "\"a\":1,", "\n", "\u0000");

    private final Random random;
    private final List<byte[]> samples;
    private final int longest;

    /** @param longest number of bytes that a mutated input has at most */
    InputMutation(Random random, List<byte[]> samples, int longest) {
        this.random = random;
        this.samples = samples;
        this.longest = longest;
    }

    byte[] next() {
        byte[] input = sample();
        for (int changes = 1 + random.nextInt(4); changes > 0; changes--) {
            input = changed(input);
        }
        return input.length > longest ? Arrays.copyOf(input, longest) : input;
    }

    private byte[] sample() {
        return samples.get(random.nextInt(samples.size())).clone();
    }

    private byte[] changed(byte[] in) {
        int at = random.nextInt(in.length + 1);
        int to = Math.min(in.length, at + random.nextInt(1 + random.nextInt(64)));
        return switch (random.nextInt(10)) {
            case 0 -> flipped(in);
            case 1 -> Arrays.copyOf(in, at);
            case 2 -> replaced(in, at, to, new byte[0]);
            case 3 -> replaced(in, at, at, Arrays.copyOfRange(in, at, to));
            case 4 -> replaced(in, at, to, token());
            case 5 -> replaced(in, at, at, token());
            case 6 -> replaced(in, at, at, repeated(in, at, to));
            case 7 -> replaced(in, at, in.length, tail(sample()));
            case 8 -> value(in);
            default -> replaced(in, at, to, random(to - at));
        };
    }

    private byte[] flipped(byte[] in) {
        if (in.length > 0) {
            in[random.nextInt(in.length)] ^= (byte) (1 << random.nextInt(8));
        }
        return in;
    }

    /** Replaces what is between two delimiters of a document, so that the document stays well-formed more often. */
    private byte[] value(byte[] in) {
        int start = random.nextInt(in.length + 1);
        while (start < in.length && ":,>[/".indexOf(in[start]) < 0) {
            start++;
        }
        int end = Math.min(in.length, start + 1);
        while (end < in.length && ",}]</\n".indexOf(in[end]) < 0) {
            end++;
        }
        return replaced(in, Math.min(in.length, start + 1), end, token());
    }

    private byte[] repeated(byte[] in, int at, int to) {
        byte[] part = random.nextBoolean() && to > at
                ? Arrays.copyOfRange(in, at, to)
                : REPEATED.get(random.nextInt(REPEATED.size())).getBytes(StandardCharsets.UTF_8);
        int most = 1 << random.nextInt(22);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (int i = 0; i < most && out.size() < longest; i++) {
            out.writeBytes(part);
        }
        return out.toByteArray();
    }

    private byte[] token() {
        if (random.nextInt(8) == 0) {
            int depth = 1 << random.nextInt(18);
            return (random.nextBoolean()
                            ? "[".repeat(depth) + "]".repeat(depth)
                            : "<a>".repeat(depth) + "</a>".repeat(depth))
                    .getBytes(StandardCharsets.UTF_8);
        }
        return TOKENS.get(random.nextInt(TOKENS.size())).getBytes(StandardCharsets.UTF_8);
    }

    private byte[] tail(byte[] of) {
        return Arrays.copyOfRange(of, random.nextInt(of.length + 1), of.length);
    }

    private byte[] random(int length) {
        byte[] bytes = new byte[length];
        random.nextBytes(bytes);
        return bytes;
    }

    private static byte[] replaced(byte[] in, int at, int to, byte[] with) {
        byte[] out = new byte[at + with.length + in.length - to];
        System.arraycopy(in, 0, out, 0, at);
        System.arraycopy(with, 0, out, at, with.length);
        System.arraycopy(in, to, out, at + with.length, in.length - to);
        return out;
    }
}
