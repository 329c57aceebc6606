package io.breakwater.store;

import io.breakwater.api.BreakwaterException;
import io.breakwater.steps.ReconcilePlace;
import java.time.Duration;
import java.util.function.Supplier;

/**
 * Repeats the request for one page of a listing. A listing of many pages does not start again when one of them fails: the same
 * request, with the same continuation token, has the same page. So no object is missing, whatever changed meanwhile.
 */
public final class PageRetries {
    /** Requests of one page. Each has retries of its own, so a page may take minutes. */
    private static final int ATTEMPTS = 5;

    private static final Duration PAUSE = Duration.ofSeconds(1);

    private PageRetries() {}

    /**
     * One page.
     *
     * @param isFirst whether it is the first page: its listing fails at once, since nothing was read
     * @param request for it; the same for each attempt
     * @throws BreakwaterException the last error, when no attempt succeeded; an error that no retry removes at once
     */
    public static <T> T page(boolean isFirst, Supplier<T> request) {
        for (int attempt = 1; ; attempt++) {
            try {
                return request.get();
            } catch (BreakwaterException e) {
                if (isFirst || !e.isRetryable() || attempt == ATTEMPTS) {
                    throw e;
                }
                pause(PAUSE.multipliedBy(1L << (attempt - 1)), e);
            }
        }
    }

    private static void pause(Duration time, BreakwaterException cause) {
        ReconcilePlace.outside(() -> {
            try {
                Thread.sleep(time);
                return null;
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw cause;
            }
        });
    }
}
