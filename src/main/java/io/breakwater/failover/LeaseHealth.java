package io.breakwater.failover;

import jakarta.enterprise.context.ApplicationScoped;
import java.util.List;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.Liveness;
import org.eclipse.microprofile.health.Readiness;

/** Whether all keepers of leases run on time. A process in which one does not is restarted, before the lease expires. */
@Liveness
@Readiness
@ApplicationScoped
class LeaseHealth implements HealthCheck {
    private final LeaseKeepers keepers;

    LeaseHealth(LeaseKeepers keepers) {
        this.keepers = keepers;
    }

    @Override
    public HealthCheckResponse call() {
        List<String> late = keepers.late();
        return HealthCheckResponse.named("lease keepers")
                .status(late.isEmpty())
                .withData("late", String.join(", ", late))
                .build();
    }
}
