package io.breakwater.store.endpoint;

import java.time.Duration;
import java.util.function.ToIntFunction;

/** Receives each request to a store after its answer started, or after it failed. Each retry and each page is a request. */
@FunctionalInterface
public interface StoreCallListener {
    /** Ignores all requests. */
    StoreCallListener NONE = (verb, status, took) -> {};

    /** The status of a request without an answer. */
    int NO_ANSWER = 0;

    /** An exchange with a server. */
    @FunctionalInterface
    interface StoreExchange<T, E extends Exception> {
        T run() throws E;
    }

    /**
     * Reports a request.
     *
     * @param status of HTTP, or {@link #NO_ANSWER}
     * @param took time until the answer started
     */
    void answered(StoreVerb verb, int status, Duration took);

    /** Runs an exchange, and reports it in any case. */
    default <T, E extends Exception> T observe(StoreVerb verb, StoreExchange<T, E> exchange, ToIntFunction<T> status)
            throws E {
        long start = System.nanoTime();
        int seen = NO_ANSWER;
        try {
            T answer = exchange.run();
            seen = status.applyAsInt(answer);
            return answer;
        } finally {
            answered(verb, seen, Duration.ofNanos(System.nanoTime() - start));
        }
    }
}
