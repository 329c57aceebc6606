package io.breakwater.store;

import io.breakwater.api.BackupLocation;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.location.Stores;
import io.breakwater.store.azure.AzureBlobStore;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.nio.file.Path;
import java.time.Clock;

/** Stores for tests of other packages. */
public final class TestStores {
    private TestStores() {}

    public static ObjectStore filesystem(Path directory) {
        return new FilesystemStore(directory, Clock.systemUTC());
    }

    /** The store of a location with this specification and an account key. */
    public static ObjectStore azure(io.breakwater.api.BackupLocationSpec.AzureBlob spec, String accountKey) {
        return AzureBlobStore.open(spec, accountKey, null, null);
    }

    /** One store for every location. */
    public static Stores always(ObjectStore store) {
        return new Stores(null, null, Clock.systemUTC()) {
            @Override
            public ObjectStore open(BackupLocation location) {
                return store;
            }
        };
    }

    /** The stores of locations in an API server. */
    public static Stores of(KubernetesClient client, BreakwaterConfig config) {
        return new Stores(client, config, Clock.systemUTC());
    }
}
