package io.breakwater.steps;

import io.breakwater.config.TestConfig;
import io.breakwater.observe.Meters;
import io.micrometer.prometheus.PrometheusConfig;
import io.micrometer.prometheus.PrometheusMeterRegistry;
import java.lang.ref.Reference;
import java.time.Clock;
import java.util.Map;

/** What the budgets of a process export. */
@SuppressWarnings("deprecation") // Quarkus has this registry, and no newer one
public final class BudgetScrapes {
    private BudgetScrapes() {}

    public static String idle() {
        PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
        Meters meters = new Meters(registry, Clock.systemUTC());
        WorkBudgets budgets = new WorkBudgets(TestConfig.of(Map.of()), meters, Clock.systemUTC());
        try {
            return registry.scrape();
        } finally {
            Reference.reachabilityFence(budgets);
            Reference.reachabilityFence(meters); // the registry refers to gauges weakly
        }
    }
}
