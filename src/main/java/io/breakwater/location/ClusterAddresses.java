package io.breakwater.location;

import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.api.ServerMessage;
import io.breakwater.store.endpoint.AddressRange;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.KubernetesResourceList;
import io.fabric8.kubernetes.api.model.ListOptions;
import io.fabric8.kubernetes.api.model.ListOptionsBuilder;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeAddress;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.base.ResourceDefinitionContext;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jboss.logging.Logger;

/**
 * The addresses of nodes, pods and Services, as the API server reports them. They are read again every ten minutes, in the
 * background: a renewal of a lease does not wait for the API server. A large cluster is read in pages, and only the addresses of
 * a page remain in memory.
 */
final class ClusterAddresses {
    private static final Logger LOG = Logger.getLogger(ClusterAddresses.class);
    private static final long FRESH = TimeUnit.MINUTES.toNanos(10);

    /** Time until the next try, after the API server did not answer. */
    private static final long RETRY = TimeUnit.MINUTES.toNanos(1);

    /** Objects of a page. A Node has up to 30 kB, most of which are the names of images. */
    private static final long PAGE = 100;

    private static final ResourceDefinitionContext SERVICE_CIDR = new ResourceDefinitionContext.Builder()
            .withGroup("networking.k8s.io")
            .withVersion("v1")
            .withKind("ServiceCIDR")
            .withPlural("servicecidrs")
            .withNamespaced(false)
            .build();

    private record Known(List<AddressRange> ranges, long at) {}

    private final KubernetesClient client;
    private final AtomicBoolean isReading = new AtomicBoolean();
    private volatile Known known;

    ClusterAddresses(KubernetesClient client) {
        this.client = client;
    }

    /**
     * All ranges. The last ones that were read, if the API server does not answer now.
     *
     * @throws BreakwaterException StoreUnavailable, if they could never be read
     */
    List<AddressRange> ranges() {
        Known last = known;
        if (last == null) {
            return first();
        }
        if (System.nanoTime() - last.at > FRESH && isReading.compareAndSet(false, true)) {
            Thread.ofVirtual().name("cluster-addresses").start(this::readAgain);
        }
        return last.ranges;
    }

    private synchronized List<AddressRange> first() {
        if (known == null) {
            try {
                known = new Known(read(), System.nanoTime());
            } catch (KubernetesClientException e) {
                throw BreakwaterException.retryable(
                        Reason.StoreUnavailable,
                        "the addresses of the cluster, which no endpoint may have, could not be read: "
                                + ServerMessage.of(e) + "; will retry",
                        e);
            }
        }
        return known.ranges;
    }

    private void readAgain() {
        try {
            known = new Known(read(), System.nanoTime());
        } catch (RuntimeException e) {
            known = new Known(known.ranges, System.nanoTime() - FRESH + RETRY);
            LOG.warnf("could not read the addresses of the cluster, will retry: %s", ServerMessage.of(e));
        } finally {
            isReading.set(false);
        }
    }

    private List<AddressRange> read() {
        List<AddressRange> ranges = new ArrayList<>();
        pages(client.nodes()::list, node -> addNode(node, ranges));
        List<AddressRange> services = serviceRanges();
        ranges.addAll(services);
        if (services.isEmpty()) {
            pages(client.services().inAnyNamespace()::list, service -> addService(service, ranges));
        } else {
            Service api = client.services()
                    .inNamespace("default")
                    .withName("kubernetes")
                    .get();
            if (api != null) {
                addService(api, ranges);
            }
        }
        return List.copyOf(ranges);
    }

    private static <T extends HasMetadata> void pages(
            Function<ListOptions, ? extends KubernetesResourceList<T>> list, Consumer<? super T> each) {
        String next = null;
        do {
            KubernetesResourceList<T> page = list.apply(
                    new ListOptionsBuilder().withLimit(PAGE).withContinue(next).build());
            page.getItems().forEach(each);
            next = page.getMetadata() == null ? null : page.getMetadata().getContinue();
        } while (next != null && !next.isEmpty());
    }

    private static void addNode(Node node, List<AddressRange> ranges) {
        if (node.getSpec() != null) {
            add(node.getSpec().getPodCIDRs(), ranges);
        }
        if (node.getStatus() != null && node.getStatus().getAddresses() != null) {
            add(
                    node.getStatus().getAddresses().stream()
                            .filter(a -> a.getType() != null && a.getType().endsWith("IP"))
                            .map(NodeAddress::getAddress)
                            .toList(),
                    ranges);
        }
    }

    private static void addService(Service service, List<AddressRange> ranges) {
        if (service.getSpec() != null && service.getSpec().getClusterIPs() != null) {
            add(
                    service.getSpec().getClusterIPs().stream()
                            .filter(ip -> !ip.equals("None"))
                            .toList(),
                    ranges);
        }
    }

    /** The ranges of Services; empty for an API server that does not have the kind ServiceCIDR. */
    private List<AddressRange> serviceRanges() {
        List<AddressRange> ranges = new ArrayList<>();
        try {
            pages(client.genericKubernetesResources(SERVICE_CIDR)::list, one -> {
                Object cidrs = one.get("spec", "cidrs");
                if (cidrs instanceof Collection<?> all) {
                    add(all.stream().map(String::valueOf).toList(), ranges);
                }
            });
        } catch (KubernetesClientException e) {
            if (e.getCode() != 404) {
                throw e;
            }
        }
        return ranges;
    }

    /** An address that is not valid belongs to no endpoint either, and must not disable the stores. */
    private static void add(List<String> texts, List<AddressRange> ranges) {
        for (String text : texts) {
            if (text == null || text.isBlank()) {
                continue;
            }
            try {
                ranges.add(AddressRange.of(text));
            } catch (IllegalArgumentException e) {
                LOG.warnf("skipped an address of the cluster: %s", e.getMessage());
            }
        }
    }
}
