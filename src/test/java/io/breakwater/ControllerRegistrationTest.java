package io.breakwater;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.breakwater.admission.InMemoryApiServer;
import io.breakwater.api.Api;
import io.breakwater.api.BackupPolicy;
import io.breakwater.api.BackupPolicySpec;
import io.breakwater.api.RestorePoint;
import io.breakwater.api.RestorePointSpec;
import io.breakwater.api.RestorePointSpec.Trigger;
import io.breakwater.points.PointApiServer;
import io.breakwater.points.PointIndex;
import io.breakwater.points.TestIndex;
import io.breakwater.watch.SharedInformers;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.javaoperatorsdk.operator.Operator;
import io.javaoperatorsdk.operator.api.config.ConfigurationService;
import io.javaoperatorsdk.operator.api.config.informer.Informer;
import io.javaoperatorsdk.operator.api.config.informer.InformerConfiguration;
import io.javaoperatorsdk.operator.api.config.informer.InformerEventSourceConfiguration;
import io.javaoperatorsdk.operator.api.reconciler.Context;
import io.javaoperatorsdk.operator.api.reconciler.ControllerConfiguration;
import io.javaoperatorsdk.operator.api.reconciler.EventSourceContext;
import io.javaoperatorsdk.operator.api.reconciler.Reconciler;
import io.javaoperatorsdk.operator.api.reconciler.UpdateControl;
import io.javaoperatorsdk.operator.processing.event.rate.LinearRateLimiter;
import io.javaoperatorsdk.operator.processing.event.source.EventSource;
import io.javaoperatorsdk.operator.processing.event.source.informer.InformerEventSource;
import io.javaoperatorsdk.operator.processing.retry.GenericRetry;
import io.quarkiverse.operatorsdk.runtime.QuarkusControllerConfiguration;
import io.quarkiverse.operatorsdk.runtime.QuarkusInformerConfiguration;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The configuration of controllers that the Quarkus extension made, with bounds. */
class ControllerRegistrationTest {
    private PointApiServer api;
    private PointIndex index;

    @BeforeEach
    void start() throws IOException {
        api = new PointApiServer();
        index = TestIndex.empty(api.client());
    }

    @AfterEach
    void stop() {
        api.close();
    }

    @Test
    void fillsTheIndexByTheControllerOfPoints() {
        InformerConfiguration<RestorePoint> informer = ControllerRegistration.bounded(
                        null, configuration(RestorePoint.class), index)
                .getInformerConfig();

        assertThat(informer.getItemStore()).isSameAs(index.store());
        assertThat(informer.getInformerListLimit()).isEqualTo(PointIndex.PAGE);
        assertThat(informer.watchAllNamespaces()).isTrue();
        assertThat(informer.isComparableResourceVersions()).isFalse();
        RestorePoint imported = new RestorePoint();
        imported.setSpec(new RestorePointSpec());
        imported.getSpec().trigger = Trigger.Imported;
        assertThat(informer.getOnAddFilter().accept(imported))
                .as("without the finalizer")
                .isTrue();
        imported.getMetadata().setFinalizers(List.of(Api.FINALIZER));
        assertThat(informer.getOnAddFilter().accept(imported)).isFalse();
    }

    @Test
    void changesNothingElse() {
        QuarkusControllerConfiguration<BackupPolicy> given = configuration(BackupPolicy.class);
        QuarkusControllerConfiguration<BackupPolicy> bounded = ControllerRegistration.bounded(null, given, index);

        assertThat(bounded.getInformerConfig().getItemStore()).isNull();
        assertThat(bounded.getInformerConfig().getOnAddFilter()).isNull();
        assertThat(bounded.getInformerConfig().getInformerListLimit()).isEqualTo(PointIndex.PAGE);
        assertThat(bounded)
                .usingRecursiveComparison()
                .ignoringFields("informerConfig")
                .isEqualTo(given);
    }

    @Test
    void sharesTheInformerOfAKind() {
        try (InMemoryApiServer server = new InMemoryApiServer()) {
            BackupPolicy policy = new BackupPolicy();
            policy.getMetadata().setNamespace("shop");
            policy.getMetadata().setName("hourly");
            policy.setSpec(new BackupPolicySpec());
            server.add(policy);
            KubernetesClient client = new SharedInformers(server.client()).client();
            Operator operator = new ControllerRegistration.SharingOperator(
                    ConfigurationService.newOverriddenConfigurationService(
                            o -> o.withKubernetesClient(server.client()).withCloseClientOnStop(false)),
                    client);
            List<String> reconciled = new CopyOnWriteArrayList<>();
            operator.register(new FirstReconciler(reconciled));
            operator.register(new SecondReconciler(reconciled));
            operator.start();

            await().until(() -> reconciled.containsAll(List.of("first hourly", "second hourly")));
            assertThat(server.reads().stream().filter(path -> !path.contains("watch=true")))
                    .as("lists of three event sources")
                    .hasSize(1);
            operator.stop();
        }
    }

    @ControllerConfiguration(name = "first", informer = @Informer(comparableResourceVersions = false))
    private record FirstReconciler(List<String> reconciled) implements Reconciler<BackupPolicy> {
        @Override
        public List<EventSource<?, BackupPolicy>> prepareEventSources(EventSourceContext<BackupPolicy> context) {
            return List.of(new InformerEventSource<>(
                    InformerEventSourceConfiguration.from(BackupPolicy.class, BackupPolicy.class)
                            .withName("others")
                            .withSecondaryToPrimaryMapper(other -> Set.of())
                            .withComparableResourceVersion(false)
                            .build(),
                    context));
        }

        @Override
        public UpdateControl<BackupPolicy> reconcile(BackupPolicy policy, Context<BackupPolicy> context) {
            reconciled.add("first " + policy.getMetadata().getName());
            return UpdateControl.noUpdate();
        }
    }

    @ControllerConfiguration(name = "second", informer = @Informer(comparableResourceVersions = false))
    private record SecondReconciler(List<String> reconciled) implements Reconciler<BackupPolicy> {
        @Override
        public UpdateControl<BackupPolicy> reconcile(BackupPolicy policy, Context<BackupPolicy> context) {
            reconciled.add("second " + policy.getMetadata().getName());
            return UpdateControl.noUpdate();
        }
    }

    private static <R extends HasMetadata> QuarkusControllerConfiguration<R> configuration(Class<R> type) {
        return new QuarkusControllerConfiguration<>(
                new QuarkusInformerConfiguration<>(InformerConfiguration.builder(type)
                        .withComparableResourceVersions(false)
                        .buildForController()),
                "name",
                true,
                "io.breakwater.SomeReconciler",
                new GenericRetry(),
                new LinearRateLimiter(),
                Duration.ofHours(10),
                Api.FINALIZER,
                "manager",
                null,
                HasMetadata.getFullResourceName(type),
                type);
    }
}
