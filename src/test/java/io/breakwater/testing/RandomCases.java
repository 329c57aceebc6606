package io.breakwater.testing;

import java.util.stream.LongStream;

/**
 * How many random cases a test draws, and from which seed. {@code dev/test --long} multiplies the number by the system property
 * {@code breakwater.rounds} and sets the seed by {@code breakwater.seed}; each test prints both.
 *
 * @param seed of the first case
 * @param count of cases
 */
public record RandomCases(long seed, int count) {
    /**
     * Prints what the calling test draws.
     *
     * @param count of cases in a run with everything else
     * @param seed in a run that does not set one
     */
    public static RandomCases of(int count, long seed) {
        RandomCases cases = new RandomCases(
                Long.getLong("breakwater.seed", seed),
                Math.multiplyExact(count, Integer.getInteger("breakwater.rounds", 1)));
        String test = StackWalker.getInstance(StackWalker.Option.RETAIN_CLASS_REFERENCE)
                .getCallerClass()
                .getSimpleName();
        System.out.printf("random: %s, %d cases from seed %d%n", test, cases.count, cases.seed);
        return cases;
    }

    /** One seed a case, for tests that draw each from a seed of its own. */
    public LongStream seeds() {
        return LongStream.range(seed, seed + count);
    }
}
