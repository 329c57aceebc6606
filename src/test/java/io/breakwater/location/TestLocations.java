package io.breakwater.location;

import io.breakwater.api.BackupLocation;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.watch.ObjectCache;
import io.breakwater.watch.TestObjects;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.javaoperatorsdk.operator.api.reconciler.EventSourceContext;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import io.javaoperatorsdk.operator.processing.event.source.IndexerResourceCache;
import io.javaoperatorsdk.operator.processing.event.source.inbound.SimpleInboundEventSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Stream;

/** Locations for tests of other packages. */
public final class TestLocations {
    private TestLocations() {}

    /** Starts a controller without an operator: its cache reads the API server, and nothing is woken. */
    public static void start(LocationController<?> controller, KubernetesClient client) {
        start(controller, client, id -> {});
    }

    /**
     * Starts a controller without an operator.
     *
     * @param woken gets the location that the controller wakes; called on the thread of the work
     */
    static void start(LocationController<?> controller, KubernetesClient client, Consumer<ResourceID> woken) {
        var context = new EventSourceContext<BackupLocation>(new Cache(client), null, client, BackupLocation.class);
        var wake = (SimpleInboundEventSource<?>)
                controller.prepareEventSources(context).getFirst();
        wake.setEventHandler(event -> woken.accept(event.getRelatedCustomResourceID()));
        wake.start();
    }

    /** A resolver that answers from a cache. */
    public static LocationResolver of(ObjectCache objects, BreakwaterConfig config) {
        return new LocationResolver(objects, config);
    }

    public static LocationResolver of(KubernetesClient client, BreakwaterConfig config) {
        return new LocationResolver(TestObjects.of(client), config);
    }

    /** The primary cache of a controller, as far as controllers of locations use it. */
    private record Cache(KubernetesClient client) implements IndexerResourceCache<BackupLocation> {
        @Override
        public Optional<BackupLocation> get(ResourceID id) {
            return Optional.ofNullable(client.resources(BackupLocation.class)
                    .inNamespace(id.getNamespace().orElseThrow())
                    .withName(id.getName())
                    .get());
        }

        @Override
        public Stream<ResourceID> keys() {
            throw new UnsupportedOperationException();
        }

        @Override
        public Stream<BackupLocation> list(Predicate<BackupLocation> predicate) {
            throw new UnsupportedOperationException();
        }

        @Override
        public Stream<BackupLocation> list(String namespace, Predicate<BackupLocation> predicate) {
            throw new UnsupportedOperationException();
        }

        @Override
        public List<BackupLocation> byIndex(String index, String key) {
            throw new UnsupportedOperationException();
        }

        @Override
        public void addIndexers(Map<String, Function<BackupLocation, List<String>>> indexers) {
            throw new UnsupportedOperationException();
        }
    }
}
