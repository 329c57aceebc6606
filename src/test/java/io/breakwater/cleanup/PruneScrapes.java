package io.breakwater.cleanup;

import io.breakwater.admission.InMemoryApiServer;
import io.breakwater.api.BackupLocation;
import io.breakwater.observe.Meters;
import io.breakwater.observe.PlainStatusWriter;
import io.breakwater.observe.TestEvents;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.micrometer.prometheus.PrometheusConfig;
import io.micrometer.prometheus.PrometheusMeterRegistry;
import java.time.Clock;

/** What is exported about the prunes of a location, after one that a capture interrupted. */
@SuppressWarnings("deprecation") // Quarkus has this registry, and no newer one
public final class PruneScrapes {
    private PruneScrapes() {}

    public static String interrupted() {
        PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
        Clock clock = Clock.systemUTC();
        Meters meters = new Meters(registry, clock);
        try (InMemoryApiServer cluster = new InMemoryApiServer()) {
            KubernetesClient client = cluster.client();
            BackupLocation location = new BackupLocation();
            location.getMetadata().setNamespace("shop");
            location.getMetadata().setName("b");
            PruneReport report =
                    new PruneReport(new PlainStatusWriter(client), TestEvents.of(client, clock), meters, clock);
            location = client.resource(location).create();
            report.found(location, 1000, 1);
            report.ended(location, null, new RepositoryPrune.State.Interrupted("a capture needs it"), 1);
            return registry.scrape();
        }
    }
}
