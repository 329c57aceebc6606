package io.breakwater.resource.workload;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.resource.ApiKind;
import io.breakwater.resource.ApiServer;
import io.breakwater.resource.PagedList;
import io.breakwater.resource.RestoreMark;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The workloads of a namespace: whether they are up, and why not. */
public final class Workloads {
    private static final List<ApiKind> KINDS = List.of(
            new ApiKind("apps", "v1", "Deployment", "deployments", true, java.util.Set.of()),
            new ApiKind("apps", "v1", "StatefulSet", "statefulsets", true, java.util.Set.of()),
            new ApiKind("apps", "v1", "DaemonSet", "daemonsets", true, java.util.Set.of()),
            new ApiKind("", "v1", "Pod", "pods", true, java.util.Set.of()));

    private final ApiServer server;

    public Workloads(KubernetesClient client) {
        this.server = new ApiServer(client);
    }

    /** A Deployment, StatefulSet, DaemonSet, or a pod without an owner, in the state in which it was read. */
    public static final class Workload {
        private final ObjectNode object;
        private final ApiServer server;

        private Workload(ObjectNode object, ApiServer server) {
            this.object = object;
            this.server = server;
        }

        /** For example {@code Deployment web}. */
        public String name() {
            return kind() + " " + object.path("metadata").path("name").asText();
        }

        public String kind() {
            return object.path("kind").asText();
        }

        /** Whether the wanted number of replicas is ready. */
        public boolean isReady() {
            return lenient().isUp();
        }

        /** Whether all replicas are available and have the newest template. */
        public boolean isAvailable() {
            return Readiness.of(object, false).isUp();
        }

        /** Whether a run of a restore created or changed it. */
        public boolean isFrom(String runId) {
            return RestoreMark.isFrom(object, runId);
        }

        /** The causes why it is not available; sends requests to the API server. */
        public String why() {
            Readiness readiness = Readiness.of(object, false);
            List<String> lines = new ArrayList<>(List.of(name() + ": " + readiness.message()));
            lines.addAll(new PodDiagnosis(
                            server, object.path("metadata").path("namespace").asText())
                    .of(object));
            return String.join("; ", lines);
        }

        private Readiness lenient() {
            return kind().equals("Pod") ? Readiness.of(object, false) : Readiness.ofReplicas(object);
        }

        /** Name and readiness. */
        @Override
        public String toString() {
            return name() + ": " + lenient().message();
        }
    }

    /**
     * All workloads of a namespace.
     *
     * @throws BreakwaterException ResourcesFailed, retryable, if they cannot be listed
     */
    public List<Workload> of(String namespace) {
        List<Workload> all = new ArrayList<>();
        for (ApiKind kind : KINDS) {
            try {
                new PagedList(server, PagedList.OBJECTS).each(kind.path(namespace), "", o -> {
                    boolean owned = !o.path("metadata").path("ownerReferences").isEmpty();
                    if (!kind.kind().equals("Pod") || !owned) {
                        o.put("apiVersion", kind.apiVersion()).put("kind", kind.kind());
                        all.add(new Workload(o, server));
                    }
                });
            } catch (ApiServer.Refused e) {
                throw BreakwaterException.retryable(
                        Reason.ResourcesFailed,
                        kind.qualified() + " of namespace " + namespace + " cannot be listed: " + e.getMessage(),
                        e);
            }
        }
        return all;
    }

    /**
     * State of an object that others wait for.
     *
     * @param message with kind and name, and on request with the causes of its pods
     * @param failed whether it will not become ready without a change
     */
    public record Unready(String message, boolean failed) {}

    /**
     * Checks an object that others wait for.
     *
     * @param thoroughly whether to add the causes why its pods are not ready
     * @return empty if it is up
     */
    public Optional<Unready> check(Awaited awaited, boolean thoroughly) {
        String name = awaited.kind() + " " + awaited.name();
        ApiServer.Answer answer = server.get(awaited.path());
        if (!answer.isOk()) {
            return Optional.of(
                    new Unready(name + ": " + (answer.code() == 404 ? "it does not exist" : answer.message()), false));
        }
        Readiness readiness = Readiness.of(answer.body(), awaited.reports());
        if (readiness.isUp()) {
            return Optional.empty();
        }
        List<String> lines = new ArrayList<>(List.of(name + ": " + readiness.message()));
        if (thoroughly) {
            String namespace = answer.body().path("metadata").path("namespace").asText();
            lines.addAll(new PodDiagnosis(server, namespace).of(answer.body()));
        }
        return Optional.of(new Unready(String.join("; ", lines), readiness.state() == Readiness.State.FAILED));
    }
}
