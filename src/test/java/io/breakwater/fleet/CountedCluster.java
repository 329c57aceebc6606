package io.breakwater.fleet;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.time.Clock;
import java.time.Instant;
import java.util.Map;

/** The API server of the fleet for tests of single controllers: with the kinds of an ordinary cluster, and a count of each call. */
public final class CountedCluster implements AutoCloseable {
    private final FleetClock clock;
    private final GeneratedApiServer api;
    private final KubernetesClient client;
    private Map<String, Long> before = Map.of();

    /** @param time at which the clock of the cluster stays */
    public CountedCluster(Instant time) {
        this.clock = new FleetClock(time);
        this.api = new GeneratedApiServer(clock);
        Config config =
                new ConfigBuilder(Config.empty()).withMasterUrl(api.url()).build();
        this.client = new KubernetesClientBuilder().withConfig(config).build();
    }

    public KubernetesClient client() {
        return client;
    }

    public Clock clock() {
        return clock;
    }

    /** Creates an object, which does not count. */
    public void create(HasMetadata object) {
        api.create(Serialization.asJson(object));
    }

    /** An object as it is now, which does not count. */
    public <T extends HasMetadata> T get(T object) {
        String key =
                object.getMetadata().getNamespace() + "/" + object.getMetadata().getName();
        String json =
                api.table(object.getApiVersion(), object.getPlural()).get(key).toString();
        @SuppressWarnings("unchecked")
        Class<T> type = (Class<T>) object.getClass();
        return Serialization.unmarshal(json, type);
    }

    /** Starts to count. */
    public void count() {
        before = api.counts().now();
    }

    /** The calls since {@link #count}, by names such as {@code list pods}. */
    public Map<String, Long> calls() {
        return CallCounts.between(before, api.counts().now());
    }

    /** Number of the kinds that the cluster serves. */
    public static int kinds() {
        return ServedKind.ALL.size();
    }

    @Override
    public void close() {
        client.close();
        api.close();
    }
}
