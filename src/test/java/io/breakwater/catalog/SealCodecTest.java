package io.breakwater.catalog;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.api.RestorePointSpec.Trigger;
import io.breakwater.api.RestorePointStatus.Consistency;
import io.breakwater.api.RestorePointStatus.VolumeMode;
import io.breakwater.location.TestRegister;
import io.breakwater.trust.PointKey;
import io.breakwater.trust.PointKeys;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A seal cannot be altered, moved or forged without its key. */
class SealCodecTest {
    private static final byte[] KEY = "0123456789abcdef0123456789abcdef".getBytes(StandardCharsets.UTF_8);
    private static final String ID = "ab".repeat(32);
    private static final String ARCHIVE = "velero/backups/x/x.tar.gz";
    static final PointDocument POINT = PointDocument.builder(PointKeys.of("east", "shop", "p1"), "uid-1")
            .repository(TestRegister.of(PointKeys.of("east", "shop", "p1")).id())
            .policy("shop")
            .trigger(Trigger.Manual)
            .epoch(3)
            .operatorVersion("0.1.0")
            .capturedAt("2026-01-02T03:04:05Z")
            .consistency(Consistency.Application)
            .volumes(List.of(new PointDocument.Volume("data", "fast", "1Gi", "/volumes/data", ID, 10, 5)))
            .archive(ARCHIVE, 4)
            .objects(List.of(new PointDocument.StoredObject(ARCHIVE, 7, "00ff")))
            .keyId("1122334455667788")
            .build();

    /** A point in which every field has a value. */
    private static final PointDocument FULL = PointDocument.builder(PointKeys.of("east", "shop", "p1"), "uid-1")
            .repository(TestRegister.of(PointKeys.of("east", "shop", "p1")).id())
            .policy("nightly")
            .trigger(Trigger.Manual)
            .epoch(3)
            .operatorVersion("0.1.0")
            .capturedAt("2026-01-02T03:04:05Z")
            .consistency(Consistency.Application)
            .volumes(List.of(
                    new PointDocument.Volume("data", "fast", "1Gi", "/volumes/data", "abc", 10, 5),
                    new PointDocument.Volume("disk", "fast", "2Gi", "/disk", "def", 20, 6, VolumeMode.Block, null),
                    new PointDocument.Volume(
                            "kept",
                            "csi",
                            "3Gi",
                            "/volumes/kept",
                            null,
                            0,
                            0,
                            VolumeMode.Filesystem,
                            new PointDocument.Kept("csi.example.com", "snap-1"))))
            .databases(List.of(new PointDocument.Database("db", "PostgreSQL", "17.2", "0/3000060")))
            .archive(ARCHIVE, 4)
            .objects(List.of(new PointDocument.StoredObject(ARCHIVE, 7, "00ff")))
            .lockedUntil("2026-02-02T03:04:05Z")
            .absentVolumes(List.of("cache"))
            .leaseId("5f0c")
            .runId("run-1")
            .sequence(7L)
            .storeTime("2026-01-02T03:04:06Z")
            .build();

    @Test
    void readsSignedSeals() {
        assertThat(SealCodec.verify(POINT.key(), SealCodec.sign(POINT, KEY), KEY))
                .isEqualTo(POINT);
    }

    /** Seals of earlier versions must stay valid, and a second seal of the same point must have the same bytes. */
    @Test
    void neverChangesTheBytesOfASeal() {
        assertThat(text(SealCodec.sign(FULL.signedWith("1122334455667788"), KEY)))
                .isEqualTo("""
                    {
                      "schemaVersion" : 2,
                      "site" : "east",
                      "namespace" : "shop",
                      "cluster" : "cluster-of-east",
                      "namespaceUid" : "uid-of-shop",
                      "point" : "p1",
                      "uid" : "uid-1",
                      "policy" : "nightly",
                      "trigger" : "Manual",
                      "epoch" : 3,
                      "operatorVersion" : "0.1.0",
                      "capturedAt" : "2026-01-02T03:04:05Z",
                      "consistency" : "Application",
                      "volumes" : [ {
                        "pvc" : "data",
                        "storageClass" : "fast",
                        "size" : "1Gi",
                        "path" : "/volumes/data",
                        "repositorySnapshot" : "abc",
                        "logicalBytes" : 10,
                        "addedBytes" : 5
                      }, {
                        "pvc" : "disk",
                        "storageClass" : "fast",
                        "size" : "2Gi",
                        "path" : "/disk",
                        "repositorySnapshot" : "def",
                        "logicalBytes" : 20,
                        "addedBytes" : 6,
                        "volumeMode" : "Block"
                      }, {
                        "pvc" : "kept",
                        "storageClass" : "csi",
                        "size" : "3Gi",
                        "path" : "/volumes/kept",
                        "logicalBytes" : 0,
                        "addedBytes" : 0,
                        "volumeMode" : "Filesystem",
                        "kept" : {
                          "driver" : "csi.example.com",
                          "handle" : "snap-1"
                        }
                      } ],
                      "databases" : [ {
                        "name" : "db",
                        "kind" : "PostgreSQL",
                        "version" : "17.2",
                        "position" : "0/3000060"
                      } ],
                      "archive" : "velero/backups/x/x.tar.gz",
                      "resourceCount" : 4,
                      "objects" : [ {
                        "key" : "velero/backups/x/x.tar.gz",
                        "size" : 7,
                        "sha256" : "00ff"
                      } ],
                      "keyId" : "1122334455667788",
                      "lockedUntil" : "2026-02-02T03:04:05Z",
                      "absentVolumes" : [ "cache" ],
                      "leaseId" : "5f0c",
                      "runId" : "run-1",
                      "sequence" : 7,
                      "storeTime" : "2026-01-02T03:04:06Z",
                      "repository" : "46b7e6248fb7478118415f5e93a07601",
                      "hmac" : "72b0267e2de2f34c81019d515c717263b7be232ae2d5e715daeab9fbc65afa5b"
                    }\
                    """);
    }

    @Test
    void omitsAbsentFieldsFromTheCanonicalForm() {
        assertThat(text(SealCodec.canonical(PointDocument.builder(PointKeys.of("velero-b", "shop", "p"), "uid")
                        .build())))
                .isEqualTo(
                        "{\"cluster\":\"cluster-of-velero-b\",\"databases\":[],\"epoch\":0,\"namespace\":\"shop\",\"namespaceUid\":\"uid-of-shop\",\"objects\":[],\"point\":\"p\","
                                + "\"resourceCount\":0,\"schemaVersion\":2,\"site\":\"velero-b\",\"uid\":\"uid\",\"volumes\":[]}");
    }

    @Test
    void refusesUnknownFieldsAddedAfterSigning() {
        String signed = text(SealCodec.sign(POINT, KEY));
        byte[] extended = signed.replaceFirst("\\{", "{ \"later\" : 1,").getBytes(StandardCharsets.UTF_8);

        refuses(POINT.key(), extended, KEY);
    }

    @Test
    void refusesChangesOfAnyField() {
        String signed = text(SealCodec.sign(POINT, KEY));
        for (String part : List.of("p1", "\"epoch\" : 3", "/volumes/data", "00ff", "2026-01-02", "Application")) {
            assertThat(signed).contains(part);
            String altered = signed.replace(part, part.substring(0, part.length() - 1) + "9");
            refuses(POINT.key(), altered.getBytes(StandardCharsets.UTF_8), KEY);
        }
    }

    @Test
    void refusesSealsOfAnotherPoint() {
        refuses(PointKeys.of("east", "shop", "p2"), SealCodec.sign(POINT, KEY), KEY);
    }

    @Test
    void refusesSealsByAnotherKey() {
        refuses(POINT.key(), SealCodec.sign(POINT, "another".getBytes(StandardCharsets.UTF_8)), KEY);
    }

    @Test
    void refusesMalformedSeals() {
        for (String rubbish : List.of("", "[]", "null", "{}", "{\"hmac\":\"zz\"}", "{\"hmac\":")) {
            refuses(POINT.key(), rubbish.getBytes(StandardCharsets.UTF_8), KEY);
        }
    }

    /** They become arguments of restic, and paths in a mover. */
    @ParameterizedTest
    @CsvSource({
        "data, /volumes/data, --repo=sftp:a@b:/c",
        "data, /volumes/data, abc",
        "data, /volumes/data, ABABABABABABABABABABABABABABABABABABABABABABABABABABABABABABABAB",
        "data, /volumes/data,",
        "data, /volumes/../etc, ok",
        "data, /volumes/other, ok",
        "data, /data, ok",
        "data, ,ok",
        "../x, /volumes/../x, ok",
        "--x, /volumes/--x, ok",
    })
    void refusesVolumesWithIllegalIdsOrPaths(String claim, String path, String id) {
        String snapshot = "ok".equals(id) ? ID : id;
        PointDocument point = PointDocument.builder(POINT.key(), "uid-1")
                .repository(TestRegister.of(POINT.key()).id())
                .volumes(List.of(new PointDocument.Volume(claim, "fast", "1Gi", path, snapshot, 10, 5)))
                .build();

        refuses(POINT.key(), SealCodec.sign(point, KEY), KEY);
        assertThatThrownBy(() -> SealCodec.vouched(POINT.key(), SealCodec.sign(point, KEY)))
                .hasMessageContaining("volume");
    }

    @Test
    void acceptsDevicesAndRetainedSnapshots() {
        PointDocument point = PointDocument.builder(POINT.key(), "uid-1")
                .repository(TestRegister.of(POINT.key()).id())
                .volumes(List.of(
                        new PointDocument.Volume(
                                "my.disk-1", "f", "2Gi", "/my.disk-1", ID, 2, 6, VolumeMode.Block, null),
                        FULL.volumes().getLast()))
                .build();

        assertThat(SealCodec.verify(POINT.key(), SealCodec.sign(point, KEY), KEY))
                .isEqualTo(point);
    }

    private static void refuses(PointKey where, byte[] content, byte[] key) {
        assertThatThrownBy(() -> SealCodec.verify(where, content, key))
                .isInstanceOfSatisfying(BreakwaterException.class, e -> {
                    assertThat(e.reason()).isEqualTo(Reason.Tampered);
                    assertThat(e.isRetryable()).isFalse();
                })
                .hasMessageContaining(where.sealKey());
    }

    private static String text(byte[] content) {
        return new String(content, StandardCharsets.UTF_8);
    }
}
