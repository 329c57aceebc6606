package io.breakwater.failover;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.breakwater.api.BreakwaterException;
import io.breakwater.lease.DirectCalls;
import io.breakwater.lease.LeaseCounter;
import io.breakwater.lease.LeaseMemory;
import io.breakwater.lease.LeaseStore;
import io.breakwater.store.MemoryStore;
import java.util.ArrayDeque;
import java.util.Deque;
import org.junit.jupiter.api.Test;

class FreshRendezvousTest {
    private final Deque<Runnable> openings = new ArrayDeque<>();
    private final LeaseStore store =
            new LeaseStore(new MemoryStore(), new DirectCalls(), "shop", "shop", new LeaseMemory(LeaseCounter.NONE));

    /** An API server under load answers after seconds, each time. */
    @Test
    void usesAnOpeningThatEndsAfterItsAttempt() {
        FreshRendezvous rendezvous = new FreshRendezvous(() -> store, openings::add);
        assertThatThrownBy(rendezvous::get).isInstanceOf(BreakwaterException.class);

        openings.remove().run();

        assertThat(rendezvous.get()).isSameAs(store);
        assertThat(openings).as("it is opened again").hasSize(1);
    }
}
