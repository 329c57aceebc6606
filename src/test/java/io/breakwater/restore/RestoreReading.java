package io.breakwater.restore;

import io.breakwater.api.NamedRef;
import io.breakwater.api.Restore;
import io.breakwater.api.RestoreSpec;
import io.breakwater.catalog.ArchiveSpools;
import io.breakwater.catalog.Catalog;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.location.RepositoryRegister;
import io.breakwater.location.TestLocations;
import io.breakwater.trust.IdentityRule;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.io.IOException;
import java.io.InputStream;

/** What a Restore reads of a point, for tests of other packages. */
public final class RestoreReading {
    private RestoreReading() {}

    /** The objects that a Restore of the namespace itself would apply, decrypted. */
    public static byte[] restored(
            KubernetesClient client,
            BreakwaterConfig config,
            IdentityRule rule,
            Catalog catalog,
            ArchiveSpools archives,
            RepositoryRegister register,
            String namespace,
            String point)
            throws IOException {
        PointResolver points =
                new PointResolver(client, TestLocations.of(client, config), catalog, archives, config, rule, register);
        Restore restore = new Restore();
        restore.getMetadata().setNamespace(namespace);
        restore.getMetadata().setName("r");
        restore.getMetadata().setUid("run");
        restore.setSpec(new RestoreSpec());
        restore.getSpec().restorePointRef = new NamedRef(point);
        RestoreRun.Source source = points.find(restore);
        try (InputStream in = archives.open("run", source.location(), source.document(), source.digest())) {
            return in.readAllBytes();
        } finally {
            archives.release("run");
        }
    }
}
