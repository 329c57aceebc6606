package io.breakwater.admission;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import io.breakwater.config.TestConfig;
import io.breakwater.trust.StampFixture;
import io.fabric8.kubernetes.api.model.admissionregistration.v1.MutatingWebhook;
import io.fabric8.kubernetes.api.model.rbac.ClusterRole;
import io.fabric8.kubernetes.api.model.rbac.ClusterRoleBuilder;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Map;
import org.junit.jupiter.api.Test;

class WebhookConfigurationsTest {
    private final ClusterRole owner = new ClusterRoleBuilder()
            .withNewMetadata()
            .withName("breakwater-guard")
            .withUid("u1")
            .endMetadata()
            .build();
    private final WebhookConfigurations made =
            new WebhookConfigurations(TestConfig.of(Map.of()), "PEM", StampFixture.secret(), owner);

    @Test
    void reviewsPodsOnlyInHeldNamespacesOutsideTheOperatorNamespace() {
        MutatingWebhook hold = made.gate().getWebhooks().getFirst();
        assertThat(hold.getNamespaceSelector().getMatchLabels())
                .containsOnly(Map.entry("breakwater.io/standby", "true"));
        assertThat(hold.getNamespaceSelector().getMatchExpressions())
                .singleElement()
                .satisfies(e -> {
                    assertThat(e.getKey()).isEqualTo("kubernetes.io/metadata.name");
                    assertThat(e.getOperator()).isEqualTo("NotIn");
                    assertThat(e.getValues()).containsExactly("breakwater-system");
                });
        assertThat(hold.getFailurePolicy()).isEqualTo("Fail");
    }

    @Test
    void checksBreakwaterKindsInEveryNamespace() {
        var kinds = made.validating().getWebhooks().getFirst();
        assertThat(kinds.getRules().getFirst().getApiGroups()).containsExactly("breakwater.io");
        assertThat(kinds.getRules().getFirst().getOperations()).containsExactly("CREATE", "UPDATE");
        assertThat(kinds.getNamespaceSelector()).isNull();
    }

    @Test
    void reviewsOnlyDirectDeletionOfTemplateManagedPolicies() {
        var kept = made.validating().getWebhooks().stream()
                .filter(w -> w.getName().startsWith("kept-policies."))
                .findFirst()
                .orElseThrow();
        assertThat(kept.getRules().getFirst().getOperations()).containsExactly("DELETE");
        assertThat(kept.getRules().getFirst().getResources()).containsExactly("backuppolicies");
        assertThat(kept.getObjectSelector().getMatchExpressions())
                .singleElement()
                .satisfies(e -> {
                    assertThat(e.getKey()).isEqualTo("breakwater.io/template");
                    assertThat(e.getOperator()).isEqualTo("Exists");
                });
        assertThat(kept.getMatchConditions())
                .anyMatch(c -> c.getExpression().contains("kube-system:namespace-controller"));
    }

    @Test
    void closesGatesWithoutAskingItself() {
        var namespaces = made.gateProtection().getWebhooks().getFirst();
        assertThat(namespaces.getMatchConditions())
                .anyMatch(c -> c.getExpression()
                        .equals("!(request.userInfo.username in"
                                + " ['system:serviceaccount:breakwater-system:breakwater-operator',"
                                + " 'system:serviceaccount:breakwater-system:breakwater-guard'])"));
    }

    @Test
    void registersWebhooksWithOperatorOwnerAndCaBundle() {
        assertThat(made.mutating().getMetadata().getOwnerReferences())
                .singleElement()
                .satisfies(o -> assertThat(o.getUid()).isEqualTo("u1"));
        String bundle =
                made.validating().getWebhooks().getFirst().getClientConfig().getCaBundle();
        assertThat(new String(Base64.getDecoder().decode(bundle), StandardCharsets.US_ASCII))
                .isEqualTo("PEM");
    }

    /** Whatever removes the chart also removes the ClusterRole, and with it everything that it owns. */
    @Test
    void aRemovalOfTheChartDoesNotRemoveTheGateWhichFailsClosedInGatedNamespacesOnly() {
        assertThat(made.gate().getMetadata().getOwnerReferences()).isEmpty();
        assertThat(made.gateProtection().getMetadata().getOwnerReferences()).isEmpty();
        assertThat(made.gate().getMetadata().getName()).isEqualTo("breakwater-gate");
        assertThat(made.gate().getWebhooks())
                .as("only an active application does not wait for the guard")
                .extracting(MutatingWebhook::getName, MutatingWebhook::getFailurePolicy)
                .containsExactly(
                        tuple("hold-back.breakwater.io", "Fail"),
                        tuple("hold-back-some.breakwater.io", "Ignore"),
                        tuple("undecided.breakwater.io", "Fail"));
        assertThat(made.gate().getWebhooks().get(1).getNamespaceSelector().getMatchLabels())
                .containsOnly(Map.entry("breakwater.io/standby", "some"));
        assertThat(made.gate().getWebhooks().getFirst().getNamespaceSelector().getMatchLabels())
                .containsEntry("breakwater.io/standby", "true");
        assertThat(made.gate().getWebhooks().getLast().getNamespaceSelector().getMatchExpressions())
                .as("another value of a label releases no pod")
                .extracting(e -> e.getKey() + " " + e.getOperator() + " " + e.getValues())
                .contains(
                        "breakwater.io/plan Exists []",
                        "breakwater.io/active NotIn [true]",
                        "breakwater.io/standby NotIn [true]");
        assertThat(made.gateProtection().getWebhooks()).singleElement().satisfies(w -> {
            assertThat(w.getFailurePolicy()).isEqualTo("Fail");
            assertThat(w.getObjectSelector().getMatchExpressions())
                    .extracting(e -> e.getKey() + " " + e.getOperator() + " " + e.getValues())
                    .containsExactly("breakwater.io/standby In [true, some]");
        });
        assertThat(made.mutating().getWebhooks())
                .as("the registration with an owner has no part of the gate")
                .noneMatch(w -> w.getName().startsWith("hold-back"));
        assertThat(made.validating().getWebhooks()).noneMatch(w -> w.getName().startsWith("namespaces."));
    }

    @Test
    void webhookNamesAreUniqueAndQualified() {
        assertThat(made.mutating().getWebhooks())
                .extracting(MutatingWebhook::getName)
                .doesNotHaveDuplicates()
                .allMatch(n -> n.endsWith(".breakwater.io"));
    }
}
