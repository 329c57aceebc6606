package io.breakwater;

import io.breakwater.config.BreakwaterConfig;
import io.breakwater.election.LeaderElection;
import io.breakwater.election.LeaderStart;
import io.breakwater.gateway.GatewayServer;
import io.javaoperatorsdk.operator.Operator;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Event;
import jakarta.enterprise.event.Observes;
import java.io.IOException;
import org.jboss.logging.Logger;

/** Starts what the role of this process asks for: the controllers of the guard, those of the operator, or the gateway. */
@ApplicationScoped
class Main {
    private static final Logger LOG = Logger.getLogger(Main.class);

    void start(
            @Observes StartupEvent event,
            BreakwaterConfig config,
            Operator operator,
            LeaderElection election,
            Event<LeaderStart> leading,
            GatewayServer gateway)
            throws IOException {
        LOG.infof("Breakwater %s of site %s", config.role(), config.site());
        if (hasControllers(config)) {
            election.start(() -> {
                leading.fire(new LeaderStart());
                operator.start();
            });
        }
        if (servesGateway(config)) {
            gateway.start();
        }
    }

    void stop(@Observes ShutdownEvent event, BreakwaterConfig config, Operator operator, LeaderElection election) {
        if (hasControllers(config)) {
            operator.stop();
            election.stop();
        }
    }

    /** Whether a process of this role runs controllers. */
    static boolean hasControllers(BreakwaterConfig config) {
        return config.role() != BreakwaterConfig.Role.gateway;
    }

    /** Whether a process of this role serves movers. The guard never does: movers send the bytes of tenants. */
    static boolean servesGateway(BreakwaterConfig config) {
        return switch (config.role()) {
            case guard -> false;
            case operator -> config.gateway().embedded();
            case gateway -> true;
        };
    }
}
