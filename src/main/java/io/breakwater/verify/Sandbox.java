package io.breakwater.verify;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import io.breakwater.api.Api;
import io.breakwater.api.NamedRef;
import io.breakwater.api.ObjectRule;
import io.breakwater.api.Restore;
import io.breakwater.api.RestoreSpec;
import io.breakwater.api.RestoreSpec.PatchOperation;
import io.breakwater.api.RestoreSpec.PatchVerb;
import io.breakwater.api.RestoreSpec.Transform;
import io.breakwater.api.Verification;
import io.breakwater.config.BreakwaterConfig;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicyBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import jakarta.enterprise.context.ApplicationScoped;
import java.net.HttpURLConnection;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The namespace that a point is brought back in, where it can do no harm: nothing of it is reached from outside or reaches
 * out, no route or load balancer leads to it, and no CronJob starts. Where the cluster's network does not enforce
 * NetworkPolicies, only the latter holds.
 */
@ApplicationScoped
class Sandbox {
    /** What would act on the world outside: routes, schedules, certificates, names, rights; and rules that would let it out. */
    private static final List<String> OUTWARD = List.of(
            "ingresses.networking.k8s.io",
            "networkpolicies.networking.k8s.io",
            "gateways.gateway.networking.k8s.io",
            "httproutes.gateway.networking.k8s.io",
            "grpcroutes.gateway.networking.k8s.io",
            "tlsroutes.gateway.networking.k8s.io",
            "tcproutes.gateway.networking.k8s.io",
            "routes.route.openshift.io",
            "virtualservices.networking.istio.io",
            "certificates.cert-manager.io",
            "dnsendpoints.externaldns.k8s.io",
            "cronjobs.batch",
            "clusterroles.rbac.authorization.k8s.io",
            "clusterrolebindings.rbac.authorization.k8s.io");

    /** Fields of a Service that one of type ClusterIP must not have. */
    private static final List<String> ONLY_OUTWARD = List.of(
            "allocateLoadBalancerNodePorts",
            "externalTrafficPolicy",
            "healthCheckNodePort",
            "loadBalancerClass",
            "loadBalancerIP",
            "loadBalancerSourceRanges");

    private static final int DNS = 53;

    private final KubernetesClient client;
    private final BreakwaterConfig config;

    Sandbox(KubernetesClient client, BreakwaterConfig config) {
        this.client = client;
        this.config = config;
    }

    /** Makes namespace, fence and Restore, as far as they are not there yet. */
    Restore open(VerifyRun run) {
        String name = run.sandbox();
        create(new NamespaceBuilder()
                .withNewMetadata()
                .withName(name)
                .withLabels(labels(client.namespaces().withName(run.namespace()).get()))
                .addToLabels(Api.SANDBOX, label(run.verification()))
                .addToLabels(Api.EXCLUDE, "true")
                .endMetadata()
                .build());
        create(new NetworkPolicyBuilder()
                .withNewMetadata()
                .withName("breakwater-sandbox")
                .withNamespace(name)
                .addToLabels(Api.EXCLUDE, "true")
                .endMetadata()
                .withNewSpec()
                .withNewPodSelector()
                .endPodSelector()
                .withPolicyTypes("Ingress", "Egress")
                .addNewIngress()
                .addNewFrom()
                .withNewPodSelector()
                .endPodSelector()
                .endFrom()
                .endIngress()
                .addNewEgress()
                .addNewTo()
                .withNewPodSelector()
                .endPodSelector()
                .endTo()
                .endEgress()
                .addNewEgress()
                .addNewPort()
                .withNewPort(DNS)
                .withProtocol("UDP")
                .endPort()
                .addNewPort()
                .withNewPort(DNS)
                .withProtocol("TCP")
                .endPort()
                .endEgress()
                // Movers fill the volumes from the gateway.
                .addNewEgress()
                .addNewTo()
                .withNewNamespaceSelector()
                .addToMatchLabels("kubernetes.io/metadata.name", config.namespace())
                .endNamespaceSelector()
                .endTo()
                .endEgress()
                .endSpec()
                .build());
        Restore there = restore(name).orElse(null);
        if (there == null) {
            there = client.resource(restore(run, name)).create();
        }
        return there;
    }

    /**
     * Labels that the sandbox takes over from the captured namespace: all that others may go by, above all the rules of Pod
     * Security and of policy engines. Without them a workload would run in the sandbox that is refused in its own namespace.
     */
    static Map<String, String> labels(Namespace source) {
        Map<String, String> labels = new HashMap<>();
        if (source != null && source.getMetadata().getLabels() != null) {
            labels.putAll(source.getMetadata().getLabels());
        }
        labels.keySet().removeIf(l -> l.startsWith(Api.GROUP + "/") || l.equals("kubernetes.io/metadata.name"));
        return labels;
    }

    Optional<Restore> restore(String name) {
        return Optional.ofNullable(client.resources(Restore.class)
                .inNamespace(config.namespace())
                .withName(name)
                .get());
    }

    /** Takes all of it away; true when nothing is left. Only a namespace with our label is touched. */
    boolean close(Verification verification, String name) {
        if (restore(name).isPresent()) {
            client.resources(Restore.class)
                    .inNamespace(config.namespace())
                    .withName(name)
                    .delete();
            return false;
        }
        var namespace = client.namespaces().withName(name).get();
        if (namespace == null
                || !label(verification)
                        .equals(namespace.getMetadata().getLabels().get(Api.SANDBOX))) {
            return true;
        }
        if (namespace.getMetadata().getDeletionTimestamp() == null) {
            client.namespaces().withName(name).delete();
        }
        return false;
    }

    private Restore restore(VerifyRun run, String name) {
        Restore restore = new Restore();
        restore.setMetadata(new ObjectMetaBuilder()
                .withName(name)
                .withNamespace(config.namespace())
                .addToLabels(Api.SANDBOX, label(run.verification()))
                .build());
        RestoreSpec spec = new RestoreSpec();
        spec.sourceNamespace = run.namespace();
        spec.restorePointRef = new NamedRef(run.status().restorePoint);
        spec.targetNamespace = name;
        spec.onConflict = RestoreSpec.OnConflict.Fail;
        spec.volumes = RestoreSpec.Volumes.Restore;
        ObjectRule outward = new ObjectRule();
        outward.kinds = OUTWARD;
        spec.exclude = List.of(outward);
        List<String> balanced = exposed(run.namespace());
        if (!balanced.isEmpty()) {
            spec.transforms = List.of(inward(balanced));
        }
        restore.setSpec(spec);
        return restore;
    }

    /** Makes Services ones of the cluster alone. The API server refuses such a Service with a field of the other types. */
    static Transform inward(List<String> services) {
        Transform inward = new Transform();
        inward.select = new ObjectRule();
        inward.select.kinds = List.of("services");
        inward.select.names = services;
        inward.jsonPatch = new ArrayList<>();
        PatchOperation type = operation(PatchVerb.replace, "type");
        type.value = JsonNodeFactory.instance.textNode("ClusterIP");
        inward.jsonPatch.add(type);
        ONLY_OUTWARD.forEach(field -> inward.jsonPatch.add(operation(PatchVerb.remove, field)));
        return inward;
    }

    private static PatchOperation operation(PatchVerb verb, String field) {
        PatchOperation operation = new PatchOperation();
        operation.op = verb;
        operation.path = "/spec/" + field;
        return operation;
    }

    /** Names of the namespace's Services that are reached from outside the cluster. */
    private List<String> exposed(String namespace) {
        return client.services().inNamespace(namespace).list().getItems().stream()
                .filter(s ->
                        Set.of("LoadBalancer", "NodePort").contains(s.getSpec().getType()))
                .map((Service s) -> s.getMetadata().getName())
                .limit(256)
                .toList();
    }

    private static String label(Verification verification) {
        return verification.getMetadata().getUid();
    }

    private <T extends io.fabric8.kubernetes.api.model.HasMetadata> void create(T object) {
        try {
            client.resource(object).create();
        } catch (KubernetesClientException e) {
            if (e.getCode() != HttpURLConnection.HTTP_CONFLICT) {
                throw e;
            }
        }
    }
}
