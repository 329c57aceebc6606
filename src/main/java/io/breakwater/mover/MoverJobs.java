package io.breakwater.mover;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.breakwater.api.Api;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.MoverSettings;
import io.breakwater.api.Reason;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.gateway.Repositories;
import io.breakwater.gateway.Ticket;
import io.breakwater.steps.RunNames;
import io.fabric8.kubernetes.api.model.ContainerState;
import io.fabric8.kubernetes.api.model.ContainerStateTerminated;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.fabric8.kubernetes.api.model.ServiceAccountBuilder;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import jakarta.enterprise.context.ApplicationScoped;
import java.io.IOException;
import java.net.HttpURLConnection;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Mover Jobs: one per task, with a deterministic name, so that asking again finds the same Job. The Job's pod holds a
 * ticket that is good for one repository and a token that is good for nothing but the gateway; never cloud credentials.
 */
@ApplicationScoped
public class MoverJobs {
    /** ServiceAccount of mover pods, in the namespace that they run in. */
    public static final String SERVICE_ACCOUNT = "breakwater-mover";

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int LAST_LINES = 3;

    /** How the last words of a mover begin that no password of its Secret let in. */
    private static final String WRONG_PASSWORD = "exit 12:";

    /** How restic tells of the gateway's 403; the answer's text it does not tell. */
    private static final String REFUSED = "unexpected HTTP response (403)";

    private final KubernetesClient client;
    private final BreakwaterConfig config;
    private final Repositories repositories;

    public MoverJobs(KubernetesClient client, BreakwaterConfig config, Repositories repositories) {
        this.client = client;
        this.config = config;
        this.repositories = repositories;
    }

    /**
     * One task to be done by a Job.
     *
     * @param namespace where the Job runs
     * @param run value of the label {@link Api#RUN} on everything that is made for it
     * @param id what tells this task from others, forever: the same id finds the same Job
     * @param access which repository, and what may be done to it
     * @param settings where the pod runs, and what it may take; counts when the Job is made
     */
    public record Request(
            String namespace,
            String run,
            String id,
            MoverTask task,
            Repositories.Access access,
            MoverSettings settings) {
        /** A task with the default settings. */
        public Request(String namespace, String run, String id, MoverTask task, Repositories.Access access) {
            this(namespace, run, id, task, access, new MoverSettings());
        }
    }

    /** How a Job stands. */
    public sealed interface State {
        /** Not over; the message says what it is at, or what it waits for. */
        record Running(String message) implements State {}

        /** Over; the report is the mover's one line of JSON. */
        record Succeeded(JsonNode report) implements State {}

        /** Over and in vain; the message carries the mover's last words. */
        record Failed(String message) implements State {}
    }

    /** Starts the task unless its Job is there, and tells how it stands. */
    public State poll(Request request) {
        String name = RunNames.of(request.id());
        Job job = client.batch()
                .v1()
                .jobs()
                .inNamespace(request.namespace())
                .withName(name)
                .get();
        if (job == null) {
            start(request, name);
            return new State.Running("mover Job " + name + " was created");
        }
        boolean succeeded =
                count(job.getStatus() == null ? null : job.getStatus().getSucceeded()) > 0;
        // The pod says so some seconds before the Job does.
        if (succeeded || terminations(request.namespace(), name).anyMatch(t -> count(t.getExitCode()) == 0)) {
            return new State.Succeeded(report(request.namespace(), name));
        }
        if (failed(job)) {
            if (hasOldPasswords(request, name)) {
                discard(request);
                return new State.Running("mover Job " + name + " began before the master key changed, and starts anew");
            }
            return new State.Failed("mover Job " + request.namespace() + "/" + name + ": "
                    + lastWords(request.namespace(), name).orElse("no pod is left to ask; see its events"));
        }
        return new State.Running("mover Job " + name + ": " + progress(request.namespace(), name));
    }

    /** How far a task is; empty before it has said so, and for what tells no progress. */
    public Optional<MoverProgress> progress(Request request) {
        return pods(request.namespace(), RunNames.of(request.id())).stream()
                .filter(p -> "Running".equals(p.getStatus().getPhase()))
                .findFirst()
                .flatMap(p -> {
                    try {
                        return MoverProgress.of(client.pods()
                                .resource(p)
                                .tailingLines(LAST_LINES)
                                .getLog());
                    } catch (KubernetesClientException e) {
                        return Optional.empty(); // no more than a courtesy
                    }
                });
    }

    /** Whether a mover's last words say that the gateway refused something, which no other try gets through either. */
    public static boolean isRefusal(String lastWords) {
        return lastWords.contains(REFUSED);
    }

    /** Whether a pod of a task runs, or has run. */
    public boolean isStarted(Request request) {
        return pods(request.namespace(), RunNames.of(request.id())).stream()
                .anyMatch(p -> !"Pending".equals(p.getStatus().getPhase()));
    }

    /**
     * Whether a namespace's repository can be used; makes it where it is not there yet. The Job that makes it is the same
     * for all points, since two that make a repository at the same time leave one with two keys, of which one opens nothing.
     *
     * @param namespace where the Job runs
     * @throws BreakwaterException MoverFailed, when the Job failed; the next call starts another one
     */
    public boolean ensureRepository(String namespace, Repositories.Access access) {
        if (repositories.initialised(access)) {
            return true;
        }
        String id = "init/" + access.location().getMetadata().getUid() + "/" + access.site() + "/" + access.namespace();
        String run = RunNames.of(id);
        return switch (poll(
                new Request(namespace, run, id, new MoverTask.Init(repositories.writingKey(access)), access))) {
            case State.Running r -> false;
            case State.Succeeded s -> {
                delete(namespace, run);
                yield repositories.initialised(access);
            }
            case State.Failed(String message) -> {
                delete(namespace, run);
                throw BreakwaterException.retryable(
                        Reason.MoverFailed, "the repository of namespace " + access.namespace() + ": " + message);
            }
        };
    }

    /** Removes the Job of one task, so that the next look starts it anew. */
    public void discard(Request request) {
        client.batch()
                .v1()
                .jobs()
                .inNamespace(request.namespace())
                .withName(RunNames.of(request.id()))
                .delete();
    }

    /** Removes all Jobs and Secrets of a run, and the pods with them. */
    public void delete(String namespace, String run) {
        client.batch()
                .v1()
                .jobs()
                .inNamespace(namespace)
                .withLabel(Api.RUN, run)
                .delete();
        client.secrets().inNamespace(namespace).withLabel(Api.RUN, run).delete();
    }

    /** Runs that have Jobs in a namespace. */
    public Set<String> runs(String namespace) {
        return client
                .batch()
                .v1()
                .jobs()
                .inNamespace(namespace)
                .withLabel(Api.COMPONENT, "mover")
                .list()
                .getItems()
                .stream()
                .map(job -> job.getMetadata().getLabels().get(Api.RUN))
                .collect(Collectors.toSet());
    }

    /** Whether a pod of the run is still there. */
    public boolean anyPod(String namespace, String run) {
        return !client.pods()
                .inNamespace(namespace)
                .withLabel(Api.RUN, run)
                .list()
                .getItems()
                .isEmpty();
    }

    private void start(Request request, String name) {
        ensureServiceAccount(request.namespace());
        Ticket ticket = repositories.ticket(
                request.access(), "system:serviceaccount:" + request.namespace() + ":" + SERVICE_ACCOUNT);
        // The Secret first: a pod whose volume is missing waits much longer than it takes to make one.
        client.secrets()
                .inNamespace(request.namespace())
                .resource(credentials(request, name, ticket))
                .patch(new PatchContext.Builder()
                        .withPatchType(PatchType.SERVER_SIDE_APPLY)
                        .withFieldManager(Api.FIELD_MANAGER)
                        .withForce(true)
                        .build());
        Job job = MoverJobSpec.build(config, request, name, repositories.url(request.access()));
        try {
            client.batch()
                    .v1()
                    .jobs()
                    .inNamespace(request.namespace())
                    .resource(job)
                    .create();
        } catch (KubernetesClientException e) {
            if (e.getCode() != HttpURLConnection.HTTP_CONFLICT) {
                throw BreakwaterException.retryable(
                        Reason.MoverFailed,
                        "mover Job " + request.namespace() + "/" + name + " was refused: " + e.getMessage(),
                        e);
            }
        }
    }

    /** A Job that waited for its pod while the master key changed may hold passwords that open nothing any more. */
    private boolean hasOldPasswords(Request request, String name) {
        Secret given =
                client.secrets().inNamespace(request.namespace()).withName(name).get();
        return given != null
                && given.getData() != null
                && lastWords(request.namespace(), name)
                        .filter(w -> w.startsWith(WRONG_PASSWORD))
                        .isPresent()
                && !given.getData().entrySet().containsAll(passwords(request).entrySet());
    }

    private Map<String, String> passwords(Request request) {
        Map<String, String> entries = new HashMap<>();
        String first = switch (request.task()) {
            case MoverTask.Init(String keyId) -> keyId;
            case MoverTask.Rekey(String keyId) -> keyId;
            default -> repositories.writingKey(request.access());
        };
        List<String> all = repositories.passwords(request.access(), first);
        for (int i = 0; i < all.size(); i++) {
            entries.put(i == 0 ? "password" : "password." + i, base64(all.get(i)));
        }
        return entries;
    }

    private Secret credentials(Request request, String name, Ticket ticket) {
        return new SecretBuilder()
                .withNewMetadata()
                .withName(name)
                .withNamespace(request.namespace())
                .addToLabels(Api.RUN, request.run())
                .addToLabels(Api.EXCLUDE, "true")
                .endMetadata()
                .withData(passwords(request))
                .addToData("ticket", base64(repositories.sign(ticket)))
                .addToData("ca.crt", base64(repositories.caPem()))
                .build();
    }

    private void ensureServiceAccount(String namespace) {
        var account = client.serviceAccounts().inNamespace(namespace).withName(SERVICE_ACCOUNT);
        if (account.get() == null) {
            try {
                client.serviceAccounts()
                        .inNamespace(namespace)
                        .resource(new ServiceAccountBuilder()
                                .withNewMetadata()
                                .withName(SERVICE_ACCOUNT)
                                .withNamespace(namespace)
                                .addToLabels(Api.EXCLUDE, "true")
                                .endMetadata()
                                .withAutomountServiceAccountToken(false)
                                .build())
                        .create();
            } catch (KubernetesClientException e) {
                if (e.getCode() != HttpURLConnection.HTTP_CONFLICT) {
                    throw e;
                }
            }
        }
    }

    private JsonNode report(String namespace, String job) {
        String text = lastWords(namespace, job)
                .orElseThrow(() -> BreakwaterException.permanent(
                        Reason.MoverFailed,
                        "mover Job " + namespace + "/" + job
                                + " succeeded, but its pod was removed before its report was read"));
        try {
            return JSON.readTree(text);
        } catch (IOException e) {
            throw BreakwaterException.permanent(
                    Reason.MoverFailed,
                    "mover Job " + namespace + "/" + job + " left a report that is not JSON: " + text,
                    e);
        }
    }

    /** Termination message of the job's newest pod that ended. */
    private Optional<String> lastWords(String namespace, String job) {
        return terminations(namespace, job)
                .filter(t -> t.getMessage() != null && !t.getMessage().isBlank())
                .max(Comparator.comparing(t -> t.getFinishedAt() == null ? "" : t.getFinishedAt()))
                .map(t -> t.getMessage().strip());
    }

    private Stream<ContainerStateTerminated> terminations(String namespace, String job) {
        return pods(namespace, job).stream()
                .flatMap(p -> p.getStatus().getContainerStatuses().stream())
                .map(s -> s.getState().getTerminated() != null
                        ? s.getState().getTerminated()
                        : s.getLastState().getTerminated())
                .filter(Objects::nonNull);
    }

    private String progress(String namespace, String job) {
        return pods(namespace, job).stream()
                .max(Comparator.comparing(p -> p.getMetadata().getCreationTimestamp()))
                .map(MoverJobs::progress)
                .orElse("no pod yet");
    }

    private static String progress(Pod pod) {
        String name =
                "pod " + pod.getMetadata().getName() + " is " + pod.getStatus().getPhase();
        for (var status : pod.getStatus().getContainerStatuses()) {
            ContainerState state = status.getState();
            if (state.getWaiting() != null && state.getWaiting().getReason() != null) {
                return name + ": " + state.getWaiting().getReason();
            }
        }
        return pod.getStatus().getConditions().stream()
                .filter(c -> "PodScheduled".equals(c.getType()) && "False".equals(c.getStatus()))
                .map(c -> name + ": " + c.getMessage())
                .findFirst()
                .orElse(name);
    }

    private List<Pod> pods(String namespace, String job) {
        return client.pods()
                .inNamespace(namespace)
                .withLabel("batch.kubernetes.io/job-name", job)
                .list()
                .getItems();
    }

    private static boolean failed(Job job) {
        return job.getStatus() != null
                && job.getStatus().getConditions().stream()
                        .anyMatch(c -> "Failed".equals(c.getType()) && "True".equals(c.getStatus()));
    }

    private static int count(Integer n) {
        return n == null ? 0 : n;
    }

    private static String base64(String text) {
        return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8));
    }
}
