package io.breakwater.steps;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

class NamedLocksTest {
    @Test
    void forgetsLocksThatAreNotInUse() {
        NamedLocks locks = new NamedLocks();
        try (NamedLocks.Held outer = locks.lock("a");
                NamedLocks.Held inner = locks.lock("a")) {
            for (int i = 0; i < 100; i++) {
                locks.lock("b" + i).close();
            }
            assertThat(locks.size()).isEqualTo(1);
        }
        assertThat(locks.size()).isZero();
    }

    @Test
    void letsOneThreadAtATimeUseAName() throws InterruptedException {
        NamedLocks locks = new NamedLocks();
        AtomicInteger inside = new AtomicInteger();
        AtomicReference<String> trouble = new AtomicReference<>();
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            threads.add(Thread.ofVirtual().start(() -> {
                for (int n = 0; n < 200; n++) {
                    try (NamedLocks.Held held = locks.lock("a")) {
                        if (inside.incrementAndGet() != 1) {
                            trouble.set("two threads had the lock");
                        }
                        Thread.yield();
                        inside.decrementAndGet();
                    }
                }
            }));
        }
        for (Thread thread : threads) {
            thread.join();
        }
        assertThat(trouble).hasNullValue();
        assertThat(locks.size()).isZero();
    }
}
