package io.breakwater.archive;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.trust.PointKeys;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

/** What the encryption of archives finds: every change of the bytes, of the key and of the identity. */
class ArchiveCipherTest {
    private static final ArchiveIdentity SHOP = ArchiveIdentity.ofResources(PointKeys.of("east", "shop", "p"), "uid");
    private static final int SEGMENT = 1 << 20;

    private final Random random = new Random(13);
    private final byte[] namespaceKey = bytes(32);

    @Test
    void decryptsWhatItEncrypted() throws IOException {
        ArchiveCipher cipher = ArchiveCipher.create(SHOP);
        for (int size : List.of(0, 1, SEGMENT - 100, SEGMENT, 3 * SEGMENT + 7)) {
            byte[] clear = bytes(size);
            byte[] encrypted = encrypted(cipher, clear);

            assertThat(decrypted(again(cipher, SHOP), encrypted)).isEqualTo(clear);
        }
    }

    @Test
    void decryptsOnlyWithTheCompleteIdentity() throws IOException {
        ArchiveCipher cipher = ArchiveCipher.create(SHOP);
        byte[] encrypted = encrypted(cipher, bytes(1000));
        for (int i = 0; i < SHOP.parts().size(); i++) {
            List<String> parts = new java.util.ArrayList<>(SHOP.parts());
            parts.set(i, parts.get(i) + "x");
            ArchiveIdentity other = new ArchiveIdentity("east", "shop", parts);

            assertThat(reason(() -> again(cipher, other))).as("key of %s", parts).isEqualTo(Reason.Tampered);
            assertThat(reason(() -> decrypted(sameKey(cipher, other), encrypted)))
                    .as("archive of %s", parts)
                    .isEqualTo(Reason.Tampered);
        }
    }

    /** Parts that read alike when they are joined. */
    @Test
    void distinguishesAllIdentities() {
        Map<String, List<String>> seen = new HashMap<>();
        List<String> words = List.of("", "a", "b", "ab", "a/b", "a\0b", "\0\0\0\1a", "1:a", "ä");
        for (int i = 0; i < 20_000; i++) {
            List<String> parts = random.ints(random.nextInt(1, 5), 0, words.size())
                    .mapToObj(words::get)
                    .toList();
            String bytes = Arrays.toString(new ArchiveIdentity("s", "n", parts).associatedData());
            assertThat(seen.merge(bytes, parts, (old, now) -> old)).isEqualTo(parts);
        }
        assertThat(seen).hasSizeGreaterThan(1000);
    }

    @Test
    void findsEveryChangedPart() throws IOException {
        ArchiveCipher cipher = ArchiveCipher.create(SHOP);
        byte[] encrypted = encrypted(cipher, bytes(2 * SEGMENT));
        for (int i = 0; i < 200; i++) {
            byte[] altered = encrypted.clone();
            altered[i < 100 ? i : random.nextInt(altered.length)] ^= (byte) (1 << random.nextInt(8));
            assertThat(reason(() -> decrypted(cipher, altered))).isEqualTo(Reason.Tampered);
        }
        for (int length : List.of(0, 1, 40, SEGMENT, 2 * SEGMENT, encrypted.length - 1)) {
            byte[] cut = Arrays.copyOf(encrypted, length);
            assertThat(reason(() -> decrypted(cipher, cut))).as("cut at %d", length).isEqualTo(Reason.Tampered);
        }
        byte[] longer = Arrays.copyOf(encrypted, encrypted.length + 1);
        assertThat(reason(() -> decrypted(cipher, longer))).isEqualTo(Reason.Tampered);
    }

    @Test
    void reportsAnErrorOfTheSourceAsSuch() {
        ArchiveCipher cipher = ArchiveCipher.create(SHOP);
        InputStream broken = new InputStream() {
            @Override
            public int read() throws IOException {
                throw new IOException("disk");
            }
        };

        assertThat(catchThrowable(() -> cipher.decrypting(broken).read()))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("disk");
    }

    private ArchiveCipher again(ArchiveCipher cipher, ArchiveIdentity identity) {
        return ArchiveCipher.unwrap(identity, namespaceKey, cipher.wrapped(namespaceKey));
    }

    /** A cipher with the same data key for another identity, as if the key were known. */
    private ArchiveCipher sameKey(ArchiveCipher cipher, ArchiveIdentity identity) {
        return cipher.rebound(identity);
    }

    private static byte[] encrypted(ArchiveCipher cipher, byte[] clear) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (OutputStream to = cipher.encrypting(out)) {
            to.write(clear);
        }
        return out.toByteArray();
    }

    private static byte[] decrypted(ArchiveCipher cipher, byte[] encrypted) throws IOException {
        try (InputStream in = cipher.decrypting(new ByteArrayInputStream(encrypted))) {
            return in.readAllBytes();
        }
    }

    private static Reason reason(ThrowingCallable call) {
        return catchThrowable(call) instanceof BreakwaterException e ? e.reason() : null;
    }

    private byte[] bytes(int size) {
        byte[] some = new byte[size];
        random.nextBytes(some);
        return some;
    }
}
