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
import io.breakwater.api.BackupPolicySpec.NamespaceSelection;
import io.breakwater.api.BackupPolicySpec.Source;
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
import java.util.Random;
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
    void aPolicyComesOutForEachSingleNamespaceAndATemplateForSeveral() throws IOException {
        Result result = convert(installation());

        assertThat(result.code).isZero();
        assertThat(result.all().stream().filter(o -> o instanceof BackupPolicy).map(ConvertVeleroTest::place))
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
                .as("what has a policy of its own, besides")
                .containsExactly("scratch-*", "archive", "odd", "shop");
        assertThat(all.getSpec().schedule.timeZone).isEqualTo("Europe/Berlin");
        assertThat(all.getSpec().source.namespaces.selector.getMatchExpressions())
                .singleElement()
                .satisfies(e -> assertThat(e.getKey()).isEqualTo("velero.io/exclude-from-backup"));
        assertThat(result.told)
                .contains(
                        "Schedule velero/everything-daily: spec.template.includedNamespaces: became a policy in namespace"
                                + " breakwater-system");
    }

    @Test
    void severalNamespacesByNameAreATemplateToo() {
        Schedule schedule = schedule();
        schedule.getSpec().template.includedNamespaces = List.of("shop", "blog", "wiki");
        schedule.getSpec().template.excludedNamespaces = List.of("wiki");
        Result result = convert(YAML.asYaml(schedule));
        assertThat(result.all()).hasSize(1);
        NamespaceSelection selection =
                result.one(BackupPolicy.class, "breakwater-system", "s").getSpec().source.namespaces;
        assertThat(selection.include).containsExactly("shop", "blog");
        assertThat(selection.exclude).isNull();

        schedule.getSpec().template.excludedNamespaces = List.of("wiki", "blog");
        assertThat(convert(YAML.asYaml(schedule))
                        .one(BackupPolicy.class, "shop", "s")
                        .getSpec()
                        .source)
                .as("one is left")
                .isNull();

        schedule.getSpec().template.excludedNamespaces = List.of("wiki", "blog", "shop");
        Result nothing = convert(YAML.asYaml(schedule));
        assertThat(nothing.out).isEmpty();
        assertThat(nothing.told).contains("spec.template.excludedNamespaces: leaves nothing");
    }

    @Test
    void wildcardsThatATemplateLacksTakeRatherTooMuch() {
        Schedule schedule = schedule();
        schedule.getSpec().template.includedNamespaces = List.of("team-?", "app-[ab]*");
        schedule.getSpec().template.excludedNamespaces = List.of("team-x*", "app-a?");
        Result result = convert(YAML.asYaml(schedule));
        NamespaceSelection selection =
                result.one(BackupPolicy.class, "breakwater-system", "s").getSpec().source.namespaces;
        assertThat(selection.include).containsExactly("team-*", "app-*");
        assertThat(selection.exclude).containsExactly("team-x*");
        assertThat(result.told)
                .contains("includedNamespaces: 'team-?' becomes 'team-*'", "excludedNamespaces: 'app-a?' is left out");
    }

    @Test
    void ofTemplatesThatOverlapTheCloserOneKeepsItsNamespaces() {
        Schedule every = schedule();
        every.getMetadata().setName("every");
        every.getSpec().schedule = "0 3 * * *";
        every.getSpec().template.includedNamespaces = List.of("*");
        every.getSpec().template.includeClusterResources = false;
        Schedule team = schedule();
        team.getMetadata().setName("team");
        team.getSpec().template.includedNamespaces = List.of("team-*");
        Result result = convert(YAML.asYaml(every) + "\n---\n" + YAML.asYaml(team));
        BackupPolicy closer = result.one(BackupPolicy.class, "breakwater-system", "team");
        assertThat(closer.getSpec().source.namespaces.exclude).isNull();
        assertThat(closer.getSpec().retention.daily)
                .as("for the one of every day")
                .isEqualTo(30);
        assertThat(result.one(BackupPolicy.class, "breakwater-system", "every").getSpec().source.namespaces.exclude)
                .containsExactly("team-*");

        team.getSpec().template.excludedNamespaces = List.of("team-x");
        result = convert(YAML.asYaml(every) + "\n---\n" + YAML.asYaml(team));
        assertThat(result.one(BackupPolicy.class, "breakwater-system", "every").getSpec().source.namespaces.exclude)
                .as("team-x would be in neither")
                .isNull();
        assertThat(result.told).contains("may take namespaces that the policy every takes, too");
    }

    /** Whatever the schedules are: who was backed up by one of them is taken by a policy, and nobody by two. */
    @Test
    void noNamespaceIsLostOrTakenTwice() {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        List<String> names = List.of("a1", "a2", "b1", "b2", "c");
        List<String> patterns = List.of("a1", "a2", "b1", "a*", "*1", "*", "b?", "c");
        int overlaps = 0;
        for (int round = 0; round < 300; round++) {
            StringBuilder input = new StringBuilder();
            List<Schedule> schedules = new ArrayList<>();
            for (int i = 0; i <= random.nextInt(4); i++) {
                Schedule s = schedule();
                s.getMetadata().setName("s" + i);
                s.getSpec().schedule = i + " " + random.nextInt(24) + " * * *";
                s.getSpec().template.includedNamespaces = some(random, patterns, 3);
                s.getSpec().template.excludedNamespaces = some(random, patterns.subList(0, 5), 2);
                schedules.add(s);
                input.append("---\n").append(YAML.asYaml(s)).append('\n');
            }
            Result result = convert(input.toString());
            String what = "seed " + seed + "\n" + input + "\n" + result.out + "\n" + result.told;
            boolean told = result.told.contains("PolicyConflict");
            overlaps += told ? 1 : 0;
            for (String name : names) {
                boolean backedUp = schedules.stream().anyMatch(s -> taken(s.getSpec().template, name));
                long policies = result.all().stream()
                        .filter(o -> o instanceof BackupPolicy p && takes(p, name))
                        .count();
                if (backedUp) {
                    assertThat(policies).as(name + " " + what).isPositive();
                }
                if (!told) {
                    assertThat(policies).as(name + " " + what).isLessThanOrEqualTo(1);
                }
            }
        }
        assertThat(overlaps).as("rounds that are told to overlap").isBetween(1, 250);
    }

    private static List<String> some(Random random, List<String> from, int most) {
        List<String> some = new ArrayList<>();
        for (int i = random.nextInt(most + 1); i > 0; i--) {
            some.add(from.get(random.nextInt(from.size())));
        }
        return some;
    }

    private static boolean taken(Backup.Spec spec, String name) {
        return (spec.includedNamespaces.isEmpty() || matches(spec.includedNamespaces, name))
                && !matches(spec.excludedNamespaces, name);
    }

    private static boolean matches(List<String> globs, String name) {
        return globs.stream().anyMatch(g -> name.matches(g.replace("*", ".*").replace("?", ".")));
    }

    private static boolean takes(BackupPolicy policy, String name) {
        if (policy.getSpec().source == null || policy.getSpec().source.namespaces == null) {
            return policy.getMetadata().getNamespace().equals(name);
        }
        NamespaceSelection n = policy.getSpec().source.namespaces;
        return matches(n.include, name) && (n.exclude == null || !matches(n.exclude, name));
    }

    @Test
    void aScheduleThatIsPausedDoesNotPauseAnother() {
        Schedule paused = schedule();
        paused.getSpec().paused = true;
        Schedule every = schedule();
        every.getMetadata().setName("every");
        every.getSpec().schedule = "0 3 * * *";
        every.getSpec().template.includedNamespaces = List.of("*");
        Result result = convert(YAML.asYaml(paused) + "\n---\n" + YAML.asYaml(every));
        BackupPolicy shop = result.one(BackupPolicy.class, "shop", "every");
        assertThat(shop.getSpec().suspend).isNull();
        assertThat(shop.getSpec().schedule.cron).isEqualTo("0 3 * * *");
    }

    @Test
    void hooksGoWhereTheyFindTheirPods() {
        Schedule schedule = schedule();
        schedule.getSpec().template.includedNamespaces = List.of("*");
        schedule.getSpec().template.hooks = hooks();
        schedule.getSpec().template.hooks.resources.getFirst().includedNamespaces = List.of("shop");
        Result result = convert(YAML.asYaml(schedule));
        assertThat(result.one(BackupPolicy.class, "shop", "s").getSpec().hooks.pre)
                .hasSize(1);
        BackupPolicy template = result.one(BackupPolicy.class, "breakwater-system", "s");
        assertThat(template.getSpec().hooks).isNull();
        assertThat(template.getSpec().source.namespaces.exclude).containsExactly("shop");

        schedule.getSpec().template.hooks.resources.getFirst().includedNamespaces = null;
        result = convert(YAML.asYaml(schedule));
        assertThat(result.one(BackupPolicy.class, "breakwater-system", "s").getSpec().hooks)
                .isNull();
        assertThat(result.told).contains("spec.template.hooks: a hook must find a pod");
    }

    @Test
    void theClustersObjectsBecomeAPolicyOfTheirOwnWhereVeleroTakesThem() {
        Schedule schedule = schedule();
        schedule.getSpec().template.includeClusterResources = true;
        schedule.getSpec().template.excludedResources = List.of("storageclasses", "jobs");
        Result result = convert(YAML.asYaml(schedule));
        Source source =
                result.one(BackupPolicy.class, "breakwater-system", "s-cluster").getSpec().source;
        assertThat(source.includeClusterResources).isEqualTo(ClusterResources.All);
        assertThat(source.namespaces).isNull();
        assertThat(source.include).isNull();
        assertThat(source.exclude.getFirst().kinds)
                .contains("storageclasses.storage.k8s.io", "secrets")
                .doesNotContain("jobs.batch");
        assertThat(result.told)
                .contains("spec.template.includeClusterResources: the cluster's objects are in points of their own");

        schedule.getSpec().template.includedNamespaces = List.of("*");
        schedule.getSpec().template.includeClusterResources = null;
        assertThat(clusterPolicies(schedule))
                .as("all of the cluster, and nothing is said")
                .isEqualTo(1);
        schedule.getSpec().template.includedResources = List.of("deployments", "secrets");
        assertThat(clusterPolicies(schedule)).as("no such kind").isZero();
        schedule.getSpec().template.includedResources = List.of("deployments", "clusterroles");
        assertThat(convert(YAML.asYaml(schedule))
                        .one(BackupPolicy.class, "breakwater-system", "s-cluster")
                        .getSpec()
                        .source
                        .include
                        .getFirst()
                        .kinds)
                .containsExactly("clusterroles.rbac.authorization.k8s.io");
        schedule.getSpec().template.includedResources = null;
        schedule.getSpec().template.excludedNamespaces = List.of("scratch");
        assertThat(clusterPolicies(schedule)).as("not every namespace").isZero();
        schedule.getSpec().template.excludedNamespaces = null;
        schedule.getSpec().template.includeClusterResources = false;
        assertThat(clusterPolicies(schedule)).isZero();
    }

    private static long clusterPolicies(Schedule schedule) {
        return convert(YAML.asYaml(schedule)).all().stream()
                .filter(o -> o.getMetadata().getName().endsWith("-cluster"))
                .count();
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
