package io.breakwater.api;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Stages of a set of dependencies. A thing that waits for nothing is in stage 0. Any other thing is in the first stage
 * after all stages of the things that it waits for.
 *
 * @param <T> the things; compared by equals
 */
public final class Stages<T> {
    /**
     * One dependency. A thing in both sets counts only as first.
     *
     * @param first things that must be up
     * @param then things that wait for them
     */
    public record Pair<T>(Set<T> first, Set<T> then) {
        public Pair {
            Set<T> rest = new LinkedHashSet<>(then);
            rest.removeAll(first);
            then = rest;
        }
    }

    /** A cycle of dependencies. */
    public static final class Cycle extends Exception {
        private static final long serialVersionUID = 1;
        private final List<Integer> pairs;

        private Cycle(List<Integer> pairs, String message) {
            super(message);
            this.pairs = List.copyOf(pairs);
        }

        /** Indexes of the dependencies in the cycle. Each waits for the one before it, and the first for the last. */
        public List<Integer> pairs() {
            return pairs;
        }
    }

    private final List<Pair<T>> pairs;
    private final int[] stages;

    private Stages(List<Pair<T>> pairs) {
        this.pairs = pairs;
        this.stages = new int[pairs.size()];
    }

    /**
     * Computes the stages.
     *
     * @throws Cycle if dependencies wait for each other; the message names the things in the cycle
     */
    public static <T> Stages<T> of(List<Pair<T>> pairs) throws Cycle {
        Stages<T> found = new Stages<>(pairs);
        for (int i = 0; i < pairs.size(); i++) {
            found.visit(i, new ArrayList<>());
        }
        return found;
    }

    /** Stage of a thing. */
    public int stage(T thing) {
        int stage = 0;
        for (int i = 0; i < stages.length; i++) {
            if (pairs.get(i).then.contains(thing)) {
                stage = Math.max(stage, stages[i]);
            }
        }
        return stage;
    }

    /** Stage of the things that wait for a dependency. */
    public int stageOfPair(int index) {
        return stages[index];
    }

    /** Things that are not in stage 0, with their stages. */
    public Map<T, Integer> later() {
        Map<T, Integer> later = new HashMap<>();
        pairs.forEach(p -> p.then.forEach(t -> later.put(t, stage(t))));
        return later;
    }

    private int visit(int index, List<Integer> path) throws Cycle {
        if (stages[index] > 0) {
            return stages[index];
        }
        int seen = path.indexOf(index);
        if (seen >= 0) {
            throw cycle(path.subList(seen, path.size()));
        }
        path.add(index);
        int before = 0;
        for (int other = 0; other < stages.length; other++) {
            if (!Collections.disjoint(pairs.get(index).first, pairs.get(other).then)) {
                before = Math.max(before, visit(other, path));
            }
        }
        path.removeLast();
        stages[index] = before + 1;
        return stages[index];
    }

    /** The path leads from things that wait to the things that they wait for. */
    private Cycle cycle(List<Integer> path) {
        List<Integer> forward = new ArrayList<>(path).reversed();
        List<String> things = new ArrayList<>();
        for (int i = 0; i < forward.size(); i++) {
            Pair<T> pair = pairs.get(forward.get(i));
            Pair<T> next = pairs.get(forward.get((i + 1) % forward.size()));
            things.add(pair.then.stream()
                    .filter(next.first::contains)
                    .map(Object::toString)
                    .sorted()
                    .findFirst()
                    .orElseThrow());
        }
        things.add(things.getFirst());
        return new Cycle(forward, String.join(" before ", things));
    }
}
