package io.breakwater.store;

import io.breakwater.api.BackupLocation;
import io.breakwater.api.BackupLocationSpec.AzureBlob;
import io.breakwater.api.BackupLocationSpec.S3;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.location.LocationEndpoints;
import io.breakwater.location.Stores;
import io.breakwater.store.azure.AzureBlobStore;
import io.breakwater.store.endpoint.EndpointRules;
import io.breakwater.store.s3.S3Store;
import io.breakwater.trust.StampFixture;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;

/** Stores for tests of other packages. */
public final class TestStores {
    private TestStores() {}

    /** Prefixes of all areas of a location. */
    public static List<String> areas() {
        return StoreLayout.AREAS.stream().map(StoreLayout.Area::prefix).toList();
    }

    public static ObjectStore filesystem(Path directory) {
        return TestSigner.keyed(new FilesystemStore(directory, Clock.systemUTC()));
    }

    /** The store of a location with this specification and an account key. */
    public static ObjectStore azure(AzureBlob spec, String accountKey) {
        return AzureBlobStore.open(spec, accountKey, null, null);
    }

    /** A bucket on any server; the server is not asked for the account. */
    public static ObjectStore s3(String endpoint, ListingLimits limits) {
        S3 spec = new S3();
        spec.bucket = "bucket";
        spec.prefix = "below";
        spec.endpoint = endpoint;
        return S3Store.open(spec, "id", "secret", null, null, limits, EndpointRules.trusting(endpoint));
    }

    /** A container on any server; the server is not asked for the account. */
    public static ObjectStore azure(String endpoint, ListingLimits limits) {
        AzureBlob spec = new AzureBlob();
        spec.account = "account";
        spec.container = "container";
        spec.prefix = "below";
        spec.endpoint = endpoint;
        return AzureBlobStore.open(spec, "AAAA", null, null, null, limits, EndpointRules.trusting(endpoint));
    }

    /** One store for every location. */
    public static Stores always(ObjectStore store) {
        return new Stores(null, null, null, Clock.systemUTC(), null) {
            @Override
            public ObjectStore open(BackupLocation location) {
                return store;
            }
        };
    }

    /** The stores of locations in an API server. */
    public static Stores of(KubernetesClient client, BreakwaterConfig config) {
        return new Stores(
                client, config, StampFixture.trusting(), Clock.systemUTC(), new LocationEndpoints(client, config));
    }
}
