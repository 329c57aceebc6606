package io.breakwater.verify;

import io.breakwater.api.Api;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.NamedRef;
import io.breakwater.api.ObjectRule;
import io.breakwater.api.Reason;
import io.breakwater.api.Restore;
import io.breakwater.api.RestoreSpec;
import io.breakwater.api.Verification;
import io.breakwater.api.VerificationSpec.Level;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.config.OwnAccounts;
import io.breakwater.observe.AuditUser;
import io.breakwater.trust.Author;
import io.breakwater.trust.AuthorRights;
import io.breakwater.trust.AuthorStamps;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.LimitRangeBuilder;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.ResourceQuotaBuilder;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicyBuilder;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicyEgressRule;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicyEgressRuleBuilder;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicyPort;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicyPortBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import jakarta.enterprise.context.ApplicationScoped;
import java.net.HttpURLConnection;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The temporary namespace that a point is restored into. It has the Pod Security labels, the quotas and the limits of the source
 * namespace as they are now. Network traffic from and to other namespaces is blocked, except DNS and the gateway for movers. The
 * label of its Restore makes the restore follow the rules for sandboxes. Traffic is not blocked in clusters whose network does
 * not enforce NetworkPolicies.
 */
@ApplicationScoped
class Sandbox {
    /** Labels that the sandbox copies from the source namespace. Other labels may give rights or members to it. */
    private static final String POD_SECURITY = "pod-security.kubernetes.io/";

    private static final String ENFORCE = POD_SECURITY + "enforce";

    /** Kinds of the source namespace that limit the sandbox; the point's own are restored if that namespace is gone. */
    private static final List<String> LIMITS = List.of("resourcequotas", "limitranges");

    private static final int DNS = 53;
    private static final String NAMESPACE_NAME = "kubernetes.io/metadata.name";
    private static final String DNS_NAMESPACE = "kube-system";

    private final KubernetesClient client;
    private final BreakwaterConfig config;
    private final AuthorStamps stamps;

    Sandbox(KubernetesClient client, BreakwaterConfig config, AuthorStamps stamps) {
        this.client = client;
        this.config = config;
        this.stamps = stamps;
    }

    /**
     * Creates the namespace, its NetworkPolicies, its limits and the Restore, if they do not exist yet. The author of the
     * Verification is also the author of the Restore.
     *
     * @param captured the namespace that was captured
     * @throws BreakwaterException AuthorLacksRight, when the author of the Verification is unknown
     */
    Restore open(VerifyRun run, String captured) {
        String name = run.sandbox();
        Author author = author(run.verification());
        if (restore(name).isEmpty()) {
            checkCommands(run, author, captured);
        }
        Namespace source = client.namespaces().withName(captured).get();
        create(namespace(run, source));
        checkOwned(run.verification(), name);
        networkPolicies(name).forEach(this::create);
        if (source != null) {
            limits(captured, name).forEach(this::create);
        }
        return restore(name)
                .orElseGet(() ->
                        client.resource(restore(run, author, source != null)).create());
    }

    /** The author for the audit log, by the stamp; unknown without a valid one. */
    AuditUser user(Verification verification) {
        return stamps.read(verification, verification.getSpec())
                .map(author -> AuditUser.of(author.userInfo()))
                .orElse(AuditUser.UNKNOWN);
    }

    /** The author by the stamp, which admission wrote. */
    private Author author(Verification verification) {
        return stamps.read(verification, verification.getSpec())
                .orElseThrow(() -> BreakwaterException.permanent(
                        Reason.AuthorLacksRight,
                        "the author of the Verification is unknown: annotation " + Api.AUTHOR
                                + " is missing or was not signed by Breakwater for this Verification; create another"
                                + " Verification while the admission webhook is registered"));
    }

    /** Commands that the author may not run in the captured namespace are not run in a copy of it either. */
    private void checkCommands(VerifyRun run, Author author, String captured) {
        AuthorRights rights = new AuthorRights(client, author, OwnAccounts.operator(config.namespace()));
        if (run.includes(Level.Queried) && !rights.may("create", "", "pods", "exec", "", captured)) {
            throw BreakwaterException.permanent(
                    Reason.AuthorLacksRight,
                    "author " + author.username() + " of the Verification may not create pods/exec in namespace "
                            + captured + ", which level Queried needs; grant the right, or set spec.level to Restored");
        }
    }

    private static Namespace namespace(VerifyRun run, Namespace source) {
        return new NamespaceBuilder()
                .withNewMetadata()
                .withName(run.sandbox())
                .withLabels(labels(source))
                .withAnnotations(annotations(source))
                .addToLabels(Api.SANDBOX, label(run.verification()))
                .addToLabels(Api.EXCLUDE, "true")
                .endMetadata()
                .build();
    }

    /** Another user can have created a namespace of this name, with other labels. */
    private void checkOwned(Verification verification, String name) {
        Namespace namespace = client.namespaces().withName(name).get();
        if (namespace != null && !SandboxDeletion.isOf(verification, namespace)) {
            throw BreakwaterException.permanent(
                    Reason.Conflict,
                    "namespace " + name + " exists and is not the sandbox of this Verification; delete the namespace,"
                            + " and create another Verification");
        }
    }

    /** Traffic inside of the sandbox, DNS in the namespace of the cluster's DNS, and movers to the gateway. */
    List<NetworkPolicy> networkPolicies(String namespace) {
        NetworkPolicy isolation = new NetworkPolicyBuilder(policy(namespace, "breakwater-sandbox"))
                .editSpec()
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
                .addToEgress(to(DNS_NAMESPACE, port(DNS, "UDP"), port(DNS, "TCP")))
                .endSpec()
                .build();
        NetworkPolicy movers = new NetworkPolicyBuilder(policy(namespace, "breakwater-sandbox-movers"))
                .editSpec()
                .withNewPodSelector()
                .addToMatchLabels(Api.COMPONENT, "mover")
                .endPodSelector()
                .withPolicyTypes("Egress")
                .addToEgress(to(config.namespace(), port(config.gateway().port(), "TCP")))
                .endSpec()
                .build();
        return List.of(isolation, movers);
    }

    private static NetworkPolicy policy(String namespace, String name) {
        return new NetworkPolicyBuilder()
                .withNewMetadata()
                .withName(name)
                .withNamespace(namespace)
                .addToLabels(Api.EXCLUDE, "true")
                .endMetadata()
                .withNewSpec()
                .endSpec()
                .build();
    }

    private static NetworkPolicyEgressRule to(String namespace, NetworkPolicyPort... ports) {
        return new NetworkPolicyEgressRuleBuilder()
                .addNewTo()
                .withNewNamespaceSelector()
                .addToMatchLabels(NAMESPACE_NAME, namespace)
                .endNamespaceSelector()
                .endTo()
                .withPorts(ports)
                .build();
    }

    private static NetworkPolicyPort port(int port, String protocol) {
        return new NetworkPolicyPortBuilder()
                .withNewPort(port)
                .withProtocol(protocol)
                .build();
    }

    /** The quotas and limits of a namespace, for the sandbox. */
    private List<HasMetadata> limits(String source, String sandbox) {
        List<HasMetadata> limits = new ArrayList<>();
        client.resourceQuotas().inNamespace(source).list().getItems().stream()
                .map(q -> new ResourceQuotaBuilder()
                        .withMetadata(meta(q, sandbox))
                        .withSpec(q.getSpec())
                        .build())
                .forEach(limits::add);
        client.limitRanges().inNamespace(source).list().getItems().stream()
                .map(l -> new LimitRangeBuilder()
                        .withMetadata(meta(l, sandbox))
                        .withSpec(l.getSpec())
                        .build())
                .forEach(limits::add);
        return limits;
    }

    private static ObjectMeta meta(HasMetadata source, String sandbox) {
        return new ObjectMetaBuilder()
                .withName(source.getMetadata().getName())
                .withNamespace(sandbox)
                .addToLabels(Api.EXCLUDE, "true")
                .build();
    }

    /**
     * Labels that the sandbox copies from the source namespace, in their present state. Without the labels of Pod Security, the
     * sandbox would run workloads that their own namespace refuses. Policy engines may refuse them there without labels, so a sandbox
     * enforces level baseline if the source namespace enforces none by label. The restore excludes pods above that level.
     */
    static Map<String, String> labels(Namespace source) {
        Map<String, String> labels = new HashMap<>();
        if (source != null && source.getMetadata().getLabels() != null) {
            labels.putAll(source.getMetadata().getLabels());
        }
        labels.keySet().removeIf(l -> !l.startsWith(POD_SECURITY));
        labels.putIfAbsent(ENFORCE, "baseline");
        return labels;
    }

    /**
     * An annotation that forbids movers with root applies to the sandbox too. One that permits them does not: the sandbox may enforce a
     * level of Pod Security from which an administrator exempts the source namespace by its name.
     */
    static Map<String, String> annotations(Namespace source) {
        Map<String, String> annotations =
                source == null ? null : source.getMetadata().getAnnotations();
        return annotations != null && "false".equals(annotations.get(Api.PRIVILEGED_MOVERS))
                ? Map.of(Api.PRIVILEGED_MOVERS, "false")
                : Map.of();
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
        if (namespace == null || !SandboxDeletion.isOf(verification, namespace)) {
            return true;
        }
        if (namespace.getMetadata().getDeletionTimestamp() == null) {
            client.namespaces().withName(name).delete();
        }
        return false;
    }

    /** @param limited whether the sandbox has the limits of the source namespace already */
    private Restore restore(VerifyRun run, Author author, boolean limited) {
        String name = run.sandbox();
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
        spec.dryRun = false; // The stamp covers the spec as the API server stores it, with the value of each default.
        if (limited) {
            ObjectRule excluded = new ObjectRule();
            excluded.kinds = LIMITS;
            spec.exclude = List.of(excluded);
        }
        restore.setSpec(spec);
        restore.getMetadata().setAnnotations(Map.of(Api.AUTHOR, stamps.stamp(author, restore, spec)));
        return restore;
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
