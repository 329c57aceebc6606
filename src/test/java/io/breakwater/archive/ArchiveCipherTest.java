package io.breakwater.archive;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.store.CapturedNamespace;
import io.breakwater.trust.PointKeys;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.Arrays;
import java.util.List;
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
        CapturedNamespace source = SHOP.source();
        for (ArchiveIdentity other : List.of(
                new ArchiveIdentity("another", source, "p", "uid"),
                new ArchiveIdentity("resources", source, "q", "uid"),
                new ArchiveIdentity("resources", source, "p", "another"),
                new ArchiveIdentity("resources", PointKeys.source("west", "shop"), "p", "uid"),
                new ArchiveIdentity(
                        "resources", new CapturedNamespace("east", "shop", source.cluster(), "another"), "p", "uid"),
                new ArchiveIdentity(
                        "resources", new CapturedNamespace("east", "shop", "another", source.uid()), "p", "uid"))) {
            assertThat(reason(() -> again(cipher, other)))
                    .as("key of %s", other)
                    .isEqualTo(Reason.Tampered);
            assertThat(reason(() -> decrypted(cipher.rebound(other), encrypted)))
                    .as("archive of %s", other)
                    .isEqualTo(Reason.Tampered);
        }
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
            assertThat(reason(() -> decrypted(cipher, cut)))
                    .as("cut at %d", length)
                    .isEqualTo(Reason.Tampered);
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
