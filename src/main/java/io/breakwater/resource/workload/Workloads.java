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

/** Whether the application of a namespace is up, and what keeps it from being so. */
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

    /** A Deployment, StatefulSet, DaemonSet, or a pod that belongs to nobody; as it was when it was asked for. */
    public static final class Workload {
        private final ObjectNode object;
        private final ApiServer server;

        private Workload(ObjectNode object, ApiServer server) {
            this.object = object;
            this.server = server;
        }

        /** As {@code Deployment web}. */
        public String name() {
            return kind() + " " + object.path("metadata").path("name").asText();
        }

        public String kind() {
            return object.path("kind").asText();
        }

        /** Whether as many replicas are ready as are wanted. */
        public boolean isReady() {
            return lenient().isUp();
        }

        /** Whether all replicas are available and of the newest template. */
        public boolean isAvailable() {
            return Readiness.of(object, false).isUp();
        }

        /** Whether a run of a restore has made or changed it. */
        public boolean isFrom(String runId) {
            return RestoreMark.isFrom(object, runId);
        }

        /** What keeps it from being available; asks the API server. */
        public String why() {
            Readiness readiness = Readiness.of(object, false);
            List<String> told = new ArrayList<>(List.of(name() + ": " + readiness.message()));
            told.addAll(new PodDiagnosis(
                            server, object.path("metadata").path("namespace").asText())
                    .of(object));
            return String.join("; ", told);
        }

        private Readiness lenient() {
            return kind().equals("Pod") ? Readiness.of(object, false) : Readiness.ofReplicas(object);
        }

        /** Name, and how far it is from being ready. */
        @Override
        public String toString() {
            return name() + ": " + lenient().message();
        }
    }

    /**
     * All workloads of a namespace.
     *
     * @throws BreakwaterException ResourcesFailed, retryable, when they cannot be listed
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
     * How far something is that others wait for.
     *
     * @param message with its kind and name; why its pods are not ready is told when that was asked for
     * @param failed whether it will not come up by itself any more
     */
    public record Standing(String message, boolean failed) {}

    /**
     * Looks at something that others wait for.
     *
     * @param thoroughly whether to find out why its pods are not ready
     * @return empty when it is up
     */
    public Optional<Standing> look(Awaited awaited, boolean thoroughly) {
        String name = awaited.kind() + " " + awaited.name();
        ApiServer.Answer answer = server.get(awaited.path());
        if (!answer.isOk()) {
            return Optional.of(
                    new Standing(name + ": " + (answer.code() == 404 ? "it is not there" : answer.message()), false));
        }
        Readiness readiness = Readiness.of(answer.body(), awaited.reports());
        if (readiness.isUp()) {
            return Optional.empty();
        }
        List<String> told = new ArrayList<>(List.of(name + ": " + readiness.message()));
        if (thoroughly) {
            String namespace = answer.body().path("metadata").path("namespace").asText();
            told.addAll(new PodDiagnosis(server, namespace).of(answer.body()));
        }
        return Optional.of(new Standing(String.join("; ", told), readiness.state() == Readiness.State.FAILED));
    }
}
