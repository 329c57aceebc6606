package io.breakwater.steps;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;

/** Locks by name. Only the locks that are in use or waited for take memory. */
public final class NamedLocks {
    private final Map<String, Counted> locks = new ConcurrentHashMap<>();

    private static final class Counted {
        private final ReentrantLock lock = new ReentrantLock();
        private int users;
    }

    /** A lock that the thread has until it closes it. */
    public interface Held extends AutoCloseable {
        @Override
        void close();
    }

    /** Waits for a lock. The same thread may have it already. */
    public Held lock(String name) {
        Counted counted = locks.compute(name, (n, there) -> {
            Counted used = there == null ? new Counted() : there;
            used.users++;
            return used;
        });
        counted.lock.lock();
        return () -> {
            counted.lock.unlock();
            locks.computeIfPresent(name, (n, there) -> --there.users == 0 ? null : there);
        };
    }

    /** Number of locks that take memory. */
    public int size() {
        return locks.size();
    }
}
