package io.breakwater;

import io.breakwater.config.BreakwaterConfig;
import io.breakwater.gateway.GatewayServer;
import io.javaoperatorsdk.operator.Operator;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.io.IOException;
import org.jboss.logging.Logger;

/** Starts what the role of this process asks for: the controllers run in the operator only. */
@ApplicationScoped
class Main {
    private static final Logger LOG = Logger.getLogger(Main.class);

    void start(@Observes StartupEvent event, BreakwaterConfig config, Operator operator, GatewayServer gateway)
            throws IOException {
        LOG.infof("Breakwater %s of site %s", config.role(), config.site());
        if (config.role() == BreakwaterConfig.Role.operator) {
            operator.start();
        }
        if (config.role() == BreakwaterConfig.Role.gateway || config.gateway().embedded()) {
            gateway.start();
        }
    }

    void stop(@Observes ShutdownEvent event, BreakwaterConfig config, Operator operator) {
        if (config.role() == BreakwaterConfig.Role.operator) {
            operator.stop();
        }
    }
}
