package io.breakwater.resource.apply;

import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/**
 * Stores the objects of an archive until their wave: the first {@code memory} bytes in the heap, the rest in a
 * temporary file. The file is encrypted with a key that only this process has, because objects include Secrets.
 */
final class ObjectSpool implements Closeable {
    /** Place of one object. */
    sealed interface Slot {
        /** Bytes of the object, or a few more. */
        int length();

        record Heap(byte[] bytes) implements Slot {
            @Override
            public int length() {
                return bytes.length;
            }
        }

        record File(long offset, int length) implements Slot {}
    }

    private static final int TAG_BITS = 128;
    private static final int NONCE = 12;
    private final long memory;
    private final byte[] key = new byte[32];
    private long held;
    private Path file;
    private FileChannel channel;
    private long end;

    ObjectSpool(long memory) {
        this.memory = memory;
        new SecureRandom().nextBytes(key);
    }

    /** Stores an object. Not safe for use from several threads. */
    Slot put(byte[] bytes) throws IOException {
        if (held + bytes.length <= memory) {
            held += bytes.length;
            return new Slot.Heap(bytes);
        }
        if (channel == null) {
            file = Files.createTempFile("breakwater-", ".spool");
            channel = FileChannel.open(
                    file, StandardOpenOption.READ, StandardOpenOption.WRITE, StandardOpenOption.DELETE_ON_CLOSE);
        }
        byte[] sealed = crypt(Cipher.ENCRYPT_MODE, end, bytes);
        ByteBuffer buffer = ByteBuffer.wrap(sealed);
        while (buffer.hasRemaining()) {
            channel.write(buffer, end + buffer.position());
        }
        Slot slot = new Slot.File(end, sealed.length);
        end += sealed.length;
        return slot;
    }

    /** Reads the object; safe for use from many threads. */
    byte[] get(Slot slot) {
        return switch (slot) {
            case Slot.Heap(byte[] bytes) -> bytes;
            case Slot.File(long offset, int length) -> {
                ByteBuffer buffer = ByteBuffer.allocate(length);
                try {
                    while (buffer.hasRemaining() && channel.read(buffer, offset + buffer.position()) >= 0) {
                        // until all bytes are read
                    }
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
                yield crypt(Cipher.DECRYPT_MODE, offset, buffer.array());
            }
        };
    }

    /** The key is used only for this spool, and no offset is written twice, so the offset is a nonce. */
    private byte[] crypt(int mode, long offset, byte[] bytes) {
        try {
            byte[] nonce = ByteBuffer.allocate(NONCE).putLong(offset).array();
            Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
            cipher.init(mode, new SecretKeySpec(key, "AES"), new GCMParameterSpec(TAG_BITS, nonce));
            return cipher.doFinal(bytes);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("the spool file " + file + " was altered", e);
        }
    }

    @Override
    public void close() throws IOException {
        if (channel != null) {
            channel.close();
        }
    }
}
