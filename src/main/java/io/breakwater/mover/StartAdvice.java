package io.breakwater.mover;

import io.breakwater.api.Api;
import java.util.LinkedHashMap;
import java.util.Map;

/** The way out for a mover that cannot start or does not continue, by the words of the API server, scheduler or kubelet. */
final class StartAdvice {
    private static final Map<String, String> WAYS_OUT = new LinkedHashMap<>();

    static {
        WAYS_OUT.put(
                "violates PodSecurity",
                "movers run without root if the namespace has annotation " + Api.PRIVILEGED_MOVERS + "=false");
        WAYS_OUT.put(
                "denied the request",
                "exempt pods with label " + Api.COMPONENT + "=mover from this rule of the admission webhook");
        WAYS_OUT.put("failed calling webhook", "repair or remove this webhook");
        WAYS_OUT.put(
                "untolerated taint", "set spec.volumes.mover.tolerations of the policy, if movers may use these nodes");
        WAYS_OUT.put(
                "didn't match Pod's node affinity/selector",
                "compare spec.volumes.mover.nodeSelector of the policy and the zone of the volume with the nodes");
        WAYS_OUT.put("ImagePull", "check Helm value mover.image, and its pullSecrets");
        WAYS_OUT.put("ErrImage", "check Helm value mover.image, and its pullSecrets");
        WAYS_OUT.put(
                "Multi-Attach error",
                "wait until the other node releases the volume, or delete the pod that uses it there");
        WAYS_OUT.put("NodeNotReady", "if the node does not return, delete the pod with --force");
    }

    private StartAdvice() {}

    /** The message, with the way out at its end if there is a known one. */
    static String addedTo(String message) {
        return WAYS_OUT.entrySet().stream()
                .filter(way -> message.contains(way.getKey()))
                .findFirst()
                .map(way -> message + "; " + way.getValue())
                .orElse(message);
    }
}
