package io.breakwater.migrate;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MappingIterator;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import io.breakwater.api.BackupLocation;
import io.breakwater.api.BackupLocationSpec.AccessMode;
import io.breakwater.api.BackupLocationSpec.Layout;
import io.breakwater.api.BackupPolicy;
import io.breakwater.api.BackupPolicySpec.ClusterResources;
import io.breakwater.velero.model.Backup;
import io.breakwater.velero.model.Schedule;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.LabelSelector;
import io.fabric8.kubernetes.api.model.LabelSelectorBuilder;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.TypedLocalObjectReference;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.lang.reflect.Field;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class ConvertVeleroTest {
    private static final KubernetesSerialization YAML = new KubernetesSerialization();

    private record Result(int code, String out, String told) {
        <T extends HasMetadata> T one(Class<T> type, String namespace, String name) {
            return all().stream()
                    .filter(type::isInstance)
                    .map(type::cast)
                    .filter(o -> o.getMetadata().getNamespace().equals(namespace)
                            && o.getMetadata().getName().equals(name))
                    .findFirst()
                    .orElseThrow();
        }

        List<HasMetadata> all() {
            try (MappingIterator<JsonNode> documents =
                    new YAMLMapper().readerFor(JsonNode.class).readValues(out)) {
                List<HasMetadata> all = new ArrayList<>();
                documents
                        .readAll()
                        .forEach(d -> all.add(
                                d.path("kind").asText().equals("BackupPolicy")
                                        ? YAML.convertValue(d, BackupPolicy.class)
                                        : YAML.convertValue(d, BackupLocation.class)));
                return all;
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    @Test
    void aPolicyComesOutForEachNamespaceOfTheSchedules() throws IOException {
        Result result = convert(installation());

        assertThat(result.code).isZero();
        assertThat(result.all().stream().filter(o -> o instanceof BackupPolicy).map(ConvertVeleroTest::place))
                .containsExactlyInAnyOrder(
                        "shop/shop-hourly", "blog/everything-daily", "odd/odd", "archive/before-upgrade");
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
    }

    @Test
    void aLocationBecomesOneToReadAndOneToWriteThatVeleroDoesNotStumbleOver() throws IOException {
        Result result = convert(installation());

        BackupLocation old = result.one(BackupLocation.class, "breakwater-system", "velero-primary");
        assertThat(old.getSpec().layout).isEqualTo(Layout.Velero);
        assertThat(old.getSpec().accessMode).isEqualTo(AccessMode.ReadOnly);
        assertThat(old.getSpec().azureBlob.prefix).isEqualTo("cluster-1");
        BackupLocation own = result.one(BackupLocation.class, "breakwater-system", "primary");
        assertThat(own.getSpec().azureBlob.container).isEqualTo("backups");
        assertThat(own.getSpec().azureBlob.prefix).isEqualTo("breakwater");
        BackupLocation minio = result.one(BackupLocation.class, "breakwater-system", "minio");
        assertThat(minio.getSpec().s3.bucket)
                .as("Velero has the root of its bucket")
                .isEqualTo("velero-breakwater");
        assertThat(minio.getSpec().s3.pathStyle).isTrue();
    }

    @Test
    void whatHasNoCounterpartIsTold() throws IOException {
        assertThat(convert(installation()).told)
                .contains(
                        "- Schedule velero/odd: spec.schedule: '@every 7h'",
                        "- VolumeSnapshotLocation velero/default: kind: ",
                        "- BackupStorageLocation velero/primary: spec.config.blockSizeInBytes: ",
                        "- Schedule velero/everything-daily: spec.template.storageLocation: differs");
    }

    @Test
    void wildcardsWithoutNamespacesMakeNoPolicyAndSayWhy() {
        Schedule schedule = schedule();
        schedule.getSpec().template.includedNamespaces = null;

        Result result = convert(YAML.asYaml(schedule));

        assertThat(result.out).isEmpty();
        assertThat(result.told).contains("spec.template.includedNamespaces", "kubectl get namespaces -o yaml");
    }

    @Test
    void theLabelOfGroupSnapshotsIsTakenOver() {
        Schedule schedule = schedule();
        schedule.getSpec().template.volumeGroupSnapshotLabelKey = "example.com/app";
        Result result = convert(YAML.asYaml(schedule));
        assertThat(result.one(BackupPolicy.class, "shop", "s").getSpec().volumes.groupBy)
                .isEqualTo("example.com/app");
        assertThat(result.told).contains("spec.template.volumeGroupSnapshotLabelKey: became spec.volumes.groupBy");

        schedule.getSpec().template.volumeGroupSnapshotLabelKey = "velero.io/volume-group";
        assertThat(convert(YAML.asYaml(schedule))
                        .one(BackupPolicy.class, "shop", "s")
                        .getSpec()
                        .volumes)
                .as("what Velero writes into every Backup")
                .isNull();
    }

    @Test
    void jsonIsReadToo() {
        assertThat(convert(YAML.asJson(schedule())).one(BackupPolicy.class, "shop", "s"))
                .isNotNull();
    }

    @Test
    void whatIsNoObjectIsRefused() {
        for (String wrong : List.of("- a\n- b", "hello", "{", "apiVersion: velero.io/v1\nkind: Schedule\n")) {
            Result result = convert(wrong);
            assertThat(result.code).as(wrong).isEqualTo(2);
            assertThat(result.out).isEmpty();
            assertThat(result.told).startsWith("the input cannot be read: ");
        }
        assertThat(run(List.of("--output", "x"), "").code).isEqualTo(2);
    }

    static Stream<Field> fieldsOfABackup() {
        return Arrays.stream(Backup.Spec.class.getFields());
    }

    /** A field that is neither converted nor told would be lost without anybody's knowledge. */
    @ParameterizedTest
    @MethodSource("fieldsOfABackup")
    void everyFieldOfATemplateIsConvertedOrTold(Field field) throws IllegalAccessException {
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
    void everyFieldOfAScheduleIsConvertedOrTold(Field field) throws IllegalAccessException {
        Schedule plain = schedule();
        Schedule with = schedule();
        field.set(with.getSpec(), sample(field));
        changes(field, plain, with);
    }

    private static void changes(Field field, Schedule plain, Schedule with) {
        Result before = convert(YAML.asYaml(plain));
        Result after = convert(YAML.asYaml(with));
        boolean converted = !before.out.equals(after.out);
        boolean told = after.told.contains(field.getName()) && !before.told.equals(after.told);
        assertThat(converted || told).as(field.getName()).isTrue();
    }

    /** A value that a user might have written, and that is not the default. */
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

    private static Backup.Hooks hooks() {
        Backup.Hook hook = new Backup.Hook();
        hook.exec = new Backup.Exec();
        hook.exec.command = List.of("sync");
        Backup.ResourceHook resource = new Backup.ResourceHook();
        resource.pre = List.of(hook);
        Backup.Hooks hooks = new Backup.Hooks();
        hooks.resources = List.of(resource);
        return hooks;
    }

    private static Schedule schedule() {
        Schedule schedule = new Schedule();
        schedule.setMetadata(
                new ObjectMetaBuilder().withName("s").withNamespace("velero").build());
        Schedule.Spec spec = new Schedule.Spec();
        spec.schedule = "0 * * * *";
        spec.template = new Backup.Spec();
        spec.template.includedNamespaces = List.of("shop");
        schedule.setSpec(spec);
        return schedule;
    }

    private static Result convert(String input) {
        return run(List.of(), input);
    }

    private static Result run(List<String> arguments, String input) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream told = new ByteArrayOutputStream();
        int code = ConvertVelero.run(
                arguments,
                new ByteArrayInputStream(input.getBytes(StandardCharsets.UTF_8)),
                new PrintStream(out, true, StandardCharsets.UTF_8),
                new PrintStream(told, true, StandardCharsets.UTF_8));
        return new Result(code, out.toString(StandardCharsets.UTF_8), told.toString(StandardCharsets.UTF_8));
    }

    private static String installation() {
        try (var in = ConvertVeleroTest.class.getResourceAsStream("/velero/installation.yaml")) {
            return new String(Objects.requireNonNull(in).readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String place(HasMetadata object) {
        return object.getMetadata().getNamespace() + "/" + object.getMetadata().getName();
    }
}
