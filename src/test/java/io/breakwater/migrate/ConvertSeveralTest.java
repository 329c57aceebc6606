package io.breakwater.migrate;

import static io.breakwater.migrate.ConversionFixture.YAML;
import static io.breakwater.migrate.ConversionFixture.hooks;
import static io.breakwater.migrate.ConversionFixture.schedule;
import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.api.BackupPolicy;
import io.breakwater.api.BackupPolicySpec.ClusterResources;
import io.breakwater.api.BackupPolicySpec.NamespaceSelection;
import io.breakwater.api.BackupPolicySpec.Source;
import io.breakwater.testing.RandomCases;
import io.breakwater.velero.model.Backup;
import io.breakwater.velero.model.Schedule;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Schedules for several namespaces, and for cluster-scoped objects. */
class ConvertSeveralTest {
    @Test
    void convertsSeveralNamedNamespacesToATemplate() {
        Schedule schedule = schedule();
        schedule.getSpec().template.includedNamespaces = List.of("shop", "blog", "wiki");
        schedule.getSpec().template.excludedNamespaces = List.of("wiki");
        ConversionFixture result = ConversionFixture.of(YAML.asYaml(schedule));
        assertThat(result.all()).hasSize(1);
        NamespaceSelection selection =
                result.one(BackupPolicy.class, "breakwater-system", "s").getSpec().source.namespaces;
        assertThat(selection.include).containsExactly("shop", "blog");
        assertThat(selection.exclude).isNull();

        schedule.getSpec().template.excludedNamespaces = List.of("wiki", "blog");
        assertThat(ConversionFixture.of(YAML.asYaml(schedule))
                        .one(BackupPolicy.class, "shop", "s")
                        .getSpec()
                        .source)
                .as("one namespace remains")
                .isNull();

        schedule.getSpec().template.excludedNamespaces = List.of("wiki", "blog", "shop");
        ConversionFixture nothing = ConversionFixture.of(YAML.asYaml(schedule));
        assertThat(nothing.out()).isEmpty();
        assertThat(nothing.messages()).contains("spec.template.excludedNamespaces: excludes all included namespaces");
    }

    @Test
    void widensUnsupportedWildcards() {
        Schedule schedule = schedule();
        schedule.getSpec().template.includedNamespaces = List.of("team-?", "app-[ab]*");
        schedule.getSpec().template.excludedNamespaces = List.of("team-x*", "app-a?");
        ConversionFixture result = ConversionFixture.of(YAML.asYaml(schedule));
        NamespaceSelection selection =
                result.one(BackupPolicy.class, "breakwater-system", "s").getSpec().source.namespaces;
        assertThat(selection.include).containsExactly("team-*", "app-*");
        assertThat(selection.exclude).containsExactly("team-x*");
        assertThat(result.messages())
                .contains("includedNamespaces: 'team-?' becomes 'team-*'", "excludedNamespaces: 'app-a?' is skipped");
    }

    @Test
    void assignsNamespacesToTheMoreSpecificTemplate() {
        Schedule every = schedule();
        every.getMetadata().setName("every");
        every.getSpec().schedule = "0 3 * * *";
        every.getSpec().template.includedNamespaces = List.of("*");
        every.getSpec().template.includeClusterResources = false;
        Schedule team = schedule();
        team.getMetadata().setName("team");
        team.getSpec().template.includedNamespaces = List.of("team-*");
        ConversionFixture result = ConversionFixture.of(YAML.asYaml(every) + "\n---\n" + YAML.asYaml(team));
        BackupPolicy closer = result.one(BackupPolicy.class, "breakwater-system", "team");
        assertThat(closer.getSpec().source.namespaces.exclude).isNull();
        assertThat(closer.getSpec().retention.daily)
                .as("for the daily schedule")
                .isEqualTo(30);
        assertThat(result.one(BackupPolicy.class, "breakwater-system", "every").getSpec().source.namespaces.exclude)
                .containsExactly("team-*");

        team.getSpec().template.excludedNamespaces = List.of("team-x");
        result = ConversionFixture.of(YAML.asYaml(every) + "\n---\n" + YAML.asYaml(team));
        assertThat(result.one(BackupPolicy.class, "breakwater-system", "every").getSpec().source.namespaces.exclude)
                .as("team-x would have no policy")
                .isNull();
        assertThat(result.messages()).contains("may select namespaces that the policy every also selects");
    }

    /** For any schedules: a namespace that one of them backed up has a policy, and no namespace has two. */
    @Tag("slow")
    @Tag("random")
    @Test
    void coversEveryNamespaceOnceOrReportsTheConflict() {
        RandomCases cases = RandomCases.of(300, System.nanoTime());
        Random random = new Random(cases.seed());
        List<String> names = List.of("a1", "a2", "b1", "b2", "c");
        List<String> patterns = List.of("a1", "a2", "b1", "a*", "*1", "*", "b?", "c");
        int overlaps = 0;
        for (int round = 0; round < cases.count(); round++) {
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
            ConversionFixture result = ConversionFixture.of(input.toString());
            String what = "seed " + cases.seed() + ", round " + round + "\n" + input + "\n" + result.out() + "\n"
                    + result.messages();
            boolean reported = result.messages().contains("PolicyConflict");
            overlaps += reported ? 1 : 0;
            for (String name : names) {
                boolean backedUp = schedules.stream().anyMatch(s -> taken(s.getSpec().template, name));
                long policies = result.all().stream()
                        .filter(o -> o instanceof BackupPolicy p && takes(p, name))
                        .count();
                if (backedUp) {
                    assertThat(policies).as(name + " " + what).isPositive();
                }
                if (!reported) {
                    assertThat(policies).as(name + " " + what).isLessThanOrEqualTo(1);
                }
            }
        }
        assertThat(overlaps).as("rounds with a reported overlap").isBetween(1, cases.count() / 6 * 5);
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
        ConversionFixture result = ConversionFixture.of(YAML.asYaml(paused) + "\n---\n" + YAML.asYaml(every));
        BackupPolicy shop = result.one(BackupPolicy.class, "shop", "every");
        assertThat(shop.getSpec().suspend).isNull();
        assertThat(shop.getSpec().schedule.cron).isEqualTo("0 3 * * *");
    }

    @Test
    void convertsHooksOnlyForNamedNamespaces() {
        Schedule schedule = schedule();
        schedule.getSpec().template.includedNamespaces = List.of("*");
        schedule.getSpec().template.hooks = hooks();
        schedule.getSpec().template.hooks.resources.getFirst().includedNamespaces = List.of("shop");
        ConversionFixture result = ConversionFixture.of(YAML.asYaml(schedule));
        assertThat(result.one(BackupPolicy.class, "shop", "s").getSpec().hooks.pre)
                .hasSize(1);
        BackupPolicy template = result.one(BackupPolicy.class, "breakwater-system", "s");
        assertThat(template.getSpec().hooks).isNull();
        assertThat(template.getSpec().source.namespaces.exclude).containsExactly("shop");

        schedule.getSpec().template.hooks.resources.getFirst().includedNamespaces = null;
        result = ConversionFixture.of(YAML.asYaml(schedule));
        assertThat(result.one(BackupPolicy.class, "breakwater-system", "s").getSpec().hooks)
                .isNull();
        assertThat(result.messages()).contains("spec.template.hooks: a hook must find a pod");
    }

    @Test
    void convertsClusterResourcesToASeparatePolicy() {
        Schedule schedule = schedule();
        schedule.getSpec().template.includeClusterResources = true;
        schedule.getSpec().template.excludedResources = List.of("storageclasses", "jobs");
        ConversionFixture result = ConversionFixture.of(YAML.asYaml(schedule));
        Source source =
                result.one(BackupPolicy.class, "breakwater-system", "s-cluster").getSpec().source;
        assertThat(source.includeClusterResources).isEqualTo(ClusterResources.All);
        assertThat(source.namespaces).isNull();
        assertThat(source.include).isNull();
        assertThat(source.exclude.getFirst().kinds)
                .contains("storageclasses.storage.k8s.io", "secrets")
                .doesNotContain("jobs.batch");
        assertThat(result.messages())
                .contains("spec.template.includeClusterResources: the cluster's objects are in separate points");

        schedule.getSpec().template.includedNamespaces = List.of("*");
        schedule.getSpec().template.includeClusterResources = null;
        assertThat(clusterPolicies(schedule))
                .as("every namespace, and no setting")
                .isEqualTo(1);
        schedule.getSpec().template.includedResources = List.of("deployments", "secrets");
        assertThat(clusterPolicies(schedule)).as("no cluster-scoped kind").isZero();
        schedule.getSpec().template.includedResources = List.of("deployments", "clusterroles");
        assertThat(ConversionFixture.of(YAML.asYaml(schedule))
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
        return ConversionFixture.of(YAML.asYaml(schedule)).all().stream()
                .filter(o -> o.getMetadata().getName().endsWith("-cluster"))
                .count();
    }
}
