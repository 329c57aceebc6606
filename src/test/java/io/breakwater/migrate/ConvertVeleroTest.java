package io.breakwater.migrate;

import static io.breakwater.migrate.ConversionFixture.YAML;
import static io.breakwater.migrate.ConversionFixture.hooks;
import static io.breakwater.migrate.ConversionFixture.installation;
import static io.breakwater.migrate.ConversionFixture.run;
import static io.breakwater.migrate.ConversionFixture.schedule;
import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.api.BackupLocation;
import io.breakwater.api.BackupLocationSpec.AccessMode;
import io.breakwater.api.BackupLocationSpec.Layout;
import io.breakwater.api.BackupPolicy;
import io.breakwater.api.BackupPolicySpec.ClusterResources;
import io.breakwater.velero.model.Backup;
import io.breakwater.velero.model.Schedule;
import io.fabric8.kubernetes.api.model.LabelSelector;
import io.fabric8.kubernetes.api.model.LabelSelectorBuilder;
import io.fabric8.kubernetes.api.model.TypedLocalObjectReference;
import java.io.IOException;
import java.lang.reflect.Field;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class ConvertVeleroTest {
    @Test
    void convertsSingleNamespacesToPoliciesAndSeveralToTemplates() throws IOException {
        ConversionFixture result = ConversionFixture.of(installation());

        assertThat(result.code()).isZero();
        assertThat(result.all().stream().filter(o -> o instanceof BackupPolicy).map(ConversionFixture::place))
                .containsExactlyInAnyOrder(
                        "shop/shop-hourly", "odd/odd", "archive/before-upgrade", "breakwater-system/everything-daily");
        BackupPolicy shop = result.one(BackupPolicy.class, "shop", "shop-hourly");
        assertThat(shop.getSpec().schedule.cron).isEqualTo("0 * * * *");
        assertThat(shop.getSpec().locationRef.name).isEqualTo("primary");
        assertThat(shop.getSpec().source.labelSelector.getMatchLabels()).isEqualTo(Map.of("app", "shop"));
        assertThat(shop.getSpec().source.exclude.getFirst().kinds)
                .containsExactly("events", "jobs.batch", "replicasets.apps");
        assertThat(shop.getSpec().hooks.pre).singleElement().satisfies(h -> {
            assertThat(h.command).containsExactly("/sbin/fsfreeze", "--freeze", "/data");
            assertThat(h.timeout).isEqualTo("3m");
        });
        assertThat(shop.getSpec().retention.keepLast).isEqualTo(24);
        assertThat(shop.getSpec().retention.daily).as("from everything-daily").isEqualTo(30);
        BackupPolicy odd = result.one(BackupPolicy.class, "odd", "odd");
        assertThat(odd.getSpec().suspend).isTrue();
        assertThat(odd.getSpec().source.includeClusterResources).isEqualTo(ClusterResources.None);
        BackupPolicy all = result.one(BackupPolicy.class, "breakwater-system", "everything-daily");
        assertThat(all.getSpec().source.namespaces.include).containsExactly("*");
        assertThat(all.getSpec().source.namespaces.exclude)
                .as("namespaces with their own policy, and the excluded ones")
                .containsExactly("scratch-*", "archive", "odd", "shop");
        assertThat(all.getSpec().schedule.timeZone).isEqualTo("Europe/Berlin");
        assertThat(all.getSpec().source.namespaces.selector.getMatchExpressions())
                .singleElement()
                .satisfies(e -> assertThat(e.getKey()).isEqualTo("velero.io/exclude-from-backup"));
        assertThat(result.messages())
                .contains("Schedule velero/everything-daily: spec.template.includedNamespaces: became a policy in"
                        + " namespace breakwater-system");
    }

    @Test
    void splitsALocationIntoReadOnlyAndWritableOnes() throws IOException {
        ConversionFixture result = ConversionFixture.of(installation());

        BackupLocation old = result.one(BackupLocation.class, "breakwater-system", "velero-primary");
        assertThat(old.getSpec().layout).isEqualTo(Layout.Velero);
        assertThat(old.getSpec().accessMode).isEqualTo(AccessMode.ReadOnly);
        assertThat(old.getSpec().azureBlob.prefix).isEqualTo("cluster-1");
        BackupLocation own = result.one(BackupLocation.class, "breakwater-system", "primary");
        assertThat(own.getSpec().azureBlob.container).isEqualTo("backups");
        assertThat(own.getSpec().azureBlob.prefix).isEqualTo("breakwater");
        BackupLocation minio = result.one(BackupLocation.class, "breakwater-system", "minio");
        assertThat(minio.getSpec().s3.bucket)
                .as("Velero uses the root of its bucket")
                .isEqualTo("velero-breakwater");
        assertThat(minio.getSpec().s3.pathStyle).isTrue();
    }

    @Test
    void namesASecretForTheCertificatesOfALocation() throws IOException {
        for (String certificates : List.of("caCert: Q0VSVA==", "caCertRef: {name: private, key: ca.pem}")) {
            String input = installation().replace("bucket: velero}", "bucket: velero, " + certificates + "}");
            assertThat(input).isNotEqualTo(installation());
            ConversionFixture result = ConversionFixture.of(input);
            String secret = certificates.startsWith("caCertRef") ? "private" : "store-ca";
            for (String name : List.of("velero-minio", "minio")) {
                assertThat(result.one(BackupLocation.class, "breakwater-system", name)
                                .getSpec()
                                .s3
                                .caBundleSecretRef
                                .name)
                        .isEqualTo(secret);
            }
            assertThat(result.messages()).contains("create the Secret breakwater-system/" + secret);
        }
    }

    @Test
    void reportsFieldsWithoutACounterpart() throws IOException {
        assertThat(ConversionFixture.of(installation()).messages())
                .contains(
                        "- Schedule velero/odd: spec.schedule: '@every 7h'",
                        "- VolumeSnapshotLocation velero/default: kind: ",
                        "- BackupStorageLocation velero/primary: spec.config.blockSizeInBytes: ",
                        "- Schedule velero/everything-daily: spec.template.storageLocation: differs");
    }

    @Test
    void convertsTheGroupSnapshotLabel() {
        Schedule schedule = schedule();
        schedule.getSpec().template.volumeGroupSnapshotLabelKey = "example.com/app";
        ConversionFixture result = ConversionFixture.of(YAML.asYaml(schedule));
        assertThat(result.one(BackupPolicy.class, "shop", "s").getSpec().volumes.groupBy)
                .isEqualTo("example.com/app");
        assertThat(result.messages())
                .contains("spec.template.volumeGroupSnapshotLabelKey: became spec.volumes.groupBy");

        schedule.getSpec().template.volumeGroupSnapshotLabelKey = "velero.io/volume-group";
        assertThat(ConversionFixture.of(YAML.asYaml(schedule))
                        .one(BackupPolicy.class, "shop", "s")
                        .getSpec()
                        .volumes)
                .as("the default that Velero writes into every Backup")
                .isNull();
    }

    @Test
    void readsJsonInput() {
        assertThat(ConversionFixture.of(YAML.asJson(schedule())).one(BackupPolicy.class, "shop", "s"))
                .isNotNull();
    }

    @Test
    void refusesInvalidInput() {
        for (String wrong : List.of("- a\n- b", "hello", "{", "apiVersion: velero.io/v1\nkind: Schedule\n")) {
            ConversionFixture result = ConversionFixture.of(wrong);
            assertThat(result.code()).as(wrong).isEqualTo(2);
            assertThat(result.out()).isEmpty();
            assertThat(result.messages()).startsWith("the input cannot be read: ");
        }
        assertThat(run(List.of("--output", "x"), "").code()).isEqualTo(2);
    }

    static Stream<Field> fieldsOfABackup() {
        return Arrays.stream(Backup.Spec.class.getFields());
    }

    /** A field that is neither converted nor reported would be lost unnoticed. */
    @ParameterizedTest
    @MethodSource("fieldsOfABackup")
    void convertsOrReportsEveryTemplateField(Field field) throws IllegalAccessException {
        Schedule plain = schedule();
        Schedule with = schedule();
        field.set(with.getSpec().template, sample(field));
        changes(field, plain, with);
    }

    static Stream<Field> fieldsOfASchedule() {
        return Arrays.stream(Schedule.Spec.class.getFields())
                .filter(f -> !f.getName().equals("template"));
    }

    @ParameterizedTest
    @MethodSource("fieldsOfASchedule")
    void convertsOrReportsEveryScheduleField(Field field) throws IllegalAccessException {
        Schedule plain = schedule();
        Schedule with = schedule();
        field.set(with.getSpec(), sample(field));
        changes(field, plain, with);
    }

    private static void changes(Field field, Schedule plain, Schedule with) {
        ConversionFixture before = ConversionFixture.of(YAML.asYaml(plain));
        ConversionFixture after = ConversionFixture.of(YAML.asYaml(with));
        boolean converted = !before.out().equals(after.out());
        boolean reported =
                after.messages().contains(field.getName()) && !before.messages().equals(after.messages());
        assertThat(converted || reported).as(field.getName()).isTrue();
    }

    /** A value that a user may write and that is not the default. */
    private static Object sample(Field field) {
        return switch (field.getName()) {
            case "csiSnapshotTimeout", "itemOperationTimeout", "ttl" -> "17m0s";
            case "schedule" -> "5 5 * * *";
            case "includedResources", "includedNamespaceScopedResources" -> List.of("deployments");
            case "includedClusterScopedResources", "excludedClusterScopedResources" -> List.of("storageclasses");
            case "snapshotMoveData", "snapshotVolumes" -> false;
            case "hooks" -> hooks();
            case "metadata" -> {
                Backup.Metadata metadata = new Backup.Metadata();
                metadata.labels = Map.of("a", "b");
                yield metadata;
            }
            case "uploaderConfig" -> {
                Backup.UploaderConfig config = new Backup.UploaderConfig();
                config.parallelFilesUpload = 4;
                yield config;
            }
            default -> byType(field);
        };
    }

    private static Object byType(Field field) {
        LabelSelector selector =
                new LabelSelectorBuilder().addToMatchLabels("a", "b").build();
        if (field.getType() == List.class) {
            return field.getName().equals("orLabelSelectors") ? List.of(selector) : List.of("shop", "secrets");
        }
        return switch (field.getType().getSimpleName()) {
            case "String" -> "other";
            case "Boolean" -> true;
            case "Map" -> Map.of("pods", "shop/a");
            case "LabelSelector" -> selector;
            case "TypedLocalObjectReference" -> new TypedLocalObjectReference("", "ConfigMap", "rules");
            default -> throw new AssertionError("no sample for " + field);
        };
    }
}
