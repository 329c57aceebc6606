package io.breakwater.restore;

import io.breakwater.admission.InMemoryApiServer;
import io.breakwater.api.Reason;
import io.breakwater.api.Restore;
import io.breakwater.api.RestoreSpec;
import io.breakwater.api.RestoreStatus;
import io.breakwater.observe.Meters;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.micrometer.prometheus.PrometheusConfig;
import io.micrometer.prometheus.PrometheusMeterRegistry;
import java.time.Clock;

/** What the real controller counts for a Restore that is complete. */
@SuppressWarnings("deprecation") // Quarkus has this registry, and no newer one
public final class RestoreScrapes {
    private RestoreScrapes() {}

    public static String completed() {
        PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
        Clock clock = Clock.systemUTC();
        Restore restore = new Restore();
        restore.getMetadata().setNamespace("shop");
        restore.getMetadata().setName("one");
        restore.getMetadata().setUid("uid");
        restore.setSpec(new RestoreSpec());
        restore.setStatus(new RestoreStatus());
        restore.getStatus().startedAt = "2026-11-30T12:00:00Z";
        restore.getStatus().finishedAt = "2026-11-30T12:00:07Z";
        RestoreRun run = new RestoreRun(restore, null, clock, () -> null, () -> {});
        try (InMemoryApiServer cluster = new InMemoryApiServer()) {
            KubernetesClient client = cluster.client();
            Meters meters = new Meters(registry, clock);
            new RestoreReconciler(client, null, null, meters, clock, null, null, null, null, null, null, null)
                    .count(run, "Completed", Reason.Completed);
        }
        return registry.scrape();
    }
}
