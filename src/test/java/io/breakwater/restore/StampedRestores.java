package io.breakwater.restore;

import io.breakwater.api.Api;
import io.breakwater.api.BackupLocation;
import io.breakwater.api.BackupLocationSpec;
import io.breakwater.api.Restore;
import io.breakwater.api.RestorePointStatus.Consistency;
import io.breakwater.api.RestoreSpec;
import io.breakwater.api.RestoreSpec.OnConflict;
import io.breakwater.api.RestoreStatus;
import io.breakwater.catalog.PointDocument;
import io.breakwater.observe.StatusWriter;
import io.breakwater.trust.Author;
import io.breakwater.trust.PointKeys;
import io.breakwater.trust.StampFixture;
import io.fabric8.kubernetes.client.CustomResource;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.time.Clock;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Consumer;

/** Restores of namespace shop with authors that {@link StampFixture#stamps} signed. */
final class StampedRestores {
    private StampedRestores() {}

    static Restore of(Author author) {
        Restore restore = plain();
        annotate(restore, StampFixture.stamps().stamp(author, restore, restore.getSpec()));
        return restore;
    }

    /** Without an author. */
    static Restore plain() {
        Restore restore = new Restore();
        restore.getMetadata().setNamespace("shop");
        restore.getMetadata().setName("undo");
        restore.getMetadata().setUid("uid-1");
        restore.setSpec(new RestoreSpec());
        restore.getSpec().onConflict = OnConflict.Fail;
        restore.setStatus(new RestoreStatus());
        return restore;
    }

    static void annotate(Restore restore, String stamp) {
        restore.getMetadata().setAnnotations(new HashMap<>(Map.of(Api.AUTHOR, stamp)));
    }

    /** A run whose status is only in memory. */
    static RestoreRun run(Restore restore, KubernetesClient client, Runnable wake) {
        StatusWriter inMemory = new StatusWriter(client) {
            @Override
            public <S, T extends CustomResource<?, S>> boolean update(T resource, Class<S> type, Consumer<S> change) {
                change.accept(resource.getStatus());
                return true;
            }
        };
        return new RestoreRun(
                restore,
                inMemory,
                Clock.systemUTC(),
                () -> new RestoreRun.Source(location(), document(), "digest"),
                wake);
    }

    private static BackupLocation location() {
        BackupLocation location = new BackupLocation();
        location.getMetadata().setNamespace("breakwater-system");
        location.setSpec(new BackupLocationSpec());
        return location;
    }

    /** The seal of a point without volumes. */
    static PointDocument document() {
        return PointDocument.builder(PointKeys.of("east", "shop", "p"), "uid")
                .policy("shop")
                .capturedAt("2026-01-02T03:04:05Z")
                .consistency(Consistency.Crash)
                .archive("archive", 1)
                .build();
    }
}
