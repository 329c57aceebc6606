package io.breakwater.mover;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.breakwater.admission.InMemoryApiServer;
import io.breakwater.api.Api;
import io.breakwater.api.MoverSettings;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.config.TestConfig;
import io.breakwater.gateway.Repositories;
import io.breakwater.gateway.TestRepositories;
import io.breakwater.location.TestRegister;
import io.breakwater.steps.RunNames;
import io.fabric8.kubernetes.api.model.LimitRange;
import io.fabric8.kubernetes.api.model.LimitRangeBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.ResourceQuota;
import io.fabric8.kubernetes.api.model.ResourceQuotaBuilder;
import io.fabric8.kubernetes.api.model.ResourceRequirements;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a mover brings to a namespace: pull Secrets, a NetworkPolicy, opt-outs of sidecars, and resources that fit. */
class MoverProtectionsTest {
    private static final String NAME = RunNames.of("id");
    private static final MoverJobs.Request REQUEST = new MoverJobs.Request(
            "shop",
            "run",
            "id",
            new MoverTask.Verify(List.of("ab".repeat(32))),
            new Repositories.Access(null, TestRegister.of("east", "shop"), Repositories.Mode.READ, Optional.empty()));

    private final InMemoryApiServer cluster = new InMemoryApiServer();

    @AfterEach
    void close() {
        cluster.close();
    }

    @Test
    void createsCopiesOfPullSecretsThatGoWithTheJob() {
        secret("registry", "kubernetes.io/dockerconfigjson");
        movers("{\"pullSecrets\":[\"registry\"],\"copyPullSecrets\":true}").poll(REQUEST);

        Secret copy = cluster.client()
                .secrets()
                .inNamespace("shop")
                .withName(NAME + "-pull-0")
                .get();
        assertThat(copy.getType()).isEqualTo("kubernetes.io/dockerconfigjson");
        assertThat(copy.getData()).containsEntry(".dockerconfigjson", "e30=");
        assertThat(copy.getMetadata().getLabels()).containsEntry(Api.RUN, "run").containsEntry(Api.EXCLUDE, "true");
        assertThat(copy.getMetadata().getOwnerReferences())
                .singleElement()
                .satisfies(o -> assertThat(o.getName()).isEqualTo(NAME));
    }

    @Test
    void createsNoCopyWhereNamespacesHaveTheirOwn() {
        secret("registry", "kubernetes.io/dockerconfigjson");
        movers("{\"pullSecrets\":[\"registry\"]}").poll(REQUEST);

        assertThat(cluster.client().secrets().inNamespace("shop").list().getItems())
                .extracting(s -> s.getMetadata().getName())
                .containsExactly(NAME);
    }

    /** The Helm value must not bring another Secret of the operator, such as its master key, to a tenant. */
    @Test
    void copiesOnlySecretsOfRegistries() {
        secret("breakwater-master-key", "Opaque");
        assertThatThrownBy(() -> movers("{\"pullSecrets\":[\"breakwater-master-key\"],\"copyPullSecrets\":true}")
                        .poll(REQUEST))
                .hasMessageContaining("does not have the type");
        assertThatThrownBy(() -> movers("{\"pullSecrets\":[\"gone\"],\"copyPullSecrets\":true}")
                        .poll(REQUEST))
                .hasMessageContaining("does not exist");
        assertThat(cluster.client().secrets().inNamespace("shop").list().getItems())
                .extracting(s -> s.getMetadata().getName())
                .containsExactly(NAME);
    }

    @Test
    void createsTheNetworkPolicyOfAJob() {
        movers("{\"networkPolicy\":{\"enabled\":true,\"dns\":[{\"ipBlock\":{\"cidr\":\"10.0.0.1/32\"}}]}}")
                .poll(REQUEST);

        NetworkPolicy policy = policies().getFirst();
        assertThat(policy.getMetadata().getOwnerReferences())
                .singleElement()
                .satisfies(o -> assertThat(o.getName()).isEqualTo(NAME));
        assertThat(policy.getSpec().getPolicyTypes()).containsExactly("Egress");
        assertThat(policy.getSpec().getPodSelector().getMatchLabels())
                .isEqualTo(Map.of(Api.COMPONENT, "mover", "batch.kubernetes.io/job-name", NAME));
        assertThat(policy.getSpec().getEgress()).hasSize(2);
        assertThat(policy.getSpec().getEgress().getFirst().getPorts())
                .extracting(p -> p.getPort().getIntVal())
                .containsExactly(8444);
        assertThat(policy.getSpec().getEgress().getLast().getPorts())
                .extracting(p -> p.getProtocol() + " " + p.getPort().getIntVal())
                .contains("UDP 53", "TCP 53");
    }

    @Test
    void createsNoNetworkPolicyIfTheInstallationHasNone() {
        movers("{}").poll(REQUEST);
        assertThat(policies()).isEmpty();
    }

    @Test
    void keepsSidecarsOut() {
        assertThat(SidecarOptOut.labels(Map.of()))
                .isEqualTo(Map.of(
                        "sidecar.istio.io/inject", "false",
                        "istio.io/dataplane-mode", "none",
                        "kuma.io/sidecar-injection", "disabled",
                        "admission.datadoghq.com/enabled", "false"));
        assertThat(SidecarOptOut.annotations(Map.of("linkerd.io/inject", "ingress", "team", "x")))
                .containsEntry("linkerd.io/inject", "ingress")
                .containsEntry("team", "x")
                .containsEntry("sidecar.istio.io/inject", "false")
                .containsEntry("consul.hashicorp.com/connect-inject", "false")
                .containsEntry("vault.hashicorp.com/agent-inject", "false")
                .hasSize(10);
        movers("{}").poll(REQUEST);
        var metadata = cluster.client()
                .batch()
                .v1()
                .jobs()
                .inNamespace("shop")
                .withName(NAME)
                .get()
                .getSpec()
                .getTemplate()
                .getMetadata();
        assertThat(metadata.getLabels()).containsEntry("istio.io/dataplane-mode", "none");
        assertThat(metadata.getAnnotations()).containsEntry("kuma.io/sidecar-injection", "disabled");
    }

    @ParameterizedTest
    @CsvSource({
        // free memory of the quota, limit of the mover: at least the floor, unless the quota is smaller
        "2Gi,   0,      1Gi",
        "2Gi,   1536Mi, 512Mi",
        "2Gi,   2Gi,    256Mi",
        "200Mi, 0,      200Mi"
    })
    void lowersTheLimitToWhatTheQuotaHasFree(String hard, String used, String limit) {
        var resources = resources(null, quota("limits.memory", hard, used), new LimitRange[0]);
        assertThat(resources.getLimits().get("memory").getNumericalAmount())
                .isEqualByComparingTo(new Quantity(limit).getNumericalAmount());
        assertThat(resources.getRequests().get("memory").getNumericalAmount())
                .isLessThanOrEqualTo(new Quantity(limit).getNumericalAmount());
    }

    @ParameterizedTest
    @CsvSource({
        // least and ratio of the LimitRange, request and limit of the mover
        "256Mi,  , 256Mi, 1Gi",
        "2Gi,    , 2Gi,   2Gi",
        "     , 4, 256Mi, 1Gi",
        "600Mi, 4, 600Mi, 1Gi"
    })
    void raisesTheRequestToWhatTheRangeDemands(String least, String ratio, String request, String limit) {
        var item = new LimitRangeBuilder().withNewSpec().addNewLimit().withType("Container");
        if (least != null) {
            item.addToMin("memory", new Quantity(least));
        }
        if (ratio != null) {
            item.addToMaxLimitRequestRatio("memory", new Quantity(ratio));
        }
        var resources = resources(null, null, item.endLimit().endSpec().build());
        assertThat(resources.getRequests().get("memory").getNumericalAmount())
                .isEqualByComparingTo(new Quantity(request).getNumericalAmount());
        assertThat(resources.getLimits().get("memory").getNumericalAmount())
                .isEqualByComparingTo(new Quantity(limit).getNumericalAmount());
    }

    /** A request above its limit is not valid. */
    @Test
    void neverLowersALimitBelowTheRequestOfThePolicy() {
        MoverSettings.Resources wanted = new MoverSettings.Resources();
        wanted.requests = new MoverSettings.Amounts();
        wanted.requests.memory = "700Mi";
        var resources = resources(wanted, quota("limits.memory", "2Gi", "1536Mi"));
        assertThat(resources.getLimits().get("memory").getNumericalAmount())
                .isEqualByComparingTo(new Quantity("700Mi").getNumericalAmount());
    }

    /** A quota for pods of high priority, or for pods with a deadline, does not count movers. */
    @ParameterizedTest
    @CsvSource({
        // scope, operator, value, priority of movers, whether the quota counts movers
        "Terminating,    ,             ,     ,     false",
        "NotTerminating, ,             ,     ,     true",
        "BestEffort,     ,             ,     ,     false",
        "PriorityClass,  In,           high, ,     false",
        "PriorityClass,  In,           high, high, true",
        "PriorityClass,  NotIn,        high, high, false",
        "PriorityClass,  NotIn,        high, low,  true",
        "PriorityClass,  Exists,           , ,     false",
        "PriorityClass,  DoesNotExist,     , ,     true",
        "CrossNamespacePodAffinity, Exists, , ,    false"
    })
    void ignoresQuotasOfOtherPods(String scope, String operator, String value, String priority, boolean counts) {
        ResourceQuota quota = quota("limits.memory", "300Mi", "0");
        if (operator == null) {
            quota.getSpec().setScopes(List.of(scope));
        } else {
            quota = new ResourceQuotaBuilder(quota)
                    .editSpec()
                    .withNewScopeSelector()
                    .addNewMatchExpression()
                    .withOperator(operator)
                    .withScopeName(scope)
                    .withValues(value == null ? List.of() : List.of(value))
                    .endMatchExpression()
                    .endScopeSelector()
                    .endSpec()
                    .build();
        }
        NamespaceLimits limits = NamespaceLimits.of(List.of(quota), List.of(), priority);
        assertThat(limits.demandsLimit("memory")).isEqualTo(counts);
    }

    private static ResourceQuota quota(String name, String hard, String used) {
        return new ResourceQuotaBuilder()
                .withNewSpec()
                .addToHard(name, new Quantity(hard))
                .endSpec()
                .withNewStatus()
                .addToUsed(name, new Quantity(used))
                .endStatus()
                .build();
    }

    private static ResourceRequirements resources(
            MoverSettings.Resources wanted, ResourceQuota quota, LimitRange... ranges) {
        return MoverResources.of(
                wanted,
                "10Gi",
                MoverPodDefaults.of(config("{}")).resources(),
                new NamespaceLimits(quota == null ? List.of() : List.of(quota), List.of(ranges)));
    }

    private List<NetworkPolicy> policies() {
        return cluster.client()
                .network()
                .v1()
                .networkPolicies()
                .inNamespace("shop")
                .list()
                .getItems();
    }

    private void secret(String name, String type) {
        cluster.add(new SecretBuilder()
                .withNewMetadata()
                .withNamespace("backup")
                .withName(name)
                .endMetadata()
                .withType(type)
                .addToData(".dockerconfigjson", "e30=")
                .build());
    }

    private MoverJobs movers(String defaults) {
        return new MoverJobs(
                cluster.client(), config(defaults), TestRepositories.with(() -> List.of("current")), Clock.systemUTC());
    }

    private static BreakwaterConfig config(String defaults) {
        return TestConfig.of(Map.of(
                "breakwater.site", "east",
                "breakwater.namespace", "backup",
                "breakwater.gateway.port", "8444",
                "breakwater.mover.image", "mover",
                "breakwater.mover.pod-defaults", defaults));
    }
}
