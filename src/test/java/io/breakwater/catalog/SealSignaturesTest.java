package io.breakwater.catalog;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.breakwater.api.BackupLocation;
import io.breakwater.api.BackupLocationSpec;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Digests;
import io.breakwater.api.Reason;
import io.breakwater.api.RestorePointSpec.Trigger;
import io.breakwater.api.RestorePointStatus.Consistency;
import io.breakwater.archive.ArchiveCipher;
import io.breakwater.archive.ArchiveHeader;
import io.breakwater.location.keys.KeyRing;
import io.breakwater.location.keys.TestKeys;
import io.breakwater.store.ObjectStore;
import io.breakwater.store.ObjectStore.Precondition;
import io.breakwater.store.TestStores;
import io.breakwater.trust.PointKey;
import io.breakwater.trust.PointKeys;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The keys that verify a seal: the key that signed it, and the keys that vouch for it. */
class SealSignaturesTest {
    private static final PointKey POINT = PointKeys.of("east", "shop", "p");

    @TempDir
    Path directory;

    private final Random random = new Random(1);
    private final BackupLocation location = new BackupLocation();
    private ObjectStore store;

    @BeforeEach
    void start() {
        location.getMetadata().setNamespace("shop");
        location.getMetadata().setName("blob");
        location.setSpec(new BackupLocationSpec());
        store = TestStores.filesystem(directory);
    }

    @Test
    void acceptsSealsByAnyKeyOfTheRing() {
        for (int round = 0; round < 30; round++) {
            byte[][] keys = keys(1 + random.nextInt(5));
            byte[] signer = keys[random.nextInt(keys.length)];

            assertThat(with(keys).verify(POINT, sealed(signer, true)).point()).isEqualTo("p");
            assertThat(with(keys).verify(POINT, sealed(signer, false)).point())
                    .as("a seal that names no key")
                    .isEqualTo("p");
        }
    }

    @Test
    void namesTheMissingSigningKeyUntilItReturns() {
        byte[][] keys = keys(2);
        byte[] seal = sealed(keys[1], true);

        assertThatThrownBy(() -> with(keys[0]).verify(POINT, seal))
                .isInstanceOfSatisfying(
                        BreakwaterException.class, e -> assertThat(e.reason()).isEqualTo(Reason.KeyMismatch))
                .hasMessageContaining(POINT.toString())
                .hasMessageContaining("masterKey." + TestKeys.id(keys[1]))
                .hasMessageContaining("shop/breakwater-master-key");
        assertThat(with(keys).verify(POINT, seal).point()).isEqualTo("p");
    }

    @Test
    void acceptsUnchangedSealsThroughAChainOfVouchers() {
        byte[][] keys = keys(3);
        byte[] seal = sealed(keys[2], true);
        with(keys).vouch(POINT, seal, TestKeys.id(keys[1]));
        with(keys[1], keys[0]).vouch(POINT, seal, TestKeys.id(keys[0]));

        assertThat(with(keys[0]).verify(POINT, seal).point()).isEqualTo("p");
        assertThat(with(keys[1]).verify(POINT, seal).point()).isEqualTo("p");
    }

    /** The key that encrypted an archive is removed from the Secret after its rotation. */
    @Test
    void opensTheArchiveThroughAChainOfVouchers() throws IOException {
        byte[][] keys = keys(3);
        byte[] objects = new byte[1000];
        random.nextBytes(objects);
        PointDocument document = TestArchives.write(store, POINT, "uid", objects, keys[2]);
        byte[] seal = TestPoints.seal(document, keys[2]);
        String digest = Digests.sha256Hex(seal);
        with(keys).vouch(POINT, seal, TestKeys.id(keys[1]));
        with(keys[1], keys[0]).vouch(POINT, seal, TestKeys.id(keys[0]));

        for (byte[] key : keys) {
            PointDocument verified = with(key).verify(POINT, seal);
            assertThat(content(with(key).cipher(verified, digest))).isEqualTo(objects);
        }
        byte[] other = keys(1)[0];
        assertThatThrownBy(() -> with(other).cipher(document, digest))
                .isInstanceOfSatisfying(
                        BreakwaterException.class, e -> assertThat(e.reason()).isEqualTo(Reason.KeyMismatch));
    }

    private byte[] content(ArchiveCipher cipher) throws IOException {
        try (InputStream in = new ByteArrayInputStream(
                store.read(POINT.archiveKey("uid")).orElseThrow().content())) {
            ArchiveHeader.read(in);
            return cipher.decrypting(in).readAllBytes();
        }
    }

    @Test
    void refusesAVoucherWithAnotherKeyOfTheArchive() {
        byte[][] keys = keys(2);
        PointDocument document = TestArchives.write(store, POINT, "uid", new byte[10], keys[1]);
        byte[] seal = TestPoints.seal(document, keys[1]);
        with(keys).vouch(POINT, seal, TestKeys.id(keys[0]));
        String key = SealSignatures.key(POINT, TestKeys.id(keys[0]));
        String voucher = new String(store.read(key).orElseThrow().content(), StandardCharsets.UTF_8);
        String altered = voucher.replaceFirst("\"archiveKey\":\"....", "\"archiveKey\":\"AAAA");
        store.write(key, altered.getBytes(StandardCharsets.UTF_8), Precondition.NONE);

        refused(Reason.KeyMismatch, POINT, seal, keys[0]);
    }

    @Test
    void refusesVouchersForAnotherSealOrPoint() {
        byte[][] keys = keys(2);
        byte[] seal = sealed(keys[1], true);
        with(keys).vouch(POINT, seal, TestKeys.id(keys[0]));
        String altered = new String(seal, StandardCharsets.UTF_8).replace("\"epoch\" : 3", "\"epoch\" : 4");

        refused(Reason.KeyMismatch, POINT, altered.getBytes(StandardCharsets.UTF_8), keys[0]);

        PointKey elsewhere = PointKeys.of("east", "shop", "q");
        byte[] voucher = store.read(SealSignatures.key(POINT, TestKeys.id(keys[0])))
                .orElseThrow()
                .content();
        store.write(SealSignatures.key(elsewhere, TestKeys.id(keys[0])), voucher, Precondition.NONE);
        refused(Reason.KeyMismatch, elsewhere, seal, keys[0]);
    }

    @Test
    void everyChangedCharacterOfAVoucherIsFound() {
        byte[][] keys = keys(2);
        byte[] seal = sealed(keys[1], true);
        String key = SealSignatures.key(POINT, TestKeys.id(keys[0]));
        with(keys).vouch(POINT, seal, TestKeys.id(keys[0]));
        String voucher = new String(store.read(key).orElseThrow().content(), StandardCharsets.UTF_8);
        int hmac = voucher.indexOf("\"hmac\":\"") + 8;

        for (int at = hmac; at < hmac + 64; at++) {
            StringBuilder altered = new StringBuilder(voucher);
            altered.setCharAt(at, altered.charAt(at) == '0' ? '1' : '0');
            store.write(key, altered.toString().getBytes(StandardCharsets.UTF_8), Precondition.NONE);
            refused(Reason.KeyMismatch, POINT, seal, keys[0]);
        }
        for (String rubbish : List.of("", "null", "[]", "{}", "{")) {
            store.write(key, rubbish.getBytes(StandardCharsets.UTF_8), Precondition.NONE);
            refused(Reason.KeyMismatch, POINT, seal, keys[0]);
        }
    }

    @Test
    void ignoresAVoucherThatIsTooLarge() {
        byte[][] keys = keys(2);
        byte[] seal = sealed(keys[1], true);
        String key = SealSignatures.key(POINT, TestKeys.id(keys[0]));
        store.write(key, new byte[ObjectStore.MAX_DOCUMENT + 1], Precondition.NONE);

        refused(Reason.KeyMismatch, POINT, seal, keys[0]);

        with(keys).vouch(POINT, seal, TestKeys.id(keys[0]));
        assertThat(with(keys[0]).verify(POINT, seal).point()).isEqualTo("p");
    }

    /** The signature of an available key is verified, not only its id. */
    @Test
    void reportsTamperingWhenTheNamedKeyDidNotSign() {
        byte[][] keys = keys(2);
        byte[] seal = sealed(keys[1], true);
        String renamed = new String(seal, StandardCharsets.UTF_8).replace(TestKeys.id(keys[1]), TestKeys.id(keys[0]));

        refused(Reason.Tampered, POINT, renamed.getBytes(StandardCharsets.UTF_8), keys);
        refused(Reason.Tampered, POINT, sealed(keys(1)[0], false), keys);
    }

    private void refused(Reason reason, PointKey where, byte[] seal, byte[]... keys) {
        assertThatThrownBy(() -> with(keys).verify(where, seal))
                .isInstanceOfSatisfying(
                        BreakwaterException.class, e -> assertThat(e.reason()).isEqualTo(reason));
    }

    private SealSignatures with(byte[]... keys) {
        List<byte[]> shuffled = new ArrayList<>(List.of(keys));
        Collections.shuffle(shuffled, random);
        return new SealSignatures(location, store, TestKeys.ring(shuffled.toArray(byte[][]::new)));
    }

    private byte[] sealed(byte[] key, boolean named) {
        KeyRing ring = TestKeys.ring(key);
        PointDocument document = document(POINT);
        return SealCodec.sign(
                named ? document.signedWith(ring.current()) : document,
                ring.catalogKey(ring.current(), POINT.source()));
    }

    private byte[][] keys(int count) {
        byte[][] keys = new byte[count][32];
        for (byte[] key : keys) {
            random.nextBytes(key);
        }
        return keys;
    }

    static PointDocument document(PointKey key) {
        return PointDocument.builder(key, "uid of " + key)
                .policy("hourly")
                .trigger(Trigger.Manual)
                .epoch(3)
                .operatorVersion("test")
                .capturedAt("2026-06-01T00:00:00Z")
                .consistency(Consistency.Crash)
                .archive("velero/backups/x/x.tar.gz", 1)
                .build();
    }
}
