package io.breakwater.resource.apply;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.breakwater.api.Api;
import io.breakwater.velero.ObjectKey;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Excludes pods from a sandbox that would share something with production: the network, processes, directories, devices or kernel
 * of a node, or a volume that is not a claim of the sandbox. A NetworkPolicy has no effect on any of these. The source namespace
 * may refuse such pods by rules that the sandbox does not have.
 */
final class SandboxPods {
    private static final List<String> SHARED = List.of("hostNetwork", "hostPID", "hostIPC");

    /** Sources of volumes that belong to the sandbox. The API server adds no others. */
    private static final Set<String> OWN = Set.of(
            "configMap",
            "downwardAPI",
            "emptyDir",
            "ephemeral",
            "image",
            "persistentVolumeClaim",
            "projected",
            "secret");

    /** Capabilities that Pod Security level baseline permits; others change the node. */
    private static final Set<String> CAPABILITIES = Set.of(
            "AUDIT_WRITE",
            "CHOWN",
            "DAC_OVERRIDE",
            "FOWNER",
            "FSETID",
            "KILL",
            "MKNOD",
            "NET_BIND_SERVICE",
            "SETFCAP",
            "SETGID",
            "SETPCAP",
            "SETUID",
            "SYS_CHROOT");

    /** Labels that give the traffic of movers, or hide an object from other rules. */
    private static final List<String> RESERVED = List.of(Api.COMPONENT, Api.RUN);

    private SandboxPods() {}

    /** @param object may be changed; objects without pods are admitted as they are */
    static SandboxRules.Verdict judge(ObjectKey key, ObjectNode object) {
        JsonNode template = template(key, object);
        if (template.path("metadata").path("labels") instanceof ObjectNode labels) {
            labels.remove(RESERVED);
        }
        return shared(template.path("spec"))
                .map(what -> new SandboxRules.Verdict(null, "their pods share " + what + " with production"))
                .orElseGet(() -> new SandboxRules.Verdict(object, null));
    }

    private static JsonNode template(ObjectKey key, ObjectNode object) {
        return switch (key.directory()) {
            case "pods" -> object;
            case "cronjobs.batch" -> object.at("/spec/jobTemplate/spec/template");
            default -> object.at("/spec/template");
        };
    }

    /** What the pods share with production; one of a few texts. */
    private static Optional<String> shared(JsonNode pod) {
        for (String field : SHARED) {
            if (pod.path(field).asBoolean()) {
                return Optional.of("a namespace of the node (" + field + ")");
            }
        }
        for (JsonNode volume : pod.path("volumes")) {
            for (var source : volume.properties()) {
                boolean own = source.getKey().equals("name")
                        || OWN.contains(source.getKey())
                        || source.getKey().equals("csi")
                                && source.getValue().path("readOnly").asBoolean();
                if (!own) {
                    return Optional.of(
                            source.getKey().equals("hostPath")
                                    ? "a directory of the node"
                                    : "a volume that is not a claim of the namespace");
                }
            }
        }
        for (String containers : List.of("containers", "initContainers")) {
            for (JsonNode container : pod.path(containers)) {
                if (isPrivileged(container.path("securityContext"))) {
                    return Optional.of("devices or the kernel of the node (privileged, or further capabilities)");
                }
                for (JsonNode port : container.path("ports")) {
                    if (port.path("hostPort").asInt() != 0) {
                        return Optional.of("a port of the node");
                    }
                }
            }
        }
        return Optional.empty();
    }

    private static boolean isPrivileged(JsonNode context) {
        return context.path("privileged").asBoolean()
                || context.path("procMount").asText("Default").equals("Unmasked")
                || context.at("/capabilities/add")
                        .valueStream()
                        .anyMatch(added -> !CAPABILITIES.contains(capability(added.asText())));
    }

    private static String capability(String name) {
        return name.startsWith("CAP_") ? name.substring("CAP_".length()) : name;
    }
}
