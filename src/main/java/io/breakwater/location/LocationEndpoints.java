package io.breakwater.location;

import io.breakwater.api.BackupLocation;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.store.endpoint.AddressRange;
import io.breakwater.store.endpoint.EndpointRules;
import io.breakwater.store.endpoint.StoreProxy;
import io.fabric8.kubernetes.client.KubernetesClient;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The rules for endpoints of this installation: the list of the Helm chart, and the addresses of this cluster. */
@ApplicationScoped
public class LocationEndpoints {
    private final ClusterAddresses cluster;
    private final List<AddressRange> configured;
    private final EndpointRules rules;
    private final Optional<StoreCallMeters> calls;

    /** Rules for stores whose requests are not counted. */
    public LocationEndpoints(KubernetesClient client, BreakwaterConfig config) {
        this(client, config, null);
    }

    @Inject
    public LocationEndpoints(KubernetesClient client, BreakwaterConfig config, StoreCallMeters calls) {
        this.calls = Optional.ofNullable(calls);
        this.cluster = new ClusterAddresses(client);
        this.configured = config.store().clusterCidrs().orElse(List.of()).stream()
                .map(AddressRange::of)
                .toList();
        this.rules = new EndpointRules(
                config.store().allowedEndpoints().orElse(List.of()),
                this::forbidden,
                InetAddress::getAllByName,
                proxy(config));
    }

    /** The rules; there is one object, so that all stores share their connections. */
    public EndpointRules rules() {
        return rules;
    }

    /** The same rules, which count the requests to the store of a location. */
    EndpointRules rules(BackupLocation location) {
        return calls.map(c -> rules.withCalls(c.of(location))).orElse(rules);
    }

    /** The proxy of this installation. */
    private static StoreProxy proxy(BreakwaterConfig config) {
        return StoreProxy.of(
                config.store().proxy().url(), config.store().proxy().noProxy().orElse(List.of()), System.getenv());
    }

    private List<AddressRange> forbidden() {
        List<AddressRange> all = new ArrayList<>(configured);
        all.addAll(cluster.ranges());
        return all;
    }
}
