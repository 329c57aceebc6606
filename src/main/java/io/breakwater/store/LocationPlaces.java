package io.breakwater.store;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A limited number of places for work that needs memory, such as uploads, shared by all locations. A location gets a place while it
 * has fewer than twice as many as are free, so it never takes the last ones from the others. A location that has none also gets
 * one of a reserve of half as many places. So work in one location that does not end delays no work in another one, and the memory
 * of all work together is bounded.
 */
public final class LocationPlaces {
    /** A place; closing it releases it. */
    public interface Place extends AutoCloseable {
        @Override
        void close();
    }

    private record Turn(String location, Condition turn) {}

    private final int places;
    private final int mostWaiting;
    private final ReentrantLock lock = new ReentrantLock();
    private final Map<String, Integer> taken = new HashMap<>();
    private final List<Turn> waiting = new ArrayList<>();
    private int all;

    /**
     * @param places without the reserve
     * @param mostWaiting work that waits, of which one location can have half
     */
    public LocationPlaces(int places, int mostWaiting) {
        this.places = places;
        this.mostWaiting = mostWaiting;
    }

    /**
     * The number of places that fit into half of the memory of the process, at least one.
     *
     * @param most places for any amount of memory
     * @param bytes of memory that each needs
     */
    public static int fitting(int most, long bytes) {
        return (int) Math.clamp(Runtime.getRuntime().maxMemory() / 2 / bytes, 1, most);
    }

    /**
     * Takes a place, and waits for one if needed. Work in the same location gets places in order.
     *
     * @return the place; empty if there was none in time, or too much work waits already
     */
    public Optional<Place> take(String location, Duration most) {
        long left = most.toNanos();
        lock.lock();
        try {
            if (waitingIn(location) == 0 && mayTake(location)) {
                return Optional.of(taken(location));
            }
            if (waiting.size() >= mostWaiting || waitingIn(location) >= Math.max(1, mostWaiting / 2)) {
                return Optional.empty();
            }
            Turn mine = new Turn(location, lock.newCondition());
            waiting.add(mine);
            try {
                while (!isNext(mine)) {
                    if (left <= 0) {
                        return Optional.empty();
                    }
                    left = mine.turn.awaitNanos(left);
                }
                return Optional.of(taken(location));
            } finally {
                waiting.remove(mine);
                wakeNext();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Optional.empty();
        } finally {
            lock.unlock();
        }
    }

    private boolean mayTake(String location) {
        int own = taken.getOrDefault(location, 0);
        int free = places - all;
        return own < 2 * free || own == 0 && all < places + places / 2;
    }

    private boolean isNext(Turn mine) {
        return mayTake(mine.location)
                && waiting.stream()
                                .filter(t -> t.location.equals(mine.location))
                                .findFirst()
                                .orElse(null)
                        == mine;
    }

    private long waitingIn(String location) {
        return waiting.stream().filter(t -> t.location.equals(location)).count();
    }

    private Place taken(String location) {
        taken.merge(location, 1, Integer::sum);
        all++;
        return new Place() {
            private boolean isClosed;

            @Override
            public void close() {
                lock.lock();
                try {
                    if (!isClosed) {
                        isClosed = true;
                        all--;
                        taken.computeIfPresent(location, (l, n) -> n == 1 ? null : n - 1);
                        wakeNext();
                    }
                } finally {
                    lock.unlock();
                }
            }
        };
    }

    private void wakeNext() {
        waiting.stream().filter(this::isNext).forEach(t -> t.turn.signal());
    }
}
