package io.breakwater.steps;

import io.breakwater.steps.WorkTurns.Place;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * Limits how much work of one kind is in progress, and shares the places fairly (see {@link WorkTurns}). The state is in memory.
 * Work that an earlier process started is reported with {@link #resume}, so it counts from the start of a process on. A place is
 * released when its work does not ask for it for {@link #ABANDONED}, so that an object that disappears takes no place for ever.
 */
public final class WorkBudget {
    /** Time without a call of {@link #enter} or {@link #resume} after which a place is released. */
    static final Duration ABANDONED = Duration.ofMinutes(15);

    /** The same for a place that the work was offered and has not taken. */
    static final Duration UNTAKEN = Duration.ofMinutes(2);

    /**
     * What work without a place waits for.
     *
     * @param before requests that get a place earlier
     * @param message complete, as {@code waits for one of 8 places for captures, 12 before it}
     */
    public record Waiting(int before, String message) {}

    private record Holder(WorkRequest request, boolean taken, Instant seen) {
        boolean isAbandoned(Instant now) {
            return now.isAfter(seen.plus(taken ? ABANDONED : UNTAKEN));
        }
    }

    private record Waiter(Place place, Runnable wake, Instant seen) {}

    private final String work;
    private final BudgetLimits limits;
    private final Clock clock;
    private final WorkTurns turns = new WorkTurns();
    private final Map<String, Holder> running = new LinkedHashMap<>();
    private final Map<String, Waiter> waiting = new LinkedHashMap<>();

    /** @param work what runs in the places, as {@code captures} */
    public WorkBudget(String work, BudgetLimits limits, Clock clock) {
        this.work = work;
        this.limits = limits;
        this.clock = clock;
    }

    /**
     * Takes a place, or joins the queue. Work calls it again while it waits and while it runs, more often than each
     * {@link #UNTAKEN}.
     *
     * @param wake called when a place is free for the work
     * @return what the work waits for; empty when it has a place
     */
    public Optional<Waiting> enter(WorkRequest request, Runnable wake) {
        List<Runnable> wakes = new ArrayList<>();
        Optional<Waiting> result;
        synchronized (this) {
            if (running.containsKey(request.id())) {
                take(request);
                return Optional.empty();
            }
            Waiter known = waiting.get(request.id());
            Place place = known == null ? turns.join(request) : known.place;
            waiting.put(request.id(), new Waiter(place, wake, clock.instant()));
            // All others in the queue found no place before, so they need a search only when a place was released.
            if (releaseAbandoned() || fits(request, held())) {
                wakes.addAll(grant(request.id()));
            }
            if (running.containsKey(request.id())) {
                take(request);
                result = Optional.empty();
            } else {
                result = Optional.of(describe(place));
            }
        }
        wakes.forEach(Runnable::run);
        return result;
    }

    /** Whether work is in the queue and has no place yet. Counts as a call of {@link #enter}. */
    public boolean awaits(String id) {
        boolean released;
        synchronized (this) {
            waiting.computeIfPresent(id, (key, w) -> new Waiter(w.place, w.wake, clock.instant()));
            released = releaseAbandoned();
        }
        if (released) {
            grantAndWake();
        }
        synchronized (this) {
            return waiting.containsKey(id);
        }
    }

    /** Takes a place for work that is in progress already, even if all places are taken. */
    public synchronized void resume(WorkRequest request) {
        waiting.remove(request.id());
        take(request);
    }

    /** Releases the place of work that has ended, or removes the work from the queue. */
    public void leave(String id) {
        leaveIf(id::equals);
    }

    /** Releases the places of all work whose id fulfils a condition. */
    public void leaveIf(Predicate<String> ended) {
        synchronized (this) {
            boolean changed = running.keySet().removeIf(ended);
            changed |= waiting.keySet().removeIf(ended);
            if (!changed) {
                return;
            }
        }
        grantAndWake();
    }

    /** The limits of the budget. */
    public BudgetLimits limits() {
        return limits;
    }

    /** Number of places that are taken. */
    public synchronized int running() {
        return running.size();
    }

    /** Identities of the work that has a place. */
    synchronized List<String> holders() {
        return List.copyOf(running.keySet());
    }

    /** Number of requests in the queue. */
    public synchronized int waiting() {
        return waiting.size();
    }

    /** How long the oldest request in the queue has been due; zero if the queue is empty. */
    public synchronized Duration oldestWait() {
        Instant now = clock.instant();
        return waiting.values().stream()
                .map(w -> Duration.between(w.place.request().since(), now))
                .max(Duration::compareTo)
                .filter(Duration::isPositive)
                .orElse(Duration.ZERO);
    }

    private void take(WorkRequest request) {
        running.put(request.id(), new Holder(request, true, clock.instant()));
    }

    private void grantAndWake() {
        List<Runnable> wakes;
        synchronized (this) {
            wakes = grant(null);
        }
        wakes.forEach(Runnable::run);
    }

    /** Gives the free places to the queue. Returns the calls that wake the work, except that of the caller. */
    private List<Runnable> grant(String caller) {
        Instant now = clock.instant();
        if (waiting.values().removeIf(w -> now.isAfter(w.seen.plus(ABANDONED)))) {
            turns.retain(places());
        }
        List<Runnable> wakes = new ArrayList<>();
        for (Optional<Waiter> next = next(); next.isPresent(); next = next()) {
            WorkRequest request = next.get().place.request();
            waiting.remove(request.id());
            running.put(request.id(), new Holder(request, false, clock.instant()));
            turns.serve(next.get().place, places());
            if (!request.id().equals(caller)) {
                wakes.add(next.get().wake);
            }
        }
        return wakes;
    }

    private Optional<Waiter> next() {
        if (waiting.isEmpty()) {
            return Optional.empty();
        }
        Collection<WorkRequest> held = held();
        return waiting.values().stream()
                .filter(w -> fits(w.place.request(), held))
                .map(Waiter::place)
                .min(turns.order(held, places()))
                .map(place -> waiting.get(place.request().id()));
    }

    private boolean fits(WorkRequest request, Collection<WorkRequest> held) {
        return limits.exceededBy(request, held, work).isEmpty();
    }

    private boolean releaseAbandoned() {
        Instant now = clock.instant();
        return running.values().removeIf(holder -> holder.isAbandoned(now));
    }

    private Waiting describe(Place place) {
        int before = WorkTurns.before(place, places());
        String places = limits.exceededBy(place.request(), held(), work).orElse("a place for " + work);
        return new Waiting(before, "waits for " + places + ", " + before + " before it");
    }

    private List<WorkRequest> held() {
        return running.values().stream().map(holder -> holder.request).toList();
    }

    private List<Place> places() {
        return waiting.values().stream().map(Waiter::place).toList();
    }
}
