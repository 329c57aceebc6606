package io.breakwater.policy.template;

import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.api.Api;
import io.breakwater.api.BackupPolicy;
import io.breakwater.api.BackupPolicySpec;
import io.breakwater.api.BackupPolicySpec.ClusterResources;
import io.breakwater.api.NamedRef;
import io.breakwater.api.ObjectRule;
import io.breakwater.policy.CronScheduleTest;
import io.breakwater.policy.template.TemplatePlan.Member;
import io.breakwater.policy.template.TemplatePlan.Step;
import io.breakwater.testing.RandomCases;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

class TemplatePlanTest {
    private final BackupPolicy template = template("*");

    @Test
    void createsPoliciesFromTheTemplateWithoutItsNamespaces() {
        template.getSpec().schedule = CronScheduleTest.schedule("0 3 * * *", "Europe/Berlin");
        template.getSpec().source.includeClusterResources = ClusterResources.Referenced;

        BackupPolicy made = applied(plan(List.of(namespace("shop")), List.of()));

        assertThat(made.getMetadata().getName()).isEqualTo("all");
        assertThat(made.getMetadata().getNamespace()).isEqualTo("shop");
        assertThat(made.getMetadata().getLabels()).containsEntry(Api.TEMPLATE, "all");
        assertThat(made.getSpec().source).as("a source without fields").isNull();
        assertThat(made.getSpec().schedule.timeZone).isEqualTo("Europe/Berlin");
        assertThat(template.getSpec().source.namespaces).as("the template").isNotNull();
    }

    @Test
    void copiesOtherFieldsOfTheSource() {
        ObjectRule rule = new ObjectRule();
        rule.kinds = List.of("jobs.batch");
        template.getSpec().source.exclude = List.of(rule);
        assertThat(applied(plan(List.of(namespace("shop")), List.of())).getSpec().source.exclude)
                .singleElement()
                .satisfies(r -> assertThat(r.kinds).containsExactly("jobs.batch"));
    }

    @Test
    void skipsAnUpToDatePolicy() {
        BackupPolicy made = applied(plan(List.of(namespace("shop")), List.of()));
        assertThat(plan(List.of(namespace("shop")), List.of(made)).members())
                .singleElement()
                .satisfies(m -> assertThat(m.step()).isInstanceOf(Step.Rest.class));
    }

    @Test
    void updatesADifferentPolicyInPlace() {
        BackupPolicy made = applied(plan(List.of(namespace("shop")), List.of()));
        made.getMetadata().setUid("u1");
        made.getSpec().suspend = true;
        BackupPolicy again = applied(plan(List.of(namespace("shop")), List.of(made)));
        assertThat(again.getSpec().suspend).isNull();
        assertThat(again.getMetadata().getUid()).isEqualTo("u1");
    }

    @Test
    void yieldsToAnyOwnPolicyOfTheNamespace() {
        for (String name : List.of("all", "mine")) {
            BackupPolicy own = policy("shop", name, null);
            assertThat(plan(List.of(namespace("shop")), List.of(own)).members())
                    .singleElement()
                    .satisfies(m -> assertThat(m.step()).isEqualTo(new Step.Yield(own)));
        }
    }

    @Test
    void yieldsToAPolicyOfAnotherTemplate() {
        BackupPolicy other = policy("shop", "some", "some");
        assertThat(plan(List.of(namespace("shop")), List.of(other))
                        .members()
                        .getFirst()
                        .step())
                .isEqualTo(new Step.Yield(other));
    }

    @Test
    void createsASnapshotPolicyNextToADataMovingPolicy() {
        template.getSpec().volumes = new BackupPolicySpec.Volumes();
        template.getSpec().volumes.method = BackupPolicySpec.VolumeMethod.Snapshot;
        BackupPolicy moving = policy("shop", "mine", null);
        assertThat(applied(plan(List.of(namespace("shop")), List.of(moving)))
                        .getMetadata()
                        .getName())
                .isEqualTo("all");
        BackupPolicy namesake = policy("shop", "all", null);
        assertThat(plan(List.of(namespace("shop")), List.of(namesake))
                        .members()
                        .getFirst()
                        .step())
                .isEqualTo(new Step.Yield(namesake));
    }

    @Test
    void deletesOnlyItsPoliciesInUnselectedNamespaces() {
        template.getSpec().source.namespaces.include = List.of("shop");
        BackupPolicy left = policy("blog", "all", "all");
        BackupPolicy going = policy("wiki", "all", "all");
        going.getMetadata().setDeletionTimestamp("2026-01-01T00:00:00Z");
        List<BackupPolicy> there = List.of(
                left,
                going,
                policy("bank", "all", null),
                policy("post", "some", "some"),
                policy("new", "all", "all"),
                policy("ops", "all", "all"));
        List<Namespace> namespaces =
                List.of(namespace("blog"), namespace("wiki"), namespace("bank"), namespace("post"), namespace("ops"));
        assertThat(plan(namespaces, there).unselected())
                .as("'new' was created after the namespaces were listed")
                .containsExactly(left);
    }

    /** Random clusters: one round completes all changes, and changes only policies of the template. */
    @Tag("random")
    @Test
    void convergesInOneRound() {
        RandomCases cases = RandomCases.of(500, System.nanoTime());
        Random random = new Random(cases.seed());
        for (int i = 0; i < cases.count(); i++) {
            String includes = List.of("*", "a*", "*1", "b2").get(random.nextInt(4));
            BackupPolicy wanted = template(includes);
            List<Namespace> namespaces = new ArrayList<>();
            List<BackupPolicy> policies = new ArrayList<>();
            for (String name : List.of("a1", "a2", "b1", "b2", "c1", "ops")) {
                if (random.nextInt(5) > 0) {
                    namespaces.add(namespace(name));
                    policies.addAll(some(random, name));
                }
            }
            List<BackupPolicy> foreign = policies.stream()
                    .filter(p -> !p.managedBy().equals(Optional.of("all"))
                            || p.getMetadata().getNamespace().equals("ops"))
                    .toList();
            TemplatePlan plan = TemplatePlan.of(wanted, namespaces, policies, "ops", policy -> {});
            List<BackupPolicy> after = carriedOut(plan, policies);

            String what = "seed %d, round %d, %s, %s".formatted(cases.seed(), i, includes, namespaces.size());
            assertThat(new HashSet<>(after).containsAll(foreign)).as(what).isTrue();
            TemplatePlan next = TemplatePlan.of(wanted, namespaces, after, "ops", policy -> {});
            assertThat(next.unselected()).as(what).isEmpty();
            assertThat(next.members()).as(what).noneMatch(m -> m.step() instanceof Step.Apply);
            assertThat(next.members()).as(what).allMatch(m -> isCovered(m, after));
        }
    }

    private static boolean isCovered(Member member, List<BackupPolicy> policies) {
        return policies.stream().anyMatch(p -> p.getMetadata().getNamespace().equals(member.namespace()));
    }

    private static List<BackupPolicy> some(Random random, String namespace) {
        return switch (random.nextInt(6)) {
            case 0 -> List.of(policy(namespace, "all", null));
            case 1 -> List.of(policy(namespace, "all", "all"));
            case 2 -> List.of(policy(namespace, "mine", null));
            case 3 -> List.of(policy(namespace, "some", "some"));
            case 4 -> List.of(policy(namespace, "all", "all"), policy(namespace, "mine", null));
            default -> List.of();
        };
    }

    private static List<BackupPolicy> carriedOut(TemplatePlan plan, List<BackupPolicy> policies) {
        Map<String, BackupPolicy> after = new HashMap<>();
        policies.forEach(p -> after.put(place(p), p));
        Set<String> written = new HashSet<>();
        plan.members().forEach(m -> {
            if (m.step() instanceof Step.Apply(BackupPolicy wanted)) {
                after.put(place(wanted), wanted);
                written.add(place(wanted));
            }
        });
        plan.unselected().forEach(p -> after.remove(place(p)));
        assertThat(plan.unselected()).noneMatch(p -> written.contains(place(p)));
        return List.copyOf(after.values());
    }

    private static String place(BackupPolicy policy) {
        return policy.getMetadata().getNamespace() + "/" + policy.getMetadata().getName();
    }

    private TemplatePlan plan(List<Namespace> namespaces, List<BackupPolicy> policies) {
        return TemplatePlan.of(template, namespaces, policies, "ops", policy -> {});
    }

    private static BackupPolicy applied(TemplatePlan plan) {
        assertThat(plan.members()).hasSize(1);
        return ((Step.Apply) plan.members().getFirst().step()).wanted();
    }

    static BackupPolicy template(String... include) {
        BackupPolicy template = policy("ops", "all", null);
        template.getSpec().source = new BackupPolicySpec.Source();
        template.getSpec().source.namespaces = new BackupPolicySpec.NamespaceSelection();
        template.getSpec().source.namespaces.include = List.of(include);
        return template;
    }

    static BackupPolicy policy(String namespace, String name, String managedBy) {
        BackupPolicy policy = new BackupPolicy();
        policy.getMetadata().setName(name);
        policy.getMetadata().setNamespace(namespace);
        policy.getMetadata().setLabels(managedBy == null ? null : Map.of(Api.TEMPLATE, managedBy));
        policy.setSpec(new BackupPolicySpec());
        policy.getSpec().locationRef = new NamedRef("blob");
        return policy;
    }

    static Namespace namespace(String name) {
        return new NamespaceBuilder()
                .withNewMetadata()
                .withName(name)
                .endMetadata()
                .build();
    }
}
