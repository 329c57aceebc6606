package io.breakwater.capture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import io.breakwater.api.BackupLocation;
import io.breakwater.api.BackupLocationSpec;
import io.breakwater.api.BackupLocationSpec.VeleroLayout;
import io.breakwater.api.BackupPolicy;
import io.breakwater.api.BackupPolicySpec;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Digests;
import io.breakwater.api.Reason;
import io.breakwater.api.RestorePoint;
import io.breakwater.api.RestorePointStatus;
import io.breakwater.archive.ArchiveHeader;
import io.breakwater.catalog.ArchiveSpools;
import io.breakwater.catalog.PointDocument;
import io.breakwater.location.keys.LocationKeys;
import io.breakwater.location.keys.TestKeys;
import io.breakwater.policy.PointRoute;
import io.breakwater.resource.ApiServer;
import io.breakwater.resource.FakeApiServer;
import io.breakwater.store.MemoryStore;
import io.breakwater.store.ObjectStore.Observed;
import io.breakwater.store.ObjectStore.Precondition;
import io.breakwater.store.TestStores;
import io.breakwater.trust.PointKey;
import io.breakwater.trust.PointKeys;
import io.breakwater.velero.ArchiveReader;
import io.breakwater.velero.BackupObjects;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** The objects that a capture writes into the store. */
class ArchiveUploadTest {
    private static final String KEY = "breakwater/archives/east/shop/c/n/p/uid/resources.enc";

    private static final String CORE = "/api/v1/namespaces/shop/";
    private static final byte[] MASTER = new byte[32];
    private static final LocationKeys KEYS = TestKeys.from(() -> TestKeys.data(MASTER));

    @Test
    void replacesTheObjectsOfAnInterruptedAttempt() {
        MemoryStore store = new MemoryStore();

        ArchiveUpload.write(store, KEY, new byte[] {1});
        ArchiveUpload.write(store, KEY, new byte[] {2});

        assertThat(store.read(KEY).orElseThrow().content()).containsExactly(2);
    }

    /** The name has the uid of the RestorePoint, so there is nothing to look for before the first write. */
    @Test
    void createsAnArchiveWithoutALook() throws IOException {
        MemoryStore store = new MemoryStore() {
            @Override
            public Optional<Observed> head(String key) {
                throw new AssertionError("looked for " + key);
            }
        };

        upload(store, VeleroLayout.Objects);

        assertThat(store.written).last().asString().endsWith("velero-backup.json");
    }

    @Test
    void createsNoArchiveInThePlaceOfAnother() throws IOException {
        MemoryStore store = new MemoryStore();
        upload(store, null);
        String archive = PointKeys.of("east", "shop", "p").archiveKey("uid-1");
        byte[] before = store.objects.get(archive);

        assertThatThrownBy(() -> upload(store, null)).isInstanceOfSatisfying(BreakwaterException.class, e -> {
            assertThat(e.reason()).isEqualTo(Reason.Conflict);
            assertThat(e.isRetryable()).isTrue();
        });
        assertThat(store.objects.get(archive)).isEqualTo(before);
    }

    @Test
    void overwritesNothingThatAnotherProcessWritesMeanwhile() {
        MemoryStore store = new MemoryStore() {
            @Override
            public Optional<Observed> write(String key, byte[] content, Precondition precondition) {
                super.write(key, new byte[] {7}, Precondition.NONE);
                return super.write(key, content, precondition);
            }
        };

        assertThatThrownBy(() -> ArchiveUpload.write(store, KEY, new byte[] {1}))
                .isInstanceOfSatisfying(BreakwaterException.class, e -> {
                    assertThat(e.reason()).isEqualTo(Reason.Conflict);
                    assertThat(e.isRetryable()).isTrue();
                });
        assertThat(store.read(KEY).orElseThrow().content()).containsExactly(7);
    }

    /** What the store gets, is decrypted by a restore, and shows nothing of the objects. */
    @Test
    void writesAnArchiveThatOnlyTheMasterKeyOpens() throws IOException {
        MemoryStore store = new MemoryStore();
        ArchiveUpload.Result result = upload(store, null);

        String archive = PointKeys.of("east", "shop", "p").archiveKey("uid-1");
        assertThat(store.objects.keySet()).containsExactly(archive);
        assertThat(result.objects()).singleElement().satisfies(o -> {
            assertThat(o.key()).isEqualTo(archive);
            assertThat(o.size()).isEqualTo(store.objects.get(archive).length);
            assertThat(o.sha256()).isEqualTo(Digests.sha256Hex(store.objects.get(archive)));
        });
        byte[] gzip = {31, (byte) 139, 8};
        byte[] stored = store.objects.get(archive);
        ArchiveHeader header = ArchiveHeader.read(new ByteArrayInputStream(stored));
        int start = new String(stored, StandardCharsets.ISO_8859_1).indexOf('\n') + 1;
        assertThat(Arrays.copyOfRange(stored, start, start + 3)).isNotEqualTo(gzip);
        assertThat(header.keyId()).isEqualTo(TestKeys.id(MASTER));

        Map<String, JsonNode> restored = restored(store, result, header);
        assertThat(restored.keySet())
                .containsExactlyInAnyOrder("configmaps shop/settings", "secrets shop/password", "namespaces shop");
        assertThat(restored.get("secrets shop/password").path("data").path("p").asText())
                .isEqualTo("b3Blbg==");
    }

    @Test
    void writesVelerosLayoutWithoutTheValuesOfSecrets() throws IOException {
        MemoryStore store = new MemoryStore();
        ArchiveUpload.Result result = upload(store, VeleroLayout.Objects);

        assertThat(store.objects.keySet())
                .as("the seal lists every object")
                .containsExactlyInAnyOrderElementsOf(
                        result.objects().stream().map(ArchiveUpload.Stored::key).toList());
        Map<String, JsonNode> clear = clear(store);
        JsonNode secret = clear.get("secrets shop/password");
        assertThat(secret.path("type").asText()).isEqualTo("Opaque");
        assertThat(secret.path("metadata").path("labels").path("app").asText()).isEqualTo("shop");
        assertThat(secret.toString()).doesNotContain("b3Blbg==").doesNotContain("open");
        assertThat(clear.get("configmaps shop/settings").path("data").path("a").asText())
                .isEqualTo("1");
        assertThat(store.objects).containsKey(BackupObjects.metadataKey(name()));

        JsonNode own = restored(store, result, header(store)).get("secrets shop/password");
        assertThat(own.path("data").path("p").asText()).as("own archive").isEqualTo("b3Blbg==");
    }

    @Test
    void writesTheValuesOfSecretsInVelerosLayoutOnlyOnRequest() throws IOException {
        MemoryStore store = new MemoryStore();
        upload(store, VeleroLayout.WithSecrets);

        assertThat(clear(store)
                        .get("secrets shop/password")
                        .path("data")
                        .path("p")
                        .asText())
                .isEqualTo("b3Blbg==");
    }

    private static ArchiveHeader header(MemoryStore store) throws IOException {
        return ArchiveHeader.read(new ByteArrayInputStream(
                store.objects.get(PointKeys.of("east", "shop", "p").archiveKey("uid-1"))));
    }

    private static String name() {
        return PointKeys.of("east", "shop", "p").backupName("uid-1");
    }

    private static Map<String, JsonNode> clear(MemoryStore store) throws IOException {
        return objects(new ByteArrayInputStream(store.objects.get(BackupObjects.archiveKey(name()))));
    }

    private Map<String, JsonNode> restored(MemoryStore store, ArchiveUpload.Result result, ArchiveHeader header)
            throws IOException {
        PointKey key = PointKeys.of("east", "shop", "p");
        PointDocument document = PointDocument.builder(key, "uid-1")
                .archive(key.archiveKey("uid-1"), 1)
                .objects(result.objects().stream()
                        .map(o -> new PointDocument.StoredObject(o.key(), o.size(), o.sha256()))
                        .toList())
                .keyId(header.keyId())
                .archiveKey(header.archiveKey())
                .build();
        return objects(
                new ArchiveSpools(TestStores.always(store), KEYS, 1L << 40).open("run", location(null), document, "d"));
    }

    private static Map<String, JsonNode> objects(InputStream archive) throws IOException {
        Map<String, JsonNode> all = new TreeMap<>();
        try (ArchiveReader reader = new ArchiveReader(archive, ArchiveReader.Limits.DEFAULT)) {
            for (Optional<ArchiveReader.Item> i = reader.next(); i.isPresent(); i = reader.next()) {
                all.put(
                        i.get().key().toString(),
                        ApiServer.JSON.readTree(i.get().json()));
            }
        }
        return all;
    }

    private static ArchiveUpload.Result upload(MemoryStore store, VeleroLayout velero) throws IOException {
        try (FakeApiServer server = new FakeApiServer().serveUsual()) {
            server.put("/api/v1/namespaces", "{'apiVersion':'v1','kind':'Namespace','metadata':{'name':'shop'}}");
            server.put(CORE + "configmaps", "{'metadata':{'name':'settings','namespace':'shop'},'data':{'a':'1'}}");
            server.put(
                    CORE + "secrets",
                    "{'metadata':{'name':'password','namespace':'shop','labels':{'app':'shop'},'annotations':"
                            + "{'kubectl.kubernetes.io/last-applied-configuration':'open'}},'type':'Opaque',"
                            + "'data':{'p':'b3Blbg=='},'stringData':{'q':'open'}}");
            RestorePoint point = new RestorePoint();
            point.getMetadata().setNamespace("shop");
            point.getMetadata().setName("p");
            point.getMetadata().setUid("uid-1");
            point.setStatus(new RestorePointStatus());
            point.getStatus().capturedAt = "2026-06-01T00:00:00Z";
            point.getStatus().volumes = List.of();
            BackupPolicy policy = new BackupPolicy();
            policy.getMetadata().setName("hourly");
            policy.setSpec(new BackupPolicySpec());
            CaptureRun run = new CaptureRun(point, PointKeys.source("east", "shop"), null, Clock.systemUTC(), () -> {})
                    .follow(policy, new PointRoute(location(velero), List.of(), 0, Optional.empty(), true));
            return new ArchiveUpload(server.client(), KEYS, Clock.systemUTC()).create(run, store);
        }
    }

    private static BackupLocation location(VeleroLayout velero) {
        BackupLocation location = new BackupLocation();
        location.getMetadata().setNamespace("ops");
        location.getMetadata().setName("blob");
        location.setSpec(new BackupLocationSpec());
        if (velero != null) {
            location.getSpec().archives = new BackupLocationSpec.Archives();
            location.getSpec().archives.velero = velero;
        }
        return location;
    }
}
