package io.breakwater;

import io.breakwater.config.BreakwaterConfig;
import io.quarkiverse.operatorsdk.runtime.OperatorHealthCheck;
import jakarta.enterprise.context.ApplicationScoped;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.Readiness;

/** Whether the controllers run and their watches are well; a process that is only a gateway has none, and is ready without. */
@Readiness
@ApplicationScoped
class ControllersHealth extends OperatorHealthCheck {
    private final BreakwaterConfig config;

    ControllersHealth(BreakwaterConfig config) {
        this.config = config;
    }

    @Override
    public HealthCheckResponse call() {
        return Main.hasControllers(config) ? super.call() : HealthCheckResponse.up("controllers");
    }
}
