package io.breakwater.location;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.breakwater.api.BackupLocation;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.store.CapturedNamespace;
import io.breakwater.store.KeyedStore;
import io.breakwater.store.MemoryStore;
import io.breakwater.store.ObjectStore;
import io.breakwater.store.ObjectStore.Precondition;
import io.breakwater.store.OwnedRepository;
import io.breakwater.store.StoreLayout;
import io.breakwater.store.TestSigner;
import io.breakwater.store.TestStores;
import io.breakwater.trust.AdoptedHistory;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Which repository a namespace has, while someone else writes to the store. */
class RepositoryRegisterTest {
    private static final CapturedNamespace SHOP = new CapturedNamespace("east", "shop", "c1", "n1");
    private static final CapturedNamespace AGAIN = new CapturedNamespace("east", "shop", "c1", "n2");
    private static final CapturedNamespace BANK = new CapturedNamespace("east", "bank", "c1", "n3");
    private static final Instant START = Instant.parse("2026-06-01T00:00:00Z");
    private static final String ADOPTS_SHOP = "east/shop";

    private final MemoryStore store = new MemoryStore();
    private final BackupLocation location = location("disk");
    private RepositoryRegister register;
    private OwnedRepository shop;
    private OwnedRepository bank;

    @BeforeEach
    void create() {
        register = process(START);
        shop = obtain(register, SHOP, "");
        bank = obtain(register, BANK, "");
    }

    @Test
    void findsTheSameRepositoryInEveryProcess() {
        assertThat(process(START).find(location, SHOP)).contains(shop);
        assertThat(obtain(process(START), SHOP, "")).isEqualTo(shop);
        assertThat(shop.id()).matches("[0-9a-f]{32}").isNotEqualTo(bank.id());
        assertThat(process(START).find(location, AGAIN))
                .as("a namespace of the same name")
                .isEmpty();
        assertThat(process(START).ownedBy(location, "east", this::fail))
                .isEqualTo(Map.of(SHOP, shop.id(), BANK, bank.id()));
        assertThat(process(START).ownedBy(location, "west", this::fail)).isEmpty();
    }

    @Test
    void readsEachDocumentOnceInAProcess() {
        RepositoryRegister other = process(START);
        List<String> read = new ArrayList<>();
        store.onRead = content -> {
            read.add("");
            return content;
        };
        for (int i = 0; i < 5; i++) {
            obtain(other, SHOP, "");
        }
        assertThat(read.size()).as("the entry and the record").isLessThanOrEqualTo(2);
    }

    @Test
    void refusesARecordInAnotherDirectory() {
        store.objects.put(record(shop.id()), store.objects.get(record(bank.id())));
        assertTampered(SHOP, record(shop.id()));
    }

    @Test
    void refusesTheOwnerEntryOfAnotherNamespace() {
        store.objects.put(StoreLayout.owner(SHOP), store.objects.get(StoreLayout.owner(BANK)));
        assertTampered(SHOP, StoreLayout.owner(SHOP));

        List<String> trouble = new ArrayList<>();
        assertThat(process(START).ownedBy(location, "east", e -> trouble.add(e.getMessage())))
                .containsOnlyKeys(BANK);
        assertThat(trouble).singleElement().asString().contains(StoreLayout.owner(SHOP));
    }

    @Test
    void refusesDocumentsOfAnotherKey() {
        ObjectStore forger = new KeyedStore(store, TestSigner.of("fedcba9876543210"));
        forger.writeSigned(StoreLayout.owner(SHOP), 9, new OwnerEntry(bank.id(), START).bytes(), Precondition.NONE);
        assertTampered(SHOP, StoreLayout.owner(SHOP));

        forger.writeSigned(
                record(bank.id()),
                9,
                RepositoryRecord.create(bank.id(), START, SHOP).bytes(),
                Precondition.NONE);
        assertTampered(BANK, record(bank.id()));
    }

    /** The only name of the repository that an attacker may know is that of its directory. */
    @Test
    void refusesAnOwnerThatTheRecordDoesNotName() {
        store.writeSigned(StoreLayout.owner(AGAIN), 1, new OwnerEntry(shop.id(), START).bytes(), Precondition.ABSENT);
        assertTampered(AGAIN, record(shop.id()));
    }

    @Test
    void createsNoRepositoryInsteadOfAnUnreadableOne() {
        for (byte[] content : new byte[][] {null, new byte[0], "{}".getBytes(), new byte[2 << 20]}) {
            if (content == null) {
                store.objects.remove(record(shop.id()));
            } else {
                store.objects.put(record(shop.id()), content);
            }
            assertTampered(SHOP, record(shop.id()));
        }
        assertThat(store.directories(StoreLayout.repositories())).containsExactlyInAnyOrder(shop.id(), bank.id());
    }

    @Test
    void refusesAnOlderRecord() {
        byte[] older = store.objects.get(record(shop.id()));
        obtain(register, AGAIN, ADOPTS_SHOP);
        assertThat(register.owners(location, shop.id())).containsExactly(SHOP, AGAIN);
        store.objects.put(record(shop.id()), older);

        assertThatThrownBy(() -> register.owners(location, shop.id()))
                .as("this process knows the newer one")
                .isInstanceOf(BreakwaterException.class)
                .hasMessageContainingAll(record(shop.id()), "older version");
        assertTampered(AGAIN, record(shop.id()));
    }

    @Test
    void continuesInTheRepositoryOfTheNewestAdoptedNamespace() {
        CapturedNamespace later = new CapturedNamespace("east", "shop", "c2", "n4");
        OwnedRepository newest = obtain(process(START.plus(Duration.ofDays(1))), later, "");
        byte[] entry = store.objects.remove(StoreLayout.owner(SHOP));
        store.write(StoreLayout.owner(SHOP), entry, Precondition.NONE); // a younger object with the older entry

        assertThat(obtain(process(START), AGAIN, ADOPTS_SHOP).id()).isEqualTo(newest.id());
        assertThat(process(START).owners(location, newest.id())).containsExactly(later, AGAIN);
        assertThat(obtain(process(START), new CapturedNamespace("east", "shop", "c3", "n5"), "east/shop/c1")
                        .id())
                .as("AGAIN became an owner at the start of the test, like SHOP")
                .isIn(shop.id(), newest.id());
        assertThat(obtain(process(START), new CapturedNamespace("east", "shop", "c4", "n6"), "")
                        .id())
                .as("without an adoption")
                .isNotIn(shop.id(), newest.id());
    }

    /** The password of a repository opens the data of all its owners. */
    @Test
    void continuesNoRepositoryThatHasAnOwnerThatItDoesNotAdopt() {
        obtain(register, AGAIN, ADOPTS_SHOP);
        CapturedNamespace third = new CapturedNamespace("east", "shop", "c1", "n4");

        OwnedRepository other = obtain(process(START), third, "east/shop/c1/n1");

        assertThat(other.id()).isNotEqualTo(shop.id());
        assertThat(register.owners(location, shop.id())).containsExactly(SHOP, AGAIN);
        assertThat(obtain(process(START), new CapturedNamespace("east", "shop", "c1", "n5"), ADOPTS_SHOP)
                        .id())
                .as("it adopts all owners")
                .isIn(shop.id(), other.id());
    }

    @Test
    void continuesAnOlderRepositoryWhenTheNewestHasOtherOwners() {
        CapturedNamespace later = new CapturedNamespace("east", "shop", "c2", "n4");
        OwnedRepository newest = obtain(process(START.plus(Duration.ofDays(1))), later, "");
        TestRegister.addOwner(store, newest, BANK);

        assertThat(obtain(process(START), AGAIN, ADOPTS_SHOP).id()).isEqualTo(shop.id());
    }

    /** Another namespace becomes an owner between the check and the write. */
    @Test
    void checksTheOwnersOfTheRecordThatItReplaces() {
        CapturedNamespace third = new CapturedNamespace("east", "other", "c1", "n4");
        store.beforeWrite = key -> {
            if (key.equals(record(shop.id()))) {
                store.beforeWrite = k -> {};
                TestRegister.addOwner(store, shop, third);
            }
        };

        assertThat(obtain(process(START), AGAIN, ADOPTS_SHOP).id()).isNotEqualTo(shop.id());
        assertThat(process(START).owners(location, shop.id())).containsExactly(SHOP, third);
    }

    @Test
    void continuesNoRepositoryOfAnotherSite() {
        CapturedNamespace standby = new CapturedNamespace("west", "shop", "c9", "n4");

        assertThat(obtain(process(START), standby, ADOPTS_SHOP).id()).isNotEqualTo(shop.id());
        assertThat(register.owners(location, shop.id())).containsExactly(SHOP);
    }

    @Test
    void refusesARepositoryWithOwnersOfTwoSites() {
        register.requireOwnedBy(location, shop.id(), "east");
        TestRegister.addOwner(store, shop, new CapturedNamespace("west", "shop", "c9", "n4"));

        assertThatThrownBy(() -> register.requireOwnedBy(location, shop.id(), "east"))
                .isInstanceOfSatisfying(
                        BreakwaterException.class, e -> assertThat(e.reason()).isEqualTo(Reason.Conflict));
    }

    @Test
    void adoptsNothingWhenAnEntryCannotBeVerified() {
        store.objects.put(StoreLayout.owner(SHOP), "{}".getBytes());
        Set<String> before = Set.copyOf(store.objects.keySet());

        assertThatThrownBy(() -> obtain(process(START), AGAIN, ADOPTS_SHOP))
                .isInstanceOf(BreakwaterException.class)
                .hasMessageContaining(StoreLayout.owner(SHOP));
        assertThat(store.objects.keySet()).isEqualTo(before);
    }

    @Test
    void agreesOnOneRepositoryWhenTwoProcessesCreateOne() {
        CapturedNamespace raced = new CapturedNamespace("east", "raced", "c1", "n7");
        List<OwnedRepository> first = new ArrayList<>();
        store.beforeWrite = key -> {
            if (key.equals(StoreLayout.owner(raced)) && first.isEmpty()) {
                store.beforeWrite = k -> {};
                first.add(obtain(process(START), raced, ""));
            }
        };

        assertThat(obtain(register, raced, "")).isEqualTo(first.getFirst());

        Set<String> all = new HashSet<>(store.directories(StoreLayout.repositories()));
        Set<String> left = new HashSet<>(all);
        left.removeAll(Set.of(shop.id(), bank.id(), first.getFirst().id()));
        assertThat(left).hasSize(1);
        assertThat(process(START).deleteUnused(location, "east", Instant.MIN))
                .as("all are young")
                .isEmpty();
        assertThat(process(START).deleteUnused(location, "west", Instant.MAX)).isEmpty();
        String config = StoreLayout.repository(left.iterator().next()) + "config";
        store.write(config, new byte[1], Precondition.NONE);
        assertThat(process(START).deleteUnused(location, "east", Instant.MAX))
                .as("it has data")
                .isEmpty();
        store.delete(config);
        assertThat(process(START).deleteUnused(location, "east", Instant.MAX)).containsExactlyElementsOf(left);
        all.removeAll(left);
        assertThat(store.directories(StoreLayout.repositories())).isEqualTo(all);
        assertThat(store.objects.keySet()).noneMatch(key -> key.contains("tombstone"));
    }

    /** A process continues the repository while another one deletes it as unused. */
    @Test
    void deletesNoRecordThatChangedMeanwhile() {
        store.delete(StoreLayout.owner(SHOP));
        store.beforeWrite = key -> {
            if (key.equals(record(shop.id()))) {
                store.beforeWrite = k -> {};
                register.addOwner(location, shop.id(), AGAIN, owner -> true);
            }
        };

        assertThat(process(START).deleteUnused(location, "east", Instant.MAX)).isEmpty();
        assertThat(process(START).owners(location, shop.id())).containsExactly(SHOP, AGAIN);
    }

    @Test
    void readsOnceMoreWhenAnotherThreadReadTheNextVersion() {
        RegisterRace race = new RegisterRace(store);
        RepositoryRegister reader = new RepositoryRegister(TestStores.always(race), clock(START));
        reader.owners(location, shop.id());
        byte[] older = race.objects.get(record(shop.id()));
        TestRegister.addOwner(race, shop, AGAIN);
        reader.owners(location, shop.id());
        race.first = older;

        assertThat(reader.owners(location, shop.id())).containsExactly(SHOP, AGAIN);
    }

    /** A store whose next read has an earlier content. */
    private static final class RegisterRace extends MemoryStore {
        private byte[] first;

        RegisterRace(MemoryStore same) {
            objects.putAll(same.objects);
        }

        @Override
        public java.util.Optional<Document> read(String key, int max) {
            byte[] older = first;
            first = null;
            return super.read(key, max)
                    .map(now -> older == null ? now : new Document(now.info(), older, now.storeTime()));
        }
    }

    @Test
    void signsEveryDocumentWithTheNextKey() {
        ObjectStore both = new KeyedStore(
                store,
                new io.breakwater.store.DocumentSigner(() -> TestSigner.keys("1111222233334444", "0123456789abcdef")));
        ObjectStore next = new KeyedStore(store, TestSigner.of("1111222233334444"));
        RepositoryRegister rotating = new RepositoryRegister(TestStores.always(both), clock(START));
        assertThat(rotating.signers(location)).hasSize(4).containsValue("0123456789abcdef");

        rotating.resign(location, "1111222233334444");

        assertThat(rotating.signers(location).values()).containsOnly("1111222233334444");
        RepositoryRegister later = new RepositoryRegister(TestStores.always(next), clock(START));
        assertThat(later.find(location, SHOP)).contains(shop);
        assertThat(later.find(location, BANK)).contains(bank);
    }

    @Test
    void copiesTheRecordAndTheEntryAndMergesOwners() {
        MemoryStore target = new MemoryStore();
        BackupLocation copy = location("copy");
        Map<String, ObjectStore> stores = new HashMap<>(Map.of("disk", store, "copy", target));
        Stores where = new Stores(null, null, null, Clock.systemUTC(), null) {
            @Override
            public ObjectStore open(BackupLocation of) {
                return stores.get(of.getMetadata().getUid());
            }
        };
        RepositoryRegister both = new RepositoryRegister(where, clock(START));

        both.copy(location, copy, shop);
        assertThat(both.find(copy, SHOP)).contains(shop);
        obtain(both, AGAIN, ADOPTS_SHOP);
        both.copy(location, copy, new OwnedRepository(shop.id(), AGAIN));

        assertThat(both.owners(copy, shop.id())).containsExactly(SHOP, AGAIN);
        assertThat(both.find(copy, AGAIN).orElseThrow().id()).isEqualTo(shop.id());

        OwnedRepository copied = new OwnedRepository(shop.id(), AGAIN);
        TestRegister.addOwner(target, copied, new CapturedNamespace("east", "other", "c1", "n8"));
        RepositoryRegister later = new RepositoryRegister(where, clock(START));
        assertThatThrownBy(() -> later.copy(location, copy, copied))
                .as("the target has an owner that the source does not have")
                .isInstanceOfSatisfying(
                        BreakwaterException.class, e -> assertThat(e.reason()).isEqualTo(Reason.Conflict));

        both.findOrCreate(copy, BANK, List::of, earlier -> false);
        assertThatThrownBy(() -> both.copy(location, copy, bank))
                .isInstanceOfSatisfying(
                        BreakwaterException.class, e -> assertThat(e.reason()).isEqualTo(Reason.Conflict));
    }

    private void assertTampered(CapturedNamespace source, String document) {
        for (Runnable use : List.<Runnable>of(
                () -> process(START).find(location, source), () -> obtain(process(START), source, ""))) {
            assertThatThrownBy(use::run)
                    .isInstanceOfSatisfying(
                            BreakwaterException.class,
                            e -> assertThat(e.reason()).isEqualTo(Reason.Tampered))
                    .hasMessageContaining(document);
        }
    }

    /** @param adopts start of the paths of the namespaces that are adopted; empty for none */
    private OwnedRepository obtain(RepositoryRegister with, CapturedNamespace source, String adopts) {
        List<AdoptedHistory> adopted =
                adopts.isEmpty() ? List.of() : AdoptedHistory.parse(adopts).orElseThrow();
        return with.findOrCreate(
                location,
                source,
                () -> adopted,
                earlier -> adopted.stream().anyMatch(history -> history.contains(earlier)));
    }

    private void fail(BreakwaterException e) {
        throw e;
    }

    private static String record(String id) {
        return StoreLayout.repositoryRecord(id);
    }

    /** The register of a process that has read nothing. */
    private RepositoryRegister process(Instant now) {
        return new RepositoryRegister(TestStores.always(store), clock(now));
    }

    private static Clock clock(Instant now) {
        return Clock.fixed(now, ZoneOffset.UTC);
    }

    private static BackupLocation location(String name) {
        BackupLocation location = new BackupLocation();
        location.getMetadata().setNamespace("sys");
        location.getMetadata().setName(name);
        location.getMetadata().setUid(name);
        location.getMetadata().setGeneration(1L);
        return location;
    }
}
