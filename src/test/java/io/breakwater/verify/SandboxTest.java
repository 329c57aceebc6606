package io.breakwater.verify;

import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.api.RestoreSpec.PatchOperation;
import io.breakwater.api.RestoreSpec.PatchVerb;
import io.breakwater.api.RestoreSpec.Transform;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Objects and labels of a sandbox. */
class SandboxTest {
    @Test
    void turnsExposedServicesIntoClusterIpServices() {
        Transform transform = Sandbox.toClusterIp(List.of("web"));

        assertThat(transform.select.kinds).containsExactly("services");
        assertThat(transform.select.names).containsExactly("web");
        assertThat(transform.mergePatch).as("a transform has one patch").isNull();
        PatchOperation type = transform.jsonPatch.getFirst();
        assertThat(type.op).isEqualTo(PatchVerb.replace);
        assertThat(type.path).isEqualTo("/spec/type");
        assertThat(type.value.asText()).isEqualTo("ClusterIP");
        assertThat(transform.jsonPatch)
                .filteredOn(o -> o.op == PatchVerb.remove)
                .extracting(o -> o.path)
                .contains(
                        "/spec/externalTrafficPolicy",
                        "/spec/loadBalancerClass",
                        "/spec/allocateLoadBalancerNodePorts");
    }

    @Test
    void copiesTheLabelsOfTheCapturedNamespace() {
        Namespace shop = new NamespaceBuilder()
                .withNewMetadata()
                .withName("shop")
                .addToLabels("pod-security.kubernetes.io/enforce", "restricted")
                .addToLabels("team", "shop")
                .addToLabels("kubernetes.io/metadata.name", "shop")
                .addToLabels("breakwater.io/standby", "true")
                .endMetadata()
                .build();

        assertThat(Sandbox.labels(shop))
                .containsOnly(Map.entry("pod-security.kubernetes.io/enforce", "restricted"), Map.entry("team", "shop"));
        assertThat(Sandbox.labels(null)).isEmpty();
    }
}
