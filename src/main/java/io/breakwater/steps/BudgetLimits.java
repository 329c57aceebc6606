package io.breakwater.steps;

import java.util.Collection;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The number of places for one kind of work. Urgent work has a quarter more of each number, at least one, so that it does not wait
 * for work that takes hours.
 *
 * @param places of the cluster
 * @param perNamespace places that the work of one namespace may have
 * @param perLocation places that the work with one location may have, so that a location that does not answer leaves some to others
 * @param perNode places of the work on one node, where the node is known
 */
public record BudgetLimits(int places, int perNamespace, int perLocation, int perNode) {
    private static final int RESERVE = 4;

    /** Limits of at least one place each. */
    public BudgetLimits {
        places = Math.max(1, places);
        perNamespace = Math.clamp(perNamespace, 1, places);
        perLocation = Math.clamp(perLocation, 1, places);
        perNode = Math.clamp(perNode, 1, places);
    }

    /** The usual shares: half of the places for a namespace, three quarters for a location, and no limit for a node. */
    public static BudgetLimits of(int places) {
        return new BudgetLimits(places, places / 2, places * 3 / 4, places);
    }

    /**
     * The limit that a request would exceed.
     *
     * @param running requests that have a place
     * @param work what runs in the places, as {@code captures}
     * @return the places that the request waits for, in words; empty if it can have a place
     */
    Optional<String> exceededBy(WorkRequest wanted, Collection<WorkRequest> running, String work) {
        if (wanted.urgency() == WorkUrgency.Immediate && hasNoOther(wanted, running)) {
            return Optional.empty();
        }
        if (isFull(running.stream(), places, wanted)) {
            return Optional.of(oneOf(places, work));
        }
        if (isFull(running.stream().filter(r -> r.namespace().equals(wanted.namespace())), perNamespace, wanted)) {
            return Optional.of(oneOf(perNamespace, work + " of one namespace"));
        }
        if (!wanted.location().isEmpty()
                && isFull(running.stream().filter(r -> r.location().equals(wanted.location())), perLocation, wanted)) {
            return Optional.of(oneOf(perLocation, work + " with one location"));
        }
        if (!wanted.node().isEmpty()
                && isFull(running.stream().filter(r -> r.node().equals(wanted.node())), perNode, wanted)) {
            return Optional.of(oneOf(perNode, work + " on node " + wanted.node()));
        }
        return Optional.empty();
    }

    private static String oneOf(int count, String work) {
        return (count == 1 ? "the only place" : "one of " + count + " places") + " for " + work;
    }

    private static boolean hasNoOther(WorkRequest wanted, Collection<WorkRequest> running) {
        return running.stream()
                .noneMatch(r -> r.urgency() == WorkUrgency.Immediate
                        && r.namespace().equals(wanted.namespace())
                        && !r.run().equals(wanted.run()));
    }

    /** Urgent work takes the reserved places first, so it leaves the others to usual work. */
    private static boolean isFull(Stream<WorkRequest> running, int limit, WorkRequest wanted) {
        int reserve = Math.max(1, limit / RESERVE);
        long[] used = new long[2];
        running.forEach(r -> used[r.isUsual() ? 0 : 1]++);
        return wanted.isUsual()
                ? used[0] + Math.max(0, used[1] - reserve) >= limit
                : used[0] + used[1] >= limit + reserve;
    }
}
