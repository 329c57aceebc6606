package io.breakwater.resource.apply;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.breakwater.velero.ObjectKey;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Decides which objects of a point are restored into the sandbox of a Verification, and in which form. Only listed kinds are
 * restored, because an unknown kind may have effects outside of the sandbox: its operator may have any rights. The forms have no
 * such effects either: no Service is reachable from outside, no CronJob starts, and no role can change the isolation of the
 * sandbox. Safe for use from many threads.
 */
public final class SandboxRules {
    private static final String RBAC = ".rbac.authorization.k8s.io";

    private static final Set<String> KINDS = Set.of(
            "configmaps",
            "secrets",
            "serviceaccounts",
            "persistentvolumeclaims",
            "services",
            "limitranges",
            "resourcequotas",
            "pods",
            "replicationcontrollers",
            "deployments.apps",
            "statefulsets.apps",
            "daemonsets.apps",
            "replicasets.apps",
            "jobs.batch",
            "cronjobs.batch",
            "horizontalpodautoscalers.autoscaling",
            "poddisruptionbudgets.policy",
            "roles" + RBAC,
            "rolebindings" + RBAC);

    /** Groups whose objects change rights, the API server or Breakwater itself. */
    private static final Set<String> NEVER = Set.of(
            "admissionregistration.k8s.io",
            "apiextensions.k8s.io",
            "apiregistration.k8s.io",
            "breakwater.io",
            "rbac.authorization.k8s.io");

    private static final Pattern KIND =
            Pattern.compile("[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)+");

    private static final String EXCLUDED_KIND =
            "their kinds may have effects outside of the sandbox; an administrator can"
                    + " allow a kind with the Helm value sandbox.kinds";

    private static final List<String> EXPOSING_FIELDS = List.of(
            "allocateLoadBalancerNodePorts",
            "externalIPs",
            "externalName",
            "externalTrafficPolicy",
            "healthCheckNodePort",
            "loadBalancerClass",
            "loadBalancerIP",
            "loadBalancerSourceRanges");

    private final Set<String> kinds;

    private SandboxRules(Set<String> kinds) {
        this.kinds = kinds;
    }

    /**
     * What happens to an object.
     *
     * @param object the form in which it is restored; null if it is not restored
     * @param note the cause why it is not restored, or how it differs; null if there is nothing to report
     */
    record Verdict(JsonNode object, String note) {
        boolean isExcluded() {
            return object == null;
        }
    }

    /**
     * The rules with further kinds, whose operators an administrator trusts with copies.
     *
     * @param kinds such as {@code certificates.cert-manager.io}
     * @throws IllegalArgumentException if a text is not a kind, or names a kind that no sandbox may have
     */
    public static SandboxRules of(Collection<String> kinds) {
        Set<String> all = new HashSet<>(KINDS);
        for (String kind : kinds) {
            if (!KIND.matcher(kind).matches()) {
                throw new IllegalArgumentException("sandbox.kinds: '" + kind
                        + "' is not a valid kind; write kinds as kubectl api-resources -o name prints them, for"
                        + " example certificates.cert-manager.io");
            }
            String resource = kind.substring(0, kind.indexOf('.'));
            if (NEVER.contains(kind.substring(resource.length() + 1)) || resource.contains("networkpolic")) {
                throw new IllegalArgumentException("sandbox.kinds: '" + kind
                        + "' is not allowed: such objects could remove the isolation of a sandbox; remove it from"
                        + " the list");
            }
            all.add(kind);
        }
        return new SandboxRules(Set.copyOf(all));
    }

    /** The treatment of an object of the captured namespace. The given object is not changed. */
    Verdict judge(ObjectKey key, JsonNode captured) {
        if (!kinds.contains(key.directory())) {
            return new Verdict(null, EXCLUDED_KIND);
        }
        ObjectNode object = captured.deepCopy();
        removeFinalizers(object);
        return switch (key.directory()) {
            case "services" -> service(object);
            case "cronjobs.batch" -> cronJob(key, object);
            case "roles" + RBAC -> role(object);
            case "rolebindings" + RBAC -> binding(object, key.namespace());
            default -> SandboxPods.judge(key, object);
        };
    }

    /** The copies must not delay the deletion of the sandbox, and no controller cleans up for them. */
    private static void removeFinalizers(ObjectNode object) {
        for (JsonNode meta : object.findValues("metadata")) {
            if (meta instanceof ObjectNode m) {
                m.remove("finalizers");
            }
        }
    }

    /** Annotations of Services order load balancers and DNS names. */
    private static Verdict service(ObjectNode object) {
        if (!(object.path("spec") instanceof ObjectNode spec)) {
            return new Verdict(object, null);
        }
        if (spec.path("type").asText().equals("ExternalName")) {
            return new Verdict(null, "Services of type ExternalName lead out of the sandbox");
        }
        spec.put("type", "ClusterIP");
        spec.remove(EXPOSING_FIELDS);
        ((ObjectNode) object.path("metadata")).remove("annotations");
        return new Verdict(object, null);
    }

    private static Verdict cronJob(ObjectKey key, ObjectNode object) {
        if (object.path("spec") instanceof ObjectNode spec) {
            spec.put("suspend", true);
        }
        return SandboxPods.judge(key, object);
    }

    private Verdict role(ObjectNode object) {
        ArrayNode rules = SandboxRights.reduce(object.path("rules"), kinds);
        boolean same =
                rules.equals(object.path("rules")) || object.path("rules").isEmpty();
        object.set("rules", rules);
        return new Verdict(
                object,
                same
                        ? null
                        : "they were restored with fewer permissions, so that they cannot change the isolation of"
                                + " the sandbox");
    }

    /** Only ServiceAccounts of the namespace itself, with roles of the namespace itself. */
    private static Verdict binding(ObjectNode object, String namespace) {
        if (!object.path("roleRef").path("kind").asText().equals("Role")) {
            return new Verdict(null, "they bind roles from outside of the sandbox");
        }
        ArrayNode subjects = object.arrayNode();
        for (JsonNode subject : object.path("subjects")) {
            boolean own = subject.path("kind").asText().equals("ServiceAccount")
                    && subject.path("namespace").asText(namespace).equals(namespace);
            if (own) {
                subjects.add(subject);
            }
        }
        if (subjects.isEmpty()) {
            return new Verdict(null, "they give permissions to users, groups or ServiceAccounts of other namespaces");
        }
        boolean same = subjects.size() == object.path("subjects").size();
        object.set("subjects", subjects);
        return new Verdict(
                object,
                same ? null : "they were restored without their users, groups and ServiceAccounts of other namespaces");
    }
}
