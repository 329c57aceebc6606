package io.breakwater.resource.apply;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Set;

/**
 * Reduces the rules of a Role, so that a copy of an application cannot change the isolation of its sandbox: policies, quotas,
 * rights, Services and routes. Everything may still be read, because some applications do not start otherwise.
 */
final class SandboxRights {
    /** Kinds that an application may change in the sandbox. */
    private static final Set<String> WRITABLE = Set.of(
            "configmaps",
            "secrets",
            "events",
            "endpoints",
            "pods",
            "persistentvolumeclaims",
            "replicationcontrollers",
            "events.events.k8s.io",
            "endpointslices.discovery.k8s.io",
            "leases.coordination.k8s.io",
            "deployments.apps",
            "statefulsets.apps",
            "daemonsets.apps",
            "replicasets.apps",
            "jobs.batch",
            "poddisruptionbudgets.policy");

    /** Kinds of sandboxes that are not listed in {@link #WRITABLE}, and are not changed by copies. */
    private static final Set<String> FIXED = Set.of(
            "services",
            "serviceaccounts",
            "limitranges",
            "resourcequotas",
            "cronjobs.batch",
            "horizontalpodautoscalers.autoscaling",
            "roles.rbac.authorization.k8s.io",
            "rolebindings.rbac.authorization.k8s.io");

    private static final List<String> READ = List.of("get", "list", "watch");

    private SandboxRights() {}

    /** @param kinds of the sandbox; those of custom resources may be changed too */
    static ArrayNode reduce(JsonNode rules, Set<String> kinds) {
        ArrayNode reduced = JsonNodeFactory.instance.arrayNode();
        for (JsonNode rule : rules) {
            if (isHarmless(rule, kinds)) {
                reduced.add(rule);
            } else {
                split(rule, kinds, reduced);
            }
        }
        return reduced;
    }

    private static boolean isHarmless(JsonNode rule, Set<String> kinds) {
        if (READ.containsAll(AuthorCheck.texts(rule.path("verbs")))) {
            return true;
        }
        List<String> resources = AuthorCheck.texts(rule.path("resources"));
        return AuthorCheck.texts(rule.path("apiGroups")).stream()
                .allMatch(group -> resources.stream().allMatch(r -> isWritable(group, r, kinds)));
    }

    private static boolean isWritable(String group, String resource, Set<String> kinds) {
        String plural = resource.split("/", 2)[0];
        String kind = group.isEmpty() ? plural : plural + "." + group;
        return WRITABLE.contains(kind) || kinds.contains(kind) && !FIXED.contains(kind);
    }

    /** One rule for each group and for both sorts of resources. */
    private static void split(JsonNode rule, Set<String> kinds, ArrayNode reduced) {
        List<String> verbs = AuthorCheck.texts(rule.path("verbs"));
        List<String> reads = verbs.contains("*")
                ? READ
                : verbs.stream().filter(READ::contains).toList();
        for (String group : AuthorCheck.texts(rule.path("apiGroups"))) {
            List<String> all = AuthorCheck.texts(rule.path("resources"));
            List<String> writable =
                    all.stream().filter(r -> isWritable(group, r, kinds)).toList();
            List<String> others =
                    all.stream().filter(r -> !isWritable(group, r, kinds)).toList();
            add(reduced, rule, group, writable, verbs);
            add(reduced, rule, group, others, reads);
        }
    }

    private static void add(
            ArrayNode reduced, JsonNode rule, String group, List<String> resources, List<String> verbs) {
        if (resources.isEmpty() || verbs.isEmpty()) {
            return;
        }
        ObjectNode part = reduced.addObject();
        part.putArray("apiGroups").add(group);
        resources.forEach(part.putArray("resources")::add);
        verbs.forEach(part.putArray("verbs")::add);
        if (!rule.path("resourceNames").isEmpty()) {
            part.set("resourceNames", rule.path("resourceNames"));
        }
    }
}
