package io.breakwater.steps;

import io.breakwater.config.BreakwaterConfig;
import io.breakwater.observe.MeterName;
import io.breakwater.observe.Meters;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.time.Clock;

/** The budgets of a process, with their metrics. */
@ApplicationScoped
public class WorkBudgets {
    private static final int MANY = Integer.MAX_VALUE / 4;

    private final WorkBudget captures;
    private final WorkBudget movers;
    private final WorkBudget prunes;

    /** The budgets of the configuration. */
    @Inject
    public WorkBudgets(BreakwaterConfig config, Meters meters, Clock clock) {
        this(
                BudgetLimits.of(config.budget().captures()),
                new BudgetLimits(
                        config.budget().movers(),
                        config.budget().movers() / 2,
                        config.budget().moversPerLocation(),
                        config.budget().moversPerNode()),
                BudgetLimits.of(config.budget().prunes()),
                clock);
        export(meters, "captures", captures);
        export(meters, "movers", movers);
        export(meters, "prunes", prunes);
    }

    private WorkBudgets(BudgetLimits captures, BudgetLimits movers, BudgetLimits prunes, Clock clock) {
        this.captures = new WorkBudget("captures", captures, clock);
        this.movers = new WorkBudget("movers", movers, clock);
        this.prunes = new WorkBudget("prunes", prunes, clock);
    }

    /** Budgets in which nothing waits, and without metrics. */
    public static WorkBudgets unlimited(Clock clock) {
        BudgetLimits many = new BudgetLimits(MANY, MANY, MANY, MANY);
        return new WorkBudgets(many, many, many, clock);
    }

    /** Captures, from their start until the archive of their resources is written. */
    public WorkBudget captures() {
        return captures;
    }

    /** Movers that read or write volumes, or read a repository. */
    public WorkBudget movers() {
        return movers;
    }

    /** Movers that delete data of a repository. */
    public WorkBudget prunes() {
        return prunes;
    }

    private static void export(Meters meters, String name, WorkBudget budget) {
        meters.gauge(MeterName.BUDGET_PLACES, () -> budget.limits().places(), "budget", name);
        meters.gauge(MeterName.BUDGET_RUNNING, budget::running, "budget", name);
        meters.gauge(MeterName.BUDGET_WAITING, budget::waiting, "budget", name);
        meters.gauge(MeterName.BUDGET_OLDEST_WAIT, () -> budget.oldestWait().toMillis() / 1000.0, "budget", name);
    }
}
