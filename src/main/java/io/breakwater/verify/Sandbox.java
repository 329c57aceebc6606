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
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
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
 * The temporary namespace that a point is restored into. Network traffic from and to other namespaces is blocked, except DNS
 * and the gateway. No route or load balancer leads to it, and no CronJob starts. Traffic is not blocked in clusters whose
 * network does not enforce NetworkPolicies.
 */
@ApplicationScoped
class Sandbox {
    /** Kinds with effects outside of the namespace: routes, schedules, certificates, DNS names, rights, NetworkPolicies. */
    private static final List<String> EXCLUDED_KINDS = List.of(
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
    private static final List<String> EXPOSING_FIELDS = List.of(
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

    /** Creates the namespace, its NetworkPolicy and the Restore, if they do not exist yet. */
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
        create(networkPolicy(name));
        return restore(name).orElseGet(() -> client.resource(restore(run, name)).create());
    }

    private NetworkPolicy networkPolicy(String namespace) {
        return new NetworkPolicyBuilder()
                .withNewMetadata()
                .withName("breakwater-sandbox")
                .withNamespace(namespace)
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
                .build();
    }

    /**
     * Labels that the sandbox copies from the captured namespace. Pod Security and policy engines depend on them: without the
     * labels, the sandbox would run workloads that their own namespace refuses.
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

    /** Deletes the Restore and the namespace; true when both are gone. Deletes only a namespace with the label of the run. */
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
        ObjectRule excluded = new ObjectRule();
        excluded.kinds = EXCLUDED_KINDS;
        spec.exclude = List.of(excluded);
        List<String> exposed = exposedServices(run.namespace());
        if (!exposed.isEmpty()) {
            spec.transforms = List.of(toClusterIp(exposed));
        }
        restore.setSpec(spec);
        return restore;
    }

    /** Turns Services into type ClusterIP. The API server refuses such a Service if it has fields of the other types. */
    static Transform toClusterIp(List<String> services) {
        Transform transform = new Transform();
        transform.select = new ObjectRule();
        transform.select.kinds = List.of("services");
        transform.select.names = services;
        transform.jsonPatch = new ArrayList<>();
        PatchOperation type = operation(PatchVerb.replace, "type");
        type.value = JsonNodeFactory.instance.textNode("ClusterIP");
        transform.jsonPatch.add(type);
        EXPOSING_FIELDS.forEach(field -> transform.jsonPatch.add(operation(PatchVerb.remove, field)));
        return transform;
    }

    private static PatchOperation operation(PatchVerb verb, String field) {
        PatchOperation operation = new PatchOperation();
        operation.op = verb;
        operation.path = "/spec/" + field;
        return operation;
    }

    /** Names of the Services that can be reached from outside the cluster. */
    private List<String> exposedServices(String namespace) {
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

    private <T extends HasMetadata> void create(T object) {
        try {
            client.resource(object).create();
        } catch (KubernetesClientException e) {
            if (e.getCode() != HttpURLConnection.HTTP_CONFLICT) {
                throw e;
            }
        }
    }
}
