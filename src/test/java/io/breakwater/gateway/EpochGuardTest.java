package io.breakwater.gateway;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.breakwater.api.BackupLocation;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.location.Stores;
import io.breakwater.store.MemoryStore;
import io.breakwater.store.ObjectStore;
import io.breakwater.store.ObjectStore.Precondition;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import java.nio.charset.StandardCharsets;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class EpochGuardTest {
    private final MemoryStore store = new MemoryStore();
    private final EpochGuard guard = new EpochGuard(new Stores(null, null, null, null, null) {
        @Override
        public ObjectStore open(BackupLocation location) {
            return store;
        }
    });
    private static final String LEASE = "breakwater/plans/shop/plan/lease.json";

    private final BackupLocation rendezvous = new BackupLocation();

    @BeforeEach
    void location() {
        rendezvous.setMetadata(
                new ObjectMetaBuilder().withName("north").withUid("u1").build());
    }

    @Test
    void refusesAWriterWithAnEpochWhenTheLeaseIsAbsent() {
        assertThatThrownBy(() -> check(3))
                .hasMessageContaining("no lease")
                .asInstanceOf(InstanceOfAssertFactories.type(BreakwaterException.class))
                .matches(e -> e.reason() == Reason.StoreUnavailable && e.isRetryable());
    }

    @Test
    void admitsAWriterBeforeTheFirstLease() {
        assertThatCode(() -> check(0)).doesNotThrowAnyException();
    }

    @Test
    void admitsThePresentEpochAndRefusesAnOlderOne() {
        store.writeSigned(LEASE, 17, "{\"epoch\":3}".getBytes(StandardCharsets.UTF_8), Precondition.NONE);

        assertThatCode(() -> check(3)).doesNotThrowAnyException();
        assertThatThrownBy(() -> check(2)).hasMessageContaining("epoch 3");
    }

    /** A forged lease proves nothing about the epoch: the writer waits, and gets no message about another site. */
    @Test
    void makesWritersWaitForALeaseWithoutAValidSignature() {
        store.write(LEASE, "{\"epoch\":9}".getBytes(StandardCharsets.UTF_8), Precondition.NONE);

        assertThatThrownBy(() -> check(3))
                .hasMessageContaining("wait")
                .hasMessageContaining(LEASE)
                .hasMessageContaining("no signature")
                .asInstanceOf(InstanceOfAssertFactories.type(BreakwaterException.class))
                .matches(e -> e.reason() == Reason.StoreUnavailable && e.isRetryable());
    }

    private void check(long epoch) {
        guard.check(new EpochGuard.Guard(rendezvous, "shop", "plan", epoch));
    }
}
