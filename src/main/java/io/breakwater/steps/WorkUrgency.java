package io.breakwater.steps;

/** How soon work gets a place of a {@link WorkBudget}. */
public enum WorkUrgency {
    /** Work that Breakwater schedules. */
    Usual,
    /** Work that a user or a failover waits for, such as a Restore. It starts before usual work, and has some places of its own. */
    Urgent,
    /**
     * The last point before a failover. It never waits, but only one run of each namespace has this right at a time. Further ones
     * are urgent.
     */
    Immediate
}
