package io.breakwater.failover;

import io.breakwater.steps.Outcome;
import io.breakwater.steps.Step;
import java.util.function.Function;

/** The steps of a failover on both sites, in the order of their numbers in the journal of the store. */
enum FailoverStep {
    /** The new site requests the lease. */
    Request,
    /** The old site starts to hand over. */
    Honour,
    GatePods,
    FinalPoint,
    /** The old site offers the lease. */
    Offer,
    AwaitPoint,
    Restore,
    /** The new site takes the lease. */
    Acquire,
    /** The new site prepares workloads, so that only the application of the point starts. */
    Tidy,
    /** The new site writes to the lease that it is active. */
    Serve,
    Open,
    AwaitReady,
    /** The old site backs up the data that exists only there. */
    Divergent;

    int number() {
        return ordinal() + 1;
    }

    /** A step of this name for the step runner. */
    <C> Step<C> does(Function<C, Outcome> action) {
        return new Step<>() {
            @Override
            public String name() {
                return FailoverStep.this.name();
            }

            @Override
            public Outcome run(C run, int attempt) {
                return action.apply(run);
            }
        };
    }
}
