package io.breakwater.failover;

import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.lease.LeaseStore;
import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;

/**
 * The rendezvous of one plan, opened again for each attempt of its keeper, since credentials are rotated and locations change. If
 * it cannot be opened at the moment, the last store is used: a location that is missing in the cluster, or an API server that
 * does not answer, stops no renewal that the store would accept.
 */
final class FreshRendezvous implements Supplier<LeaseStore> {
    private static final Duration PATIENCE = Duration.ofSeconds(1);

    private final Supplier<LeaseStore> opener;
    private final Executor threads;
    private FutureTask<LeaseStore> opening;
    private LeaseStore last;

    /**
     * @param opener opens the rendezvous; may block
     * @param threads runs the opener on a thread of its own
     */
    FreshRendezvous(Supplier<LeaseStore> opener, Executor threads) {
        this.opener = opener;
        this.threads = threads;
    }

    /** @throws BreakwaterException when the rendezvous could not be opened so far */
    @Override
    public LeaseStore get() {
        FutureTask<LeaseStore> task = opening();
        try {
            return task.get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException e) {
            return lastOr(
                    e.getCause() instanceof RuntimeException cause ? cause : new IllegalStateException(e.getCause()));
        } catch (TimeoutException e) {
            return lastOr(BreakwaterException.retryable(
                    Reason.StoreUnavailable,
                    "could not open the rendezvous location: the API server did not answer in time; will retry",
                    e));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return lastOr(new IllegalStateException(e));
        }
    }

    /** The present opening, if it has not ended; otherwise a new one. */
    private synchronized FutureTask<LeaseStore> opening() {
        if (opening == null || opening.isDone()) {
            opening = new FutureTask<>(() -> remember(opener.get()));
            threads.execute(opening);
        }
        return opening;
    }

    /** Called also when no attempt waits any more: an opening that always takes longer still counts for the next attempt. */
    private synchronized LeaseStore remember(LeaseStore opened) {
        last = opened;
        return opened;
    }

    private synchronized LeaseStore lastOr(RuntimeException cause) {
        if (last == null) {
            throw cause;
        }
        return last;
    }
}
