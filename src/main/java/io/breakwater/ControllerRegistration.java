package io.breakwater;

import io.breakwater.config.BreakwaterConfig;
import io.breakwater.config.BreakwaterConfig.Role;
import io.breakwater.config.ProcessRole;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.javaoperatorsdk.operator.Operator;
import io.javaoperatorsdk.operator.api.reconciler.Reconciler;
import io.quarkiverse.operatorsdk.runtime.QuarkusConfigurationService;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.inject.Any;
import jakarta.enterprise.inject.Instance;
import jakarta.enterprise.inject.Produces;

/**
 * The Java Operator SDK with the controllers of this process. It replaces the producer of the Quarkus extension, which
 * registers all controllers in every process.
 */
@ApplicationScoped
class ControllerRegistration {
    @Produces
    @ApplicationScoped
    Operator operator(
            QuarkusConfigurationService configuration,
            @Any Instance<Reconciler<? extends HasMetadata>> reconcilers,
            BreakwaterConfig config) {
        Operator operator = new Operator(configuration);
        for (Instance.Handle<Reconciler<? extends HasMetadata>> handle : reconcilers.handles()) {
            if (roleOf(handle.getBean().getBeanClass()) == config.role()) {
                operator.register(handle.get());
            }
        }
        return operator;
    }

    /** The role of the process that runs the controller. */
    static Role roleOf(Class<?> controller) {
        ProcessRole role = controller.getAnnotation(ProcessRole.class);
        return role == null ? Role.operator : role.value();
    }
}
