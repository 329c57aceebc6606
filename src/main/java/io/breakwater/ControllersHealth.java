package io.breakwater;

import io.breakwater.config.BreakwaterConfig;
import io.breakwater.election.LeaderElection;
import io.quarkiverse.operatorsdk.runtime.OperatorHealthCheck;
import jakarta.enterprise.context.ApplicationScoped;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.Readiness;

/**
 * Whether the controllers run and their watches are well. A process that is only a gateway, or does not lead, has none, and is ready
 * without.
 */
@Readiness
@ApplicationScoped
class ControllersHealth extends OperatorHealthCheck {
    private final BreakwaterConfig config;
    private final LeaderElection election;

    ControllersHealth(BreakwaterConfig config, LeaderElection election) {
        this.config = config;
        this.election = election;
    }

    @Override
    public HealthCheckResponse call() {
        return Main.hasControllers(config) && election.leads() ? super.call() : HealthCheckResponse.up("controllers");
    }
}
