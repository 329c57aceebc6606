package io.breakwater.mover;

import java.util.Map;
import java.util.TreeMap;

/**
 * Labels and annotations that exclude a pod from the injection of sidecars. A Job with a sidecar does not end, and a proxy may not
 * let the mover reach the gateway. Istio, Kuma and Linkerd read labels or annotations depending on their version.
 */
final class SidecarOptOut {
    private static final Map<String, String> LABELS = Map.of(
            "sidecar.istio.io/inject", "false",
            "istio.io/dataplane-mode", "none",
            "kuma.io/sidecar-injection", "disabled",
            "admission.datadoghq.com/enabled", "false");

    private static final Map<String, String> ANNOTATIONS = Map.of(
            "sidecar.istio.io/inject", "false",
            "linkerd.io/inject", "disabled",
            "kuma.io/sidecar-injection", "disabled",
            "consul.hashicorp.com/connect-inject", "false",
            "openservicemesh.io/sidecar-injection", "disabled",
            "appmesh.k8s.aws/sidecarInjectorWebhook", "disabled",
            "vault.hashicorp.com/agent-inject", "false",
            "sidecar.opentelemetry.io/inject", "false",
            "oneagent.dynatrace.com/inject", "false");

    private SidecarOptOut() {}

    /** The labels of a mover pod, with more of the installation, which win. */
    static Map<String, String> labels(Map<String, String> more) {
        return merged(LABELS, more);
    }

    /** The annotations of a mover pod, with more of the installation, which win. */
    static Map<String, String> annotations(Map<String, String> more) {
        return merged(ANNOTATIONS, more);
    }

    private static Map<String, String> merged(Map<String, String> first, Map<String, String> more) {
        Map<String, String> all = new TreeMap<>(first);
        all.putAll(more);
        return all;
    }
}
