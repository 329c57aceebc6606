package io.breakwater.store;

import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.location.TestRegister;
import io.breakwater.location.keys.LocationDocument;
import io.breakwater.location.keys.SiteKeys;
import io.breakwater.store.ObjectStore.Precondition;
import io.breakwater.testing.ParserFuzz;
import java.time.Duration;
import java.time.Instant;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The small documents of a location. Others can write to the store. */
@Tag("slow")
@Tag("random")
class StoreDocumentFuzzTest {
    private static final String KEY = TestRegister.of("east", "shop").prefix() + "data/ab/abcd";
    private static final Set<Reason> DECLARED = Set.of(Reason.Tampered, Reason.LocationNotReady);

    private final MemoryStore store = new MemoryStore();

    private static ParserFuzz fuzz(String name) {
        return new ParserFuzz(name)
                .longest(3 << 20)
                .allocation(192L << 20)
                .refusals(e -> e instanceof BreakwaterException b && DECLARED.contains(b.reason()));
    }

    @Test
    void sweepsTombstones() {
        Tombstone.Version version = new Tombstone.Version("etag", 1);
        fuzz("tombstone")
                .sample(new Tombstone(1, KEY, 7, Tombstone.State.Dead, null, null, null).bytes())
                .sample(new Tombstone(
                                1,
                                KEY,
                                7,
                                Tombstone.State.Revived,
                                new byte[] {1, 2, 3},
                                version,
                                new Tombstone.Proof("key", version, "00ff"))
                        .bytes())
                .run(content -> {
                    store.writeSigned(TestRegister.tombstone("east", "shop", KEY), 1, content, Precondition.NONE);
                    TestRegister.deleted(store, "east").sweep(Duration.ZERO, Instant.now(), true);
                    SoftDeleteStore visible = TestRegister.visible(store, "east", "shop");
                    store.writeSigned(TestRegister.tombstone("east", "shop", KEY), 1, content, Precondition.NONE);
                    try {
                        visible.write(KEY, new byte[] {1}, Precondition.NONE);
                    } catch (BreakwaterException e) {
                        if (!e.isRetryable()) { // a sweep that is in progress is retried
                            throw e;
                        }
                    }
                });
    }

    @Test
    void readsReports() {
        fuzz("reports")
                .sample(
                        "{\"schemaVersion\":1,\"current\":\"0123456789abcdef\",\"keys\":[\"a\",\"b\"],\"escrow\":\"c\"}")
                .run(content -> {
                    store.write(StoreLayout.heartbeats() + "east", new byte[0], Precondition.NONE);
                    store.writeSigned(StoreLayout.keyRing("east"), 1, content, Precondition.NONE);
                    SiteKeys.read(store);
                });
    }

    @Test
    void readsLocationDocuments() {
        fuzz("location.json")
                .sample("{\"createdAt\":\"2026-01-02T03:04:05Z\",\"createdBy\":\"east\",\"keyId\":\"0123456789abcdef\","
                        + "\"keys\":[\"0123456789abcdef\"],\"schemaVersion\":1}")
                .run(content -> {
                    store.writeSigned(LocationDocument.KEY, 1, content, Precondition.NONE);
                    LocationDocument.read(store).ifPresent(document -> document.change(store, "a", Set.of("b")));
                });
    }

    @Test
    void readsLeasesOfReaders() {
        fuzz("read lease")
                .sample("{\"schemaVersion\":1,\"until\":\"2026-01-02T03:04:05Z\"}")
                .run(content -> {
                    store.writeSigned(StoreLayout.readLease(TestRegister.SHOP_ID, "a"), 1, content, Precondition.NONE);
                    ReadLease.active(store, Set.of(TestRegister.SHOP_ID), Instant.now(), TestRegister.LONGEST_READ);
                });
    }
}
