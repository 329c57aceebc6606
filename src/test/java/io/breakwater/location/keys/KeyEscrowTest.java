package io.breakwater.location.keys;

import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.admission.InMemoryApiServer;
import io.breakwater.api.BackupLocation;
import io.breakwater.api.BackupLocationSpec;
import io.breakwater.api.EscrowKey;
import io.breakwater.api.NamedRef;
import io.breakwater.api.Reason;
import io.breakwater.store.ObjectStore;
import io.breakwater.store.ObjectStore.Precondition;
import io.breakwater.store.OldVersions;
import io.breakwater.store.StoreLayout;
import io.breakwater.store.TestStores;
import io.breakwater.store.VersionedStore;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.spec.MGF1ParameterSpec;
import java.time.Duration;
import java.util.Base64;
import java.util.Set;
import java.util.TreeSet;
import javax.crypto.Cipher;
import javax.crypto.spec.OAEPParameterSpec;
import javax.crypto.spec.PSource;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Only the private key opens a master key in escrow. */
@Tag("slow")
class KeyEscrowTest {
    private static final byte[] FIRST = new byte[32];
    private static final byte[] SECOND = "0123456789abcdef0123456789abcdef".getBytes(StandardCharsets.US_ASCII);
    private static KeyPair keeper;
    private static KeyPair other;

    @TempDir
    Path directory;

    private final InMemoryApiServer cluster = new InMemoryApiServer();
    private final BackupLocation location = new BackupLocation();
    private LocationKeys keys;
    private ObjectStore store;

    @BeforeAll
    static void makeKeys() throws Exception {
        keeper = pair(3072);
        other = pair(3072);
    }

    @BeforeEach
    void start() {
        location.getMetadata().setNamespace("shop");
        location.getMetadata().setName("blob");
        location.setSpec(new BackupLocationSpec());
        location.getSpec().encryption = new BackupLocationSpec.Encryption();
        location.getSpec().encryption.escrowSecretRef = new NamedRef("escrow");
        keys = TestKeys.of(cluster.client());
        store = TestStores.filesystem(directory);
        give(pem(keeper));
    }

    @AfterEach
    void stop() {
        cluster.close();
    }

    @Test
    void opensEveryKeyOfTheRingWithThePrivateKey() throws Exception {
        KeyRing ring = TestKeys.ring(FIRST, SECOND);

        KeyEscrow.State state = keep(ring);

        assertThat(state.holds()).isTrue();
        String print = state.fingerprint();
        assertThat(opened(keeper.getPrivate(), TestKeys.id(FIRST) + "." + print))
                .isEqualTo(text(FIRST));
        assertThat(opened(keeper.getPrivate(), TestKeys.id(SECOND) + "." + print))
                .isEqualTo(text(SECOND));
        assertThat(state.message()).contains(TestKeys.id(FIRST), TestKeys.id(SECOND), print);
    }

    @Test
    void preservesIntactEscrowFiles() {
        KeyRing ring = TestKeys.ring(FIRST);
        String name = name(keep(ring));
        byte[] before = content(name);

        keep(ring);

        assertThat(content(name)).isEqualTo(before);
    }

    @Test
    void rewritesAlteredForgedOrDeletedEscrowFiles() throws Exception {
        KeyRing ring = TestKeys.ring(FIRST);
        String name = name(keep(ring));
        byte[] whole = content(name);
        byte[] flipped = whole.clone();
        flipped[100] ^= 1;
        byte[] forged = EscrowKey.of(pem(keeper)).wrap("of someone else".getBytes(StandardCharsets.US_ASCII));

        for (byte[] bad : new byte[][] {flipped, forged, new byte[0]}) {
            store.write(name, bad, Precondition.NONE);
            keep(ring);
            assertThat(opened(keeper.getPrivate(), name.substring("breakwater/escrow/".length(), name.length() - 4)))
                    .isEqualTo(text(FIRST));
        }
        store.delete(name);
        keep(ring);
        assertThat(store.head(name)).isPresent();
    }

    @Test
    void rewritesEscrowFilesThatAreTooLarge() {
        KeyRing ring = TestKeys.ring(FIRST);
        String name = name(keep(ring));

        for (String key : new String[] {name, name.replace(".rsa", ".json")}) {
            store.write(key, new byte[ObjectStore.MAX_DOCUMENT + 1], Precondition.NONE);
            keep(ring);
            assertThat(content(key)).as(key).hasSizeLessThan(1000);
        }
    }

    @Test
    void ignoresAndRewritesAReportOfKeysThatIsTooLarge() {
        String report = StoreLayout.keyRing("west");
        store.write("breakwater/sites/west.json", new byte[] {'{', '}'}, Precondition.NONE);
        store.write(report, new byte[ObjectStore.MAX_DOCUMENT + 1], Precondition.NONE);

        assertThat(SiteKeys.read(store)).singleElement().satisfies(west -> {
            assertThat(west.site()).isEqualTo("west");
            assertThat(west.keys()).isEmpty();
        });
        SiteKeys.report(store, "west", TestKeys.ring(FIRST), null);
        assertThat(SiteKeys.read(store))
                .singleElement()
                .satisfies(west -> assertThat(west.keys()).containsExactly(TestKeys.id(FIRST)));
    }

    @Test
    void rewrapsAvailableKeysForANewPublicKey() throws Exception {
        String gone = name(keep(TestKeys.ring(FIRST)));
        String old = name(keep(TestKeys.ring(SECOND, FIRST)));
        give(pem(other));

        KeyEscrow.State state = keep(TestKeys.ring(SECOND));

        assertThat(opened(other.getPrivate(), TestKeys.id(SECOND) + "." + state.fingerprint()))
                .isEqualTo(text(SECOND));
        assertThat(store.head(old)).isEmpty();
        assertThat(store.head(gone)).as("no cluster could wrap this one again").isPresent();
    }

    @Test
    void preservesFilesOfAPublicKeyStillInUse() {
        KeyRing ring = TestKeys.ring(FIRST);
        KeyEscrow.State first = keep(ring);
        String old = name(first);
        store.write("breakwater/sites/west.json", new byte[] {'{', '}'}, Precondition.NONE);
        SiteKeys.report(store, "west", ring, first.fingerprint());
        give(pem(other));

        KeyEscrow.State second = keep(ring);

        assertThat(names()).contains(old, name(second));
        SiteKeys.report(store, "west", ring, second.fingerprint());
        keep(ring);
        assertThat(names()).contains(name(second)).doesNotContain(old);
    }

    /** A file for a public key that is not in use must not stay readable as an older version. */
    @Test
    void deletesAllVersionsOfReplacedFiles() {
        VersionedStore versioned = new VersionedStore(TestKeys.removals(FIRST));
        store = versioned;
        String old = name(keep(TestKeys.ring(FIRST)));
        give(pem(other));
        String present = name(keep(TestKeys.ring(FIRST)));
        versioned.pass(Duration.ofDays(1));

        OldVersions.Swept swept = OldVersions.sweep(
                store, StoreLayout.prefixesFor("east"), Duration.ofHours(1), Duration.ofDays(1), versioned.now());

        assertThat(swept.restored()).isEmpty();
        assertThat(versioned.versions(old)).isEmpty();
        assertThat(versioned.versions(old.replace(".rsa", ".json"))).isEmpty();
        assertThat(versioned.versions(present)).hasSize(1);
    }

    @Test
    void reportsAnUnusablePublicKeyAndWritesNothing() throws Exception {
        refused(pem(pair(2048)), "it has 2048 bits; at least 3072 are required");
        refused("nonsense", "it is not a public key in PEM");
        refused("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----", "it is not a valid RSA public key");
        KeyPairGenerator curve = KeyPairGenerator.getInstance("EC");
        refused(pem(curve.generateKeyPair()), "it is not a valid RSA public key");
        refused(pem(keeper).replace("PUBLIC", "PRIVATE"), "must never be in a cluster");
        assertThat(names()).isEmpty();
    }

    @Test
    void reportsAMissingSecret() {
        cluster.client().secrets().inNamespace("shop").withName("escrow").delete();

        KeyEscrow.State state = KeyEscrow.wanted(location, keys).orElseThrow();

        assertThat(state.reason()).isEqualTo(Reason.SecretNotFound);
        assertThat(state.message()).contains("shop/escrow does not exist");
    }

    @Test
    void writesNothingWhenWritesAreForbidden() {
        KeyEscrow.State state = new KeyEscrow(store, TestKeys.ring(FIRST)).update(location, keys, false);

        assertThat(state.holds()).isFalse();
        assertThat(names()).isEmpty();
    }

    private void refused(String pem, String why) {
        give(pem);
        KeyEscrow.State state = KeyEscrow.wanted(location, keys).orElseThrow();
        assertThat(state.holds()).isFalse();
        assertThat(state.reason()).isEqualTo(Reason.InvalidSpec);
        assertThat(state.message()).contains("escrowSecretRef", "shop/escrow", why);
    }

    private KeyEscrow.State keep(KeyRing ring) {
        assertThat(KeyEscrow.wanted(location, keys).orElseThrow().holds()).isTrue();
        return new KeyEscrow(store, ring).update(location, keys, true);
    }

    private String name(KeyEscrow.State state) {
        return names().stream()
                .filter(n -> n.endsWith(state.fingerprint() + ".rsa"))
                .findFirst()
                .orElseThrow();
    }

    private Set<String> names() {
        Set<String> names = new TreeSet<>();
        store.list("breakwater/escrow/", o -> names.add(o.key()));
        return names;
    }

    private String opened(PrivateKey key, String name) throws Exception {
        Cipher cipher = Cipher.getInstance("RSA/ECB/OAEPPadding");
        cipher.init(
                Cipher.DECRYPT_MODE,
                key,
                new OAEPParameterSpec("SHA-256", "MGF1", MGF1ParameterSpec.SHA256, PSource.PSpecified.DEFAULT));
        return new String(cipher.doFinal(content("breakwater/escrow/" + name + ".rsa")), StandardCharsets.US_ASCII);
    }

    private byte[] content(String key) {
        return store.read(key).orElseThrow().content();
    }

    private static String text(byte[] key) {
        return Base64.getEncoder().encodeToString(key);
    }

    private void give(String pem) {
        cluster.client()
                .resource(new SecretBuilder()
                        .withNewMetadata()
                        .withNamespace("shop")
                        .withName("escrow")
                        .addToLabels("breakwater.io/location-credentials", "true")
                        .endMetadata()
                        .addToData(
                                "publicKey",
                                Base64.getEncoder().encodeToString(pem.getBytes(StandardCharsets.US_ASCII)))
                        .build())
                .createOr(io.fabric8.kubernetes.client.dsl.NonDeletingOperation::update);
    }

    private static KeyPair pair(int bits) throws Exception {
        KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
        generator.initialize(bits);
        return generator.generateKeyPair();
    }

    private static String pem(KeyPair pair) {
        return "-----BEGIN PUBLIC KEY-----\n"
                + Base64.getMimeEncoder().encodeToString(pair.getPublic().getEncoded())
                + "\n-----END PUBLIC KEY-----\n";
    }
}
