package io.breakwater.verify;

import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.api.RestoreSpec.PatchOperation;
import io.breakwater.api.RestoreSpec.PatchVerb;
import io.breakwater.api.RestoreSpec.Transform;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What comes back in a sandbox. */
class SandboxTest {
    @Test
    void anExposedServiceKeepsNothingThatOneOfTheClusterMustNotHave() {
        Transform inward = Sandbox.inward(List.of("web"));

        assertThat(inward.select.kinds).containsExactly("services");
        assertThat(inward.select.names).containsExactly("web");
        assertThat(inward.mergePatch).as("a transform has one patch").isNull();
        PatchOperation type = inward.jsonPatch.getFirst();
        assertThat(type.op).isEqualTo(PatchVerb.replace);
        assertThat(type.path).isEqualTo("/spec/type");
        assertThat(type.value.asText()).isEqualTo("ClusterIP");
        assertThat(inward.jsonPatch)
                .filteredOn(o -> o.op == PatchVerb.remove)
                .extracting(o -> o.path)
                .contains(
                        "/spec/externalTrafficPolicy",
                        "/spec/loadBalancerClass",
                        "/spec/allocateLoadBalancerNodePorts");
    }
}
