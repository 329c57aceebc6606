package io.breakwater;

import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.api.Api;
import io.breakwater.api.BackupPolicy;
import io.breakwater.api.RestorePoint;
import io.breakwater.api.RestorePointSpec;
import io.breakwater.api.RestorePointSpec.Trigger;
import io.breakwater.points.PointApiServer;
import io.breakwater.points.PointIndex;
import io.breakwater.points.TestIndex;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.javaoperatorsdk.operator.api.config.informer.InformerConfiguration;
import io.javaoperatorsdk.operator.processing.event.rate.LinearRateLimiter;
import io.javaoperatorsdk.operator.processing.retry.GenericRetry;
import io.quarkiverse.operatorsdk.runtime.QuarkusControllerConfiguration;
import io.quarkiverse.operatorsdk.runtime.QuarkusInformerConfiguration;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
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
