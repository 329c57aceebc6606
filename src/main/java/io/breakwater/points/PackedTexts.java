package io.breakwater.points;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.HexFormat;
import java.util.UUID;

/**
 * A sequence of texts and numbers in one array of bytes. A String costs about 40 bytes more than its characters; in this form
 * it costs two, a UUID or a hexadecimal text takes half of its characters, and a time of whole seconds five bytes. Each text is read as it was written.
 */
final class PackedTexts {
    private static final int ABSENT = 0;
    private static final int TEXT = 1;
    private static final int HEX = 2;
    private static final int IDENTITY = 3;
    private static final int TIME = 4;
    private static final int TIME_LENGTH = 20;
    private static final long LAST_TIME = 0xffff_ffffL;
    private static final int UUID_LENGTH = 36;
    private static final int SEVEN_BITS = 0x7f;
    private static final int MORE = 0x80;

    private PackedTexts() {}

    /** Writes texts and numbers. */
    static final class Packer {
        private final ByteArrayOutputStream out = new ByteArrayOutputStream(256);

        /** @param text may be null */
        Packer add(String text) {
            if (text == null) {
                out.write(ABSENT);
            } else if (isIdentity(text)) {
                UUID id = UUID.fromString(text);
                out.write(IDENTITY);
                out.writeBytes(ByteBuffer.allocate(2 * Long.BYTES)
                        .putLong(id.getMostSignificantBits())
                        .putLong(id.getLeastSignificantBits())
                        .array());
            } else if (isTime(text)) {
                out.write(TIME);
                out.writeBytes(ByteBuffer.allocate(Integer.BYTES)
                        .putInt((int) Instant.parse(text).getEpochSecond())
                        .array());
            } else if (isHex(text)) {
                out.write(HEX);
                add(text.length() / 2);
                out.writeBytes(HexFormat.of().parseHex(text));
            } else {
                byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
                out.write(TEXT);
                add(bytes.length);
                out.writeBytes(bytes);
            }
            return this;
        }

        /** @param number not negative */
        Packer add(int number) {
            int rest = number;
            while (rest > SEVEN_BITS) {
                out.write(rest & SEVEN_BITS | MORE);
                rest >>>= 7;
            }
            out.write(rest);
            return this;
        }

        int size() {
            return out.size();
        }

        byte[] bytes() {
            return out.toByteArray();
        }

        private static boolean isIdentity(String text) {
            if (text.length() != UUID_LENGTH) {
                return false;
            }
            try {
                return UUID.fromString(text).toString().equals(text);
            } catch (IllegalArgumentException e) {
                return false;
            }
        }

        /** Whether a text is a time in whole seconds, in UTC, in the form that Kubernetes writes. */
        private static boolean isTime(String text) {
            if (text.length() != TIME_LENGTH || text.charAt(TIME_LENGTH - 1) != 'Z') {
                return false;
            }
            try {
                long seconds = Instant.parse(text).getEpochSecond();
                return seconds >= 0
                        && seconds <= LAST_TIME
                        && Instant.ofEpochSecond(seconds).toString().equals(text);
            } catch (DateTimeParseException e) {
                return false;
            }
        }

        private static boolean isHex(String text) {
            return text.length() > 1
                    && text.length() % 2 == 0
                    && text.chars().allMatch(c -> c >= '0' && c <= '9' || c >= 'a' && c <= 'f');
        }
    }

    /** Reads what a {@link Packer} wrote, in the same order. */
    static final class Unpacker {
        private final byte[] bytes;
        private int at;

        Unpacker(byte[] bytes) {
            this.bytes = bytes;
        }

        /** @return null if null was written */
        String text() {
            return switch (bytes[at++]) {
                case ABSENT -> null;
                case IDENTITY -> {
                    ByteBuffer id = ByteBuffer.wrap(bytes, at, 2 * Long.BYTES);
                    at += 2 * Long.BYTES;
                    yield new UUID(id.getLong(), id.getLong()).toString();
                }
                case TIME -> {
                    at += Integer.BYTES;
                    long seconds = Integer.toUnsignedLong(ByteBuffer.wrap(bytes, at - Integer.BYTES, Integer.BYTES)
                            .getInt());
                    yield Instant.ofEpochSecond(seconds).toString();
                }
                case HEX -> {
                    int length = number();
                    at += length;
                    yield HexFormat.of().formatHex(bytes, at - length, at);
                }
                default -> {
                    int length = number();
                    at += length;
                    yield new String(bytes, at - length, length, StandardCharsets.UTF_8);
                }
            };
        }

        int number() {
            int number = 0;
            int shift = 0;
            while (bytes[at] < 0) {
                number |= (bytes[at++] & SEVEN_BITS) << shift;
                shift += 7;
            }
            return number | bytes[at++] << shift;
        }
    }
}
