package io.breakwater.location;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.fabric8.kubernetes.api.model.NodeBuilder;
import io.fabric8.kubernetes.api.model.NodeListBuilder;
import io.fabric8.kubernetes.api.model.ServiceBuilder;
import io.fabric8.kubernetes.api.model.ServiceListBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.server.mock.EnableKubernetesMockClient;
import io.fabric8.kubernetes.client.server.mock.KubernetesMockServer;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

@EnableKubernetesMockClient
class ClusterAddressesTest {
    KubernetesMockServer server;
    KubernetesClient client;

    @BeforeEach
    void serveNodes() {
        server.expect()
                .get()
                .withPath("/api/v1/nodes?limit=100")
                .andReturn(
                        200,
                        new NodeListBuilder()
                                .addToItems(new NodeBuilder()
                                        .withNewSpec()
                                        .withPodCIDRs("10.42.0.0/24", "fd42::/64")
                                        .endSpec()
                                        .withNewStatus()
                                        .addNewAddress("172.18.0.2", "InternalIP")
                                        .addNewAddress("node-1", "Hostname")
                                        .endStatus()
                                        .build())
                                .build())
                .once();
    }

    @Test
    void findsNodesAndPodsAndTheRangesOfServices() {
        server.expect()
                .get()
                .withPath("/apis/networking.k8s.io/v1/servicecidrs?limit=100")
                .andReturn(200, Map.of("items", List.of(Map.of("spec", Map.of("cidrs", List.of("10.43.0.0/16"))))))
                .once();
        server.expect()
                .get()
                .withPath("/api/v1/namespaces/default/services/kubernetes")
                .andReturn(200, service("10.43.0.1"))
                .once();

        assertThat(new ClusterAddresses(client).ranges())
                .extracting(String::valueOf)
                .containsExactlyInAnyOrder("10.42.0.0/24", "fd42::/64", "172.18.0.2", "10.43.0.0/16", "10.43.0.1");
    }

    @Test
    void findsEachServiceWhereTheApiServerReportsNoRanges() {
        server.expect()
                .get()
                .withPath("/api/v1/services?limit=100")
                .andReturn(
                        200,
                        new ServiceListBuilder()
                                .addToItems(service("10.96.0.1"), service("None"), service("10.96.7.7"))
                                .build())
                .once();

        assertThat(new ClusterAddresses(client).ranges())
                .extracting(String::valueOf)
                .contains("10.96.0.1", "10.96.7.7");
    }

    /** The API server answers with at most one page at a time: a list without a limit is not served here. */
    @Test
    void readsServicesPageByPage() {
        server.expect()
                .get()
                .withPath("/api/v1/services?limit=100")
                .andReturn(
                        200,
                        new ServiceListBuilder()
                                .withNewMetadata()
                                .withContinue("more")
                                .endMetadata()
                                .addToItems(service("10.96.0.1"))
                                .build())
                .once();
        server.expect()
                .get()
                .withPath("/api/v1/services?continue=more&limit=100")
                .andReturn(
                        200,
                        new ServiceListBuilder()
                                .addToItems(service("10.96.7.7"))
                                .build())
                .once();

        assertThat(new ClusterAddresses(client).ranges())
                .extracting(String::valueOf)
                .contains("172.18.0.2", "10.96.0.1", "10.96.7.7");
    }

    @Test
    void skipsAnAddressThatIsNotValid() {
        server.expect()
                .get()
                .withPath("/api/v1/services?limit=100")
                .andReturn(
                        200,
                        new ServiceListBuilder()
                                .addToItems(service("10.96.0.1"), service("pending"), service("10.96.7.7"))
                                .build())
                .once();

        assertThat(new ClusterAddresses(client).ranges())
                .extracting(String::valueOf)
                .contains("10.96.0.1", "10.96.7.7")
                .doesNotContain("pending");
    }

    /** Without these addresses, the rules would allow the cluster. */
    @Test
    void allowsNothingIfTheAddressesCannotBeRead() {
        server.expect()
                .get()
                .withPath("/apis/networking.k8s.io/v1/servicecidrs?limit=100")
                .andReturn(403, "")
                .once();

        assertThatThrownBy(() -> new ClusterAddresses(client).ranges())
                .isInstanceOfSatisfying(BreakwaterException.class, e -> {
                    assertThat(e.reason()).isEqualTo(Reason.StoreUnavailable);
                    assertThat(e.isRetryable()).isTrue();
                });
    }

    private static io.fabric8.kubernetes.api.model.Service service(String address) {
        return new ServiceBuilder()
                .withNewMetadata()
                .withName("s")
                .endMetadata()
                .withNewSpec()
                .withClusterIPs(address)
                .endSpec()
                .build();
    }
}
