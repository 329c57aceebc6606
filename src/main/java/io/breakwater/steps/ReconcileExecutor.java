package io.breakwater.steps;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.AbstractExecutorService;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Runs reconciliations, each on a virtual thread. A reconciliation needs one of a limited number of places, and the others wait in
 * order. It has no place while it waits for a store: {@link ReconcilePlace#outside} releases the place, and another reconciliation
 * runs meanwhile. So a store that does not answer delays only the objects that need it.
 *
 * <p>A reconciliation that has its answer takes a place without waiting for one, even if there are more of them than places for a
 * short time. The number of calls to a location is limited, and so is their number.
 */
public final class ReconcileExecutor extends AbstractExecutorService {
    private final int places;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition ended = lock.newCondition();
    private final Queue<Runnable> waiting = new ArrayDeque<>();
    private final Set<Thread> threads = ConcurrentHashMap.newKeySet();
    private int taken;
    private int running;
    private boolean isShutdown;

    /** @param places reconciliations that run at the same time, without those that wait for a store */
    public ReconcileExecutor(int places) {
        this.places = places;
    }

    @Override
    public void execute(Runnable task) {
        lock.lock();
        try {
            if (isShutdown) {
                throw new RejectedExecutionException("the process ends");
            }
            waiting.add(task);
            startNext();
        } finally {
            lock.unlock();
        }
    }

    /** Reconciliations that have a place now. */
    public int taken() {
        lock.lock();
        try {
            return taken;
        } finally {
            lock.unlock();
        }
    }

    /** Releases the place of a reconciliation that waits for a store. */
    void release() {
        lock.lock();
        try {
            taken--;
            startNext();
        } finally {
            lock.unlock();
        }
    }

    /** Takes a place for a reconciliation that has its answer. */
    void take() {
        lock.lock();
        try {
            taken++;
        } finally {
            lock.unlock();
        }
    }

    private void startNext() {
        while (taken < places && !waiting.isEmpty()) {
            Runnable task = waiting.remove();
            taken++;
            running++;
            Thread thread = Thread.ofVirtual().name("reconcile").unstarted(() -> run(task));
            threads.add(thread);
            thread.start();
        }
    }

    private void run(Runnable task) {
        try {
            ReconcilePlace.hold(this, task);
        } finally {
            threads.remove(Thread.currentThread());
            lock.lock();
            try {
                taken--;
                running--;
                startNext();
                ended.signalAll();
            } finally {
                lock.unlock();
            }
        }
    }

    @Override
    public void shutdown() {
        lock.lock();
        try {
            isShutdown = true;
        } finally {
            lock.unlock();
        }
    }

    @Override
    public List<Runnable> shutdownNow() {
        shutdown();
        lock.lock();
        try {
            List<Runnable> rest = new ArrayList<>(waiting);
            waiting.clear();
            threads.forEach(Thread::interrupt);
            ended.signalAll();
            return rest;
        } finally {
            lock.unlock();
        }
    }

    @Override
    public boolean isShutdown() {
        lock.lock();
        try {
            return isShutdown;
        } finally {
            lock.unlock();
        }
    }

    @Override
    public boolean isTerminated() {
        lock.lock();
        try {
            return isOver();
        } finally {
            lock.unlock();
        }
    }

    private boolean isOver() {
        return isShutdown && running == 0 && waiting.isEmpty();
    }

    @Override
    public boolean awaitTermination(long time, TimeUnit unit) throws InterruptedException {
        long left = unit.toNanos(time);
        lock.lock();
        try {
            while (!isOver() && left > 0) {
                left = ended.awaitNanos(left);
            }
            return isOver();
        } finally {
            lock.unlock();
        }
    }
}
