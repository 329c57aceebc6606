package io.breakwater.admission;

import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.api.BackupLocation;
import io.breakwater.api.BackupPolicy;
import io.breakwater.config.TestConfig;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Policies for several namespaces: the users who may write them, and who may change the policies that they manage. */
class TemplateCheckTest {
    private static final String TEMPLATE = """
        kind: BackupPolicy
        apiVersion: breakwater.io/v1alpha1
        metadata: {namespace: breakwater-system, name: all}
        spec:
          source: {namespaces: {include: ["*"]}}
          locationRef: {name: near}
        """;
    private static final String MANAGED = """
        kind: BackupPolicy
        apiVersion: breakwater.io/v1alpha1
        metadata: {namespace: shop, name: all, labels: {breakwater.io/template: all}, resourceVersion: "1"}
        spec: {suspend: false, locationRef: {name: near}}
        """;
    private static final String OWN = MANAGED.replace("labels: {breakwater.io/template: all}, ", "");

    private final InMemoryApiServer cluster = new InMemoryApiServer();
    private final KindChecks checks =
            new KindChecks(cluster.client(), TestConfig.of(Map.of("breakwater.site", "east")));

    @AfterEach
    void close() {
        cluster.close();
    }

    @Test
    void acceptsTemplatesOnlyInTheOperatorNamespace() {
        assertThat(create("ann", TEMPLATE)).isNull();
        assertThat(create("ann", TEMPLATE.replace("breakwater-system", "shop"))).startsWith("spec.source.namespaces: ");
    }

    @Test
    void acceptsAllClusterResourcesOnlyInTheOperatorNamespace() {
        String all = TEMPLATE.replace("namespaces: {include: [\"*\"]}", "includeClusterResources: All");
        assertThat(create("ann", all)).isNull();
        assertThat(create("ann", all.replace("breakwater-system", "shop")))
                .startsWith("spec.source.includeClusterResources: ");
        assertThat(update("ann", OWN, all.replace("breakwater-system", "shop")))
                .startsWith("spec.source.includeClusterResources: ");
    }

    @Test
    void acceptsTemplatesNextToAPolicyOfTheOperatorNamespace() {
        cluster.add(Serialization.unmarshal(TEMPLATE, BackupPolicy.class));
        assertThat(create("ann", TEMPLATE.replace("name: all", "name: more"))).isNull();
        String plain =
                OWN.replace("namespace: shop", "namespace: breakwater-system").replace("name: all", "name: own");
        assertThat(create("ann", plain)).isNull();
        cluster.add(Serialization.unmarshal(plain, BackupPolicy.class));
        assertThat(create("ann", TEMPLATE.replace("name: all", "name: more"))).isNull();
        assertThat(create("ann", plain.replace("name: own", "name: second")))
                .contains("BackupPolicy own already protects");
    }

    @Test
    void refusesTheTemplateLabelFromUsers() {
        assertThat(create("jane", MANAGED)).startsWith("metadata.labels: breakwater.io/template ");
        assertThat(update("jane", OWN, MANAGED)).startsWith("metadata.labels: ");
        assertThat(create(Reviews.OPERATOR, MANAGED)).isNull();
    }

    @Test
    void refusesOperatorTakeoverOfUserPolicies() {
        assertThat(update(Reviews.OPERATOR, OWN, MANAGED)).startsWith("metadata.labels: ");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
        suspend: false  | suspend: true    | spec
        name: near      | name: mine       | spec
        name: all,      | name: all, annotations: {a: b}, | metadata
        name: all,      | name: all, finalizers: [a.io/b], | metadata
        {breakwater.io/template: all} | {} | metadata
        {breakwater.io/template: all} | {breakwater.io/template: other} | metadata
        """)
    void refusesUserChangesToTemplateManagedPolicies(String right, String wrong, String field) {
        String changed = MANAGED.replace(right, wrong);
        assertThat(changed).isNotEqualTo(MANAGED);
        assertThat(update("jane", MANAGED, changed))
                .startsWith(field + ": BackupPolicy shop/all is managed by Breakwater, with template BackupPolicy"
                        + " breakwater-system/all");
        assertThat(update(Reviews.OPERATOR, MANAGED, changed)).isNull();
    }

    @Test
    void allowsUpdatesWithoutChanges() {
        assertThat(update("jane", MANAGED, MANAGED.replace("resourceVersion: \"1\"", "resourceVersion: \"2\"")))
                .isNull();
    }

    @Test
    void refusesASecondPolicyAndNamesTheTemplate() {
        cluster.add(Serialization.unmarshal(MANAGED, BackupPolicy.class));
        assertThat(create("jane", OWN.replace("name: all", "name: mine")))
                .contains("exclude the namespace in BackupPolicy breakwater-system/all");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "RestorePoint|{policyRef: {name: all}, trigger: Manual}",
                "Verification|{policyRef: {name: all}, level: Checksum}",
                "Restore|{policyRef: {name: all}, targetNamespace: shop}",
                "FailoverPlan|{policyRef: {name: all}, rendezvousRef: {name: near}, activeSite: east, sites: [{name:"
                        + " east, locationRef: {name: near}}]}",
            })
    void refusesPolicyReferencesToATemplate(String kindAndSpec) {
        String[] parts = kindAndSpec.split("\\|");
        String object =
                "{kind: %s, apiVersion: breakwater.io/v1alpha1, metadata: {namespace: breakwater-system, name: x}, spec: %s}"
                        .formatted(parts[0], parts[1]);
        assertThat(String.valueOf(create("ann", object))).doesNotContain("is a template");
        cluster.add(Serialization.unmarshal(TEMPLATE, BackupPolicy.class));
        assertThat(create("ann", object)).contains("spec.policyRef.name: BackupPolicy 'all' is a template");
    }

    @Test
    void warnsAboutTemplatesWithMissingOrUnsharedLocations() {
        assertThat(checks.review(Reviews.create("ann", TEMPLATE)).warnings()).anyMatch(w -> w.contains("is not in"));
        cluster.add(Serialization.unmarshal("""
            kind: BackupLocation
            apiVersion: breakwater.io/v1alpha1
            metadata: {namespace: breakwater-system, name: near}
            spec: {filesystem: {path: near}}
            """, BackupLocation.class));
        assertThat(checks.review(Reviews.create("ann", TEMPLATE)).warnings())
                .anyMatch(w -> w.startsWith("spec.locationRef.name: ") && w.contains("usagePolicy"));
    }

    private String create(String user, String object) {
        return checks.review(Reviews.create(user, object)).refusal();
    }

    private String update(String user, String before, String after) {
        return checks.review(Reviews.update(user, before, after)).refusal();
    }
}
