package io.breakwater.steps;

import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The order in which work gets places. Urgent work is first, then the work with the location that has the fewest places. In both,
 * the namespaces take turns, then the locations of a namespace, and then the first to come is first. A namespace that joins gets
 * its turn after those that wait already. Each fourth place prefers usual work and follows the turns, so that all work starts at
 * some time; only a location with its even part of the places or more waits for the others. So a slow location does not collect
 * the places. Not safe for use from several threads.
 */
final class WorkTurns {
    private static final int PLAIN = 4;

    /** Work in the queue. */
    record Place(WorkRequest request, long joined, long number) {
        private String namespace() {
            return request.namespace();
        }

        /** A namespace contains no slash. */
        private String location() {
            return request.namespace() + "/" + request.location();
        }
    }

    /** The last turn of a namespace, and of a location in a namespace. */
    private final Map<String, Long> served = new HashMap<>();

    private long turn;
    private long numbers;

    /** A place at the end of the queue. */
    Place join(WorkRequest request) {
        return new Place(request, turn, numbers++);
    }

    /** The order of the next place. */
    Comparator<Place> order(Collection<WorkRequest> running, Collection<Place> waiting) {
        boolean plain = turn % PLAIN == PLAIN - 1;
        Map<String, Long> busy =
                running.stream().collect(Collectors.groupingBy(WorkRequest::location, Collectors.counting()));
        long locations = Stream.concat(running.stream(), waiting.stream().map(Place::request))
                .map(WorkRequest::location)
                .distinct()
                .count();
        return Comparator.comparing((Place p) -> p.request.isUsual() != plain)
                .thenComparingLong(p -> {
                    long places = busy.getOrDefault(p.request.location(), 0L);
                    return plain ? places * locations / (running.size() + 1) : places;
                })
                .thenComparingLong(p -> lastTurn(p.namespace(), p))
                .thenComparingLong(p -> lastTurn(p.location(), p))
                .thenComparingLong(Place::number);
    }

    /** A request got a place. */
    void serve(Place place, Collection<Place> left) {
        turn++;
        record(place.namespace(), left, p -> p.namespace().equals(place.namespace()));
        record(place.location(), left, p -> p.location().equals(place.location()));
    }

    private void record(String key, Collection<Place> left, Predicate<Place> same) {
        if (left.stream().anyMatch(same)) {
            served.put(key, turn);
        } else {
            served.remove(key);
        }
    }

    /** Forgets the turns of work that nothing waits for. */
    void retain(Collection<Place> waiting) {
        served.keySet()
                .removeIf(key -> waiting.stream()
                        .noneMatch(
                                p -> p.namespace().equals(key) || p.location().equals(key)));
    }

    private long lastTurn(String key, Place place) {
        return Math.max(served.getOrDefault(key, 0L), place.joined);
    }

    /** How many requests get a place before this one, if all places are alike and nothing else comes. */
    static int before(Place place, Collection<Place> waiting) {
        Map<String, Long> others = waiting.stream()
                .filter(p -> p.request.isUsual() == place.request.isUsual()
                        && !p.namespace().equals(place.namespace()))
                .collect(Collectors.groupingBy(Place::namespace, Collectors.counting()));
        long own = waiting.stream()
                .filter(p -> p.request.isUsual() == place.request.isUsual()
                        && p.namespace().equals(place.namespace())
                        && p.number < place.number)
                .count();
        long urgent = place.request.isUsual()
                ? waiting.stream().filter(p -> !p.request.isUsual()).count()
                : 0;
        return (int) (urgent
                + own
                + others.values().stream().mapToLong(n -> Math.min(n, own + 1)).sum());
    }
}
