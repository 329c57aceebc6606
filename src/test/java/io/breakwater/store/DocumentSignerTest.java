package io.breakwater.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.location.TestRegister;
import io.breakwater.store.ObjectStore.Precondition;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The signature of documents: one byte that changed is found, whatever the document. */
class DocumentSignerTest {
    private static final byte[] PAYLOAD = "{\"epoch\":3,\"holder\":\"east\"}".getBytes(StandardCharsets.UTF_8);

    private final MemoryStore store = new MemoryStore();

    /** One document of each area that has signed ones. */
    static Stream<String> documents() {
        return Stream.of(
                StoreLayout.lease("shop", "shop"),
                StoreLayout.journal("shop", "shop", 1, 0, "Request"),
                StoreLayout.location(),
                StoreLayout.keyRing("east"),
                StoreLayout.heartbeat("east"),
                StoreLayout.lockRound("east"),
                StoreLayout.readLease(TestRegister.SHOP_ID, "r1"),
                TestRegister.tombstone("east", "shop", TestRegister.SHOP + "data/ab/abcd"),
                StoreLayout.rekeyNote(TestRegister.SHOP_ID),
                StoreLayout.pruneRecord(TestRegister.SHOP_ID),
                StoreLayout.inProgress("east") + "shop/cluster/uid/p.json");
    }

    @ParameterizedTest
    @MethodSource("documents")
    void findsEveryBitThatChanged(String key) {
        store.writeSigned(key, 17, PAYLOAD, Precondition.NONE);
        byte[] signed = store.objects.get(key);
        assertThat(store.readSigned(key, 4096).orElseThrow().payload()).isEqualTo(PAYLOAD);

        for (int bit = 0; bit < 8 * signed.length; bit++) {
            byte[] changed = signed.clone();
            changed[bit / 8] ^= (byte) (1 << bit % 8);
            store.objects.put(key, changed);

            assertTampered(key, "bit " + bit);
        }
    }

    @ParameterizedTest
    @MethodSource("documents")
    void findsEveryDocumentThatWasCutOrContinued(String key) {
        store.writeSigned(key, 17, PAYLOAD, Precondition.NONE);
        byte[] signed = store.objects.get(key);

        for (int length = 0; length <= signed.length + 1; length++) {
            if (length != signed.length) {
                store.objects.put(key, Arrays.copyOf(signed, length));
                assertTampered(key, length + " bytes");
            }
        }
    }

    @Test
    void isValidInOnePlaceOnly() {
        List<String> keys = documents().toList();
        for (String from : keys) {
            store.writeSigned(from, 1, PAYLOAD, Precondition.NONE);
            for (String to : keys) {
                if (!from.equals(to)) {
                    store.objects.put(to, store.objects.get(from));
                    assertTampered(to, from + " in its place");
                }
            }
        }
    }

    @Test
    void namesAForeignKey() {
        String key = StoreLayout.location();
        store.objects.put(key, TestSigner.of("fedcba9876543210").sign(key, 1, PAYLOAD));

        assertThatThrownBy(() -> store.readSigned(key, 4096)).hasMessageContaining("master key fedcba9876543210");
        assertThat(DocumentSigner.statedKey(store.objects.get(key))).contains("fedcba9876543210");
    }

    @Test
    void verifiesWithEveryKeyOfTheRing() {
        String key = StoreLayout.location();
        byte[] older = TestSigner.of("fedcba9876543210").sign(key, 4, PAYLOAD);
        DocumentSigner both = new DocumentSigner(() -> TestSigner.keys("0123456789abcdef", "fedcba9876543210"));
        store.objects.put(key, older);

        SignedDocument document = both.verify(store.read(key).orElseThrow());

        assertThat(document.keyId()).isEqualTo("fedcba9876543210");
        assertThat(document.counter()).isEqualTo(4);
    }

    @Test
    void continuesWithTheLastKeysWhileTheSecretCannotBeRead() {
        boolean[] away = {false};
        DocumentSigner signer = new DocumentSigner(() -> {
            if (away[0]) {
                throw BreakwaterException.permanent(Reason.SecretNotFound, "away");
            }
            return TestSigner.keys("0123456789abcdef");
        });
        signer.refresh();
        away[0] = true;
        signer.refresh();

        assertThat(signer.sign(StoreLayout.location(), 1, PAYLOAD)).endsWith(PAYLOAD);
    }

    /** Someone replaces the Secret and forgets the older key, or removes it before the location is switched. */
    @Test
    void continuesWithAKeyThatTheSecretHasLost() {
        String key = StoreLayout.lease("shop", "shop");
        SigningKeys[] keys = {TestSigner.keys("0123456789abcdef", "2222222222222222")};
        DocumentSigner signer = new DocumentSigner(() -> keys[0]);
        signer.refresh();
        store.objects.put(key, signer.sign(key, 1, PAYLOAD));
        store.objects.put("older", TestSigner.of("2222222222222222").sign("older", 1, PAYLOAD));

        keys[0] = unaccepted("1111111111111111");
        signer.refresh();
        signer.refresh();

        assertThat(signer.verify(store.read(key).orElseThrow()).keyId()).isEqualTo("0123456789abcdef");
        assertThat(signer.verify(store.read("older").orElseThrow()).payload()).isEqualTo(PAYLOAD);
        assertThat(signer.currentKey()).as("no probe accepted the other key").isEqualTo("0123456789abcdef");
        assertThat(signer.sign(key, 2, PAYLOAD)).endsWith(PAYLOAD);

        keys[0] = TestSigner.keys("1111111111111111");
        signer.refresh();
        assertThat(signer.currentKey()).isEqualTo("1111111111111111");
    }

    @Test
    void retainsABoundedNumberOfKeys() {
        int[] n = {0};
        DocumentSigner signer = new DocumentSigner(() -> TestSigner.keys("%016x".formatted(n[0]++)));
        for (int i = 0; i < 100; i++) {
            signer.refresh();
        }

        long held = java.util.stream.IntStream.range(0, 100)
                .filter(i -> signer.holds("%016x".formatted(i)))
                .count();
        assertThat(held).isEqualTo(RetainedKeys.MOST);
        assertThat(signer.currentKey()).isEqualTo("%016x".formatted(99));
    }

    private static SigningKeys unaccepted(String id) {
        SigningKeys keys = TestSigner.keys(id);
        return new SigningKeys() {
            @Override
            public String current() {
                return keys.current();
            }

            @Override
            public java.util.Set<String> ids() {
                return keys.ids();
            }

            @Override
            public byte[] key(String of) {
                return keys.key(of);
            }

            @Override
            public byte[] documentKey(String of, String area) {
                return keys.documentKey(of, area);
            }

            @Override
            public boolean isAccepted() {
                return false;
            }
        };
    }

    /** Every site has the master key, so only the key of the site shows that another one wrote in its name. */
    @ParameterizedTest
    @MethodSource("documentsOfSites")
    void findsWhatAnotherSiteWroteInTheNameOfASite(String key) {
        TestSite west = new TestSite("west", "w1");
        TestSite forger = new TestSite("west", "w1");
        ObjectStore east = new TestSite("east", "e1").view(store, Map.of("west", west.publicKey()));

        store.objects.put(key, west.view(store, Map.of()).documents().signAsSite(key, 1, PAYLOAD));
        assertThat(east.readSigned(key, 4096).orElseThrow().stamp().site()).isEqualTo("west");

        store.objects.put(key, forger.view(store, Map.of()).documents().signAsSite(key, 1, PAYLOAD));
        assertThatThrownBy(() -> east.readSigned(key, 4096)).hasMessageContaining("not the one of site west");

        store.writeSigned(key, 1, PAYLOAD, Precondition.NONE);
        assertThatThrownBy(() -> east.readSigned(key, 4096)).hasMessageContaining("no site signed it");
    }

    @ParameterizedTest
    @MethodSource("documentsOfSites")
    void findsWhatAnotherSiteWroteInTheNameOfTheReader(String key) {
        TestSite west = new TestSite("west", "w2");
        TestSite earlier = new TestSite("west", "w1");
        Map<String, String> pins = Map.of("east", "key", "west", earlier.publicKey());

        store.objects.put(key, earlier.view(store, Map.of()).documents().signAsSite(key, 1, PAYLOAD));
        assertThat(west.view(store, pins).readSigned(key, 4096)).isPresent();
        store.objects.put(key, west.view(store, Map.of()).documents().signAsSite(key, 2, PAYLOAD));
        assertThat(west.view(store, pins).readSigned(key, 4096)).isPresent();

        TestSite forger = new TestSite("west", "w2");
        store.objects.put(key, forger.view(store, Map.of()).documents().signAsSite(key, 3, PAYLOAD));
        assertThatThrownBy(() -> west.view(store, pins).readSigned(key, 4096))
                .hasMessageContaining("not the one of site west");
        assertThatThrownBy(() -> west.view(store, Map.of("east", "key")).readSigned(key, 4096))
                .hasMessageContaining("not the one of site west");
    }

    @Test
    void refusesAHeartbeatThatAnotherSiteSigned() {
        String key = StoreLayout.heartbeat("west");
        TestSite north = new TestSite("north", "n1");
        ObjectStore east = new TestSite("east", "e1").view(store, Map.of());

        store.objects.put(key, north.view(store, Map.of()).documents().signAsSite(key, 1, PAYLOAD));

        assertThatThrownBy(() -> east.readSigned(key, 4096)).hasMessageContaining("site north signed it");
    }

    @ParameterizedTest
    @MethodSource("documentsOfSites")
    void signsADocumentOfAnotherSiteWithAnotherMasterKey(String key) {
        TestSite west = new TestSite("west", "w1");
        ObjectStore east = new TestSite("east", "e1").view(store, Map.of("west", west.publicKey()));
        store.objects.put(key, west.view(store, Map.of()).documents().signAsSite(key, 5, PAYLOAD));
        SignedDocument before = east.readSigned(key, 4096).orElseThrow();

        store.objects.put(
                key,
                new DocumentSigner(() -> TestSigner.keys("1111111111111111", "0123456789abcdef"))
                        .renewed(before, "1111111111111111"));

        assertThatThrownBy(() -> east.readSigned(key, 4096)).hasMessageContaining("1111111111111111");
        store.objects.put(key, east.documents().renewed(before, "0123456789abcdef"));
        SignedDocument after = east.readSigned(key, 4096).orElseThrow();
        assertThat(after.stamp()).isEqualTo(before.stamp());
        assertThat(after.counter()).isEqualTo(5);
    }

    @Test
    void reportsEachVersionOfARefusedDocumentOnce() {
        String tombstone = StoreLayout.keyRing("west");
        store.objects.put(tombstone, "{}".getBytes(StandardCharsets.UTF_8));
        store.documents().takeReports();
        for (int i = 0; i < 3; i++) {
            assertThatThrownBy(() -> store.readSigned(tombstone, 4096)).hasMessageContaining(tombstone);
        }

        assertThat(store.documents().takeReports())
                .singleElement()
                .satisfies(message -> assertThat(message).startsWith(tombstone));
        assertThatThrownBy(() -> store.readSigned(tombstone, 4096)).hasMessageContaining(tombstone);
        assertThat(store.documents().takeReports()).isEmpty();
        assertThatThrownBy(() -> store.readSigned(tombstone, 1)).hasMessageContaining(tombstone);
        assertThat(store.documents().takeReports()).as("too large").hasSize(1);
    }

    @Test
    void reportsAnEarlierVersionOfAReport() {
        String key = StoreLayout.keyRing("west");
        store.documents().takeReports();
        store.writeSigned(key, 5, PAYLOAD, Precondition.NONE);
        store.readSigned(key, 4096);
        assertThat(store.documents().takeReports()).isEmpty();

        store.writeSigned(key, 4, PAYLOAD, Precondition.NONE);
        store.readSigned(key, 4096);

        assertThat(store.documents().takeReports())
                .singleElement()
                .satisfies(message -> assertThat(message).contains(key + " went back: it has counter 4", "seen 5"));
    }

    static Stream<String> documentsOfSites() {
        return Stream.of(StoreLayout.lease("shop", "shop"), StoreLayout.heartbeat("west"));
    }

    private void assertTampered(String key, String what) {
        assertThatThrownBy(() -> store.readSigned(key, 4096))
                .as(what)
                .hasMessageStartingWith(key)
                .matches(e -> e instanceof BreakwaterException b && b.reason() == Reason.Tampered);
    }
}
