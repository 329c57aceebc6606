package io.breakwater;

import io.breakwater.api.RestorePoint;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.config.BreakwaterConfig.Role;
import io.breakwater.config.ProcessRole;
import io.breakwater.points.PointIndex;
import io.breakwater.steps.ReconcileExecutor;
import io.breakwater.watch.SharedInformers;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.informers.cache.ItemStore;
import io.javaoperatorsdk.operator.Operator;
import io.javaoperatorsdk.operator.api.config.ConfigurationService;
import io.javaoperatorsdk.operator.api.config.informer.InformerConfiguration;
import io.javaoperatorsdk.operator.api.reconciler.Reconciler;
import io.quarkiverse.operatorsdk.runtime.QuarkusConfigurationService;
import io.quarkiverse.operatorsdk.runtime.QuarkusControllerConfiguration;
import io.quarkiverse.operatorsdk.runtime.config.OverriddenConfigurationService;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.inject.Any;
import jakarta.enterprise.inject.Instance;
import jakarta.enterprise.inject.Produces;
import java.time.Duration;

/**
 * The Java Operator SDK with the controllers of this process. It replaces the producer of the Quarkus extension, which
 * registers all controllers in every process.
 */
@ApplicationScoped
class ControllerRegistration {
    /** The first lists of a large fleet last for minutes. The operator ends when they are not complete in this time. */
    private static final Duration LONGEST_LIST = Duration.ofMinutes(20);

    @Produces
    @ApplicationScoped
    Operator operator(
            QuarkusConfigurationService given,
            @Any Instance<Reconciler<? extends HasMetadata>> reconcilers,
            BreakwaterConfig config,
            PointIndex points,
            SharedInformers informers) {
        QuarkusConfigurationService configuration = withPlaces(given);
        Operator operator = new SharingOperator(configuration, informers.client());
        for (Instance.Handle<Reconciler<? extends HasMetadata>> handle : reconcilers.handles()) {
            if (roleOf(handle.getBean().getBeanClass()) == config.role()) {
                register(operator, configuration, handle.get(), points);
            }
        }
        return operator;
    }

    /** The same configuration, in which no reconciliation has a place while it waits for a store. */
    static QuarkusConfigurationService withPlaces(QuarkusConfigurationService given) {
        ReconcileExecutor executor = new ReconcileExecutor(given.concurrentReconciliationThreads());
        return new OverriddenConfigurationService(
                given,
                ConfigurationService.newOverriddenConfigurationService(
                        given, o -> o.withExecutorService(executor).withCacheSyncTimeout(LONGEST_LIST)));
    }

    private static <R extends HasMetadata> void register(
            Operator operator, QuarkusConfigurationService configuration, Reconciler<R> reconciler, PointIndex points) {
        operator.register(reconciler, bounded(configuration, configuration.getConfigurationFor(reconciler), points));
    }

    /** The same controller with lists in pages. The informer of RestorePoints fills the index, and has no store of its own. */
    @SuppressWarnings("unchecked")
    static <R extends HasMetadata> QuarkusControllerConfiguration<R> bounded(
            QuarkusConfigurationService configuration, QuarkusControllerConfiguration<R> given, PointIndex points) {
        InformerConfiguration<R>.Builder informer =
                InformerConfiguration.builder(given.getInformerConfig()).withInformerListLimit(PointIndex.PAGE);
        if (given.getResourceClass() == RestorePoint.class) {
            informer.withItemStore((ItemStore<R>) points.store());
            informer.withOnAddFilter(point -> RestorePoint.needsWork((RestorePoint) point));
        }
        QuarkusControllerConfiguration<R> bounded = new QuarkusControllerConfiguration<>(
                informer.buildForController(),
                given.getName(),
                given.isGenerationAware(),
                given.getAssociatedReconcilerClassName(),
                given.getRetry(),
                given.getRateLimiter(),
                given.maxReconciliationInterval().orElse(null),
                given.getFinalizerName(),
                given.fieldManager(),
                given.getWorkflow(),
                given.getResourceTypeName(),
                given.getResourceClass());
        bounded.setParent(configuration);
        return bounded;
    }

    /** An operator whose controllers and event sources share the informer of their kind. */
    static final class SharingOperator extends Operator {
        private final KubernetesClient client;

        SharingOperator(ConfigurationService configuration, KubernetesClient client) {
            super(configuration);
            this.client = client;
        }

        @Override
        public KubernetesClient getKubernetesClient() {
            return client;
        }
    }

    /** The role of the process that runs the controller. */
    static Role roleOf(Class<?> controller) {
        ProcessRole role = controller.getAnnotation(ProcessRole.class);
        return role == null ? Role.operator : role.value();
    }
}
