package io.breakwater.testing;

import com.sun.net.httpserver.HttpServer;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;

/** Clients of API servers in memory. They repeat no request, and connect a watch again at once. */
public final class LocalApiClient {
    private LocalApiClient() {}

    public static KubernetesClient of(HttpServer server) {
        Config config = new ConfigBuilder(Config.empty())
                .withMasterUrl("http://127.0.0.1:" + server.getAddress().getPort() + "/")
                .withRequestRetryBackoffLimit(0)
                .withWatchReconnectInterval(10)
                .build();
        return new KubernetesClientBuilder().withConfig(config).build();
    }
}
