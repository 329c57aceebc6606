package io.breakwater.mover;

import com.fasterxml.jackson.databind.JsonNode;
import io.breakwater.api.Api;
import io.breakwater.api.BoundedCache;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Durations;
import io.breakwater.api.MoverSettings;
import io.breakwater.api.Reason;
import io.breakwater.api.ServerMessage;
import io.breakwater.api.WorkloadUser;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.gateway.Repositories;
import io.breakwater.gateway.Ticket;
import io.breakwater.steps.RunNames;
import io.breakwater.steps.WorkBudgets;
import io.breakwater.steps.WorkUrgency;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.api.model.OwnerReferenceBuilder;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.fabric8.kubernetes.api.model.ServiceAccountBuilder;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Inject;
import java.net.HttpURLConnection;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;

/**
 * Mover Jobs: one for each task. Its name depends on the task only, so a repeated call finds the same Job. The pod has a ticket
 * for one repository and a token for the gateway only. It never has credentials of a cloud.
 */
@ApplicationScoped
public class MoverJobs {
    /** ServiceAccount of mover pods, in the namespace that they run in. */
    public static final String SERVICE_ACCOUNT = "breakwater-mover";

    /** Start of the termination message of a mover whose passwords do not open the repository. */
    private static final String WRONG_PASSWORD = "exit 12:";

    /** How restic reports a 403 of the gateway. It does not report the text of the response. */
    private static final String REFUSED = "unexpected HTTP response (403)";

    private static final int MOST_RUNS = 10_000;

    private final KubernetesClient client;
    private final BreakwaterConfig config;
    private final Repositories repositories;
    private final MoverPods pods;
    private final MoverPodWatch watch;
    private final Clock clock;
    private final MoverStartTimeout starts;
    private final MoverPlaces places;

    /**
     * Runs that maintain a repository, and whose movers could not start with the settings of the policy, by namespace and run. Their
     * next movers have the default settings: those who write policies must not prevent a rotation or a cleanup.
     */
    private final Map<String, Boolean> unstartable = BoundedCache.of(MOST_RUNS);

    /** When this process last asked for the state of a Job, by its namespace and name. */
    private final Map<String, Instant> polls = new ConcurrentHashMap<>();

    /** Movers without a limit of how many run at the same time. */
    public MoverJobs(KubernetesClient client, BreakwaterConfig config, Repositories repositories, Clock clock) {
        this(client, config, repositories, clock, WorkBudgets.unlimited(clock));
    }

    /** Movers within the budgets of the process. */
    @Inject
    public MoverJobs(
            KubernetesClient client,
            BreakwaterConfig config,
            Repositories repositories,
            Clock clock,
            WorkBudgets budgets) {
        this.places = new MoverPlaces(client, budgets, clock);
        this.client = client;
        this.config = config;
        this.repositories = repositories;
        this.pods = new MoverPods(client);
        this.watch = new MoverPodWatch(client);
        this.clock = clock;
        this.starts = new MoverStartTimeout(clock);
    }

    void start(@Observes StartupEvent event) {
        if (config.role() == BreakwaterConfig.Role.operator) {
            watch.start();
        }
    }

    void stop(@Observes ShutdownEvent event) {
        watch.close();
    }

    /** Wakes a run at each change of a pod of its movers, until {@link #delete}. The run must also look by itself, less often. */
    public void wakeOnChange(String namespace, String run, Runnable wake) {
        watch.add(namespace, run, wake);
    }

    /**
     * One task for a Job.
     *
     * @param namespace where the Job runs
     * @param run value of the label {@link Api#RUN} on all objects of the Job
     * @param id identity of the task, which no other task ever has: the same id finds the same Job
     * @param access the repository, and the kind of access to it
     * @param settings nodes, resources, user and bandwidth of the pod; null for those of a policy of the namespace that owns the
     *     repository. They have an effect when the Job is created
     * @param user of the workload that uses the volume; null if it is unknown
     * @param urgency how soon the Job may start when many movers run
     */
    public record Request(
            String namespace,
            String run,
            String id,
            MoverTask task,
            Repositories.Access access,
            MoverSettings settings,
            WorkloadUser user,
            WorkUrgency urgency) {
        /** A task that no workload's user is known for, with the urgency of its kind. */
        public Request(
                String namespace,
                String run,
                String id,
                MoverTask task,
                Repositories.Access access,
                MoverSettings settings) {
            this(namespace, run, id, task, access, settings, null, MoverPlaces.urgencyOf(task));
        }

        /** The same task for a volume of this workload. */
        public Request as(WorkloadUser workload) {
            return new Request(namespace, run, id, task, access, settings, workload, urgency);
        }

        /** The same task, which starts sooner or later than others of its kind. */
        public Request at(WorkUrgency other) {
            return new Request(namespace, run, id, task, access, settings, user, other);
        }

        /** A task for a repository, with the settings of a policy of the namespace that owns it. */
        public Request(String namespace, String run, String id, MoverTask task, Repositories.Access access) {
            this(namespace, run, id, task, access, null);
        }

        private Request with(MoverSettings chosen) {
            return new Request(namespace, run, id, task, access, chosen, user, urgency);
        }
    }

    /** State of a Job. */
    public sealed interface State {
        /** In progress. The message describes what the Job does or waits for. */
        record Running(String message) implements State {}

        /** Ended with success. The report is the line of JSON that the mover wrote. */
        record Succeeded(JsonNode report) implements State {}

        /** Ended without success. The message contains the termination message of the mover. */
        record Failed(String message) implements State {}
    }

    /**
     * Creates the Job of the task unless it exists, and returns its state. The state is {@link State.Failed} if no mover of the run
     * could start within the time that the configuration permits.
     */
    public State poll(Request request) {
        String name = RunNames.of(request.id());
        polls.put(request.namespace() + "/" + name, clock.instant());
        Optional<String> queued = places.take(request);
        if (queued.isPresent()) {
            return new State.Running(queued.get());
        }
        State state = stateOf(request, name);
        if (!(state instanceof State.Running)) {
            places.release(request);
        }
        return state;
    }

    /**
     * Takes a place among the movers for a task before its Job is created, so that what the Job needs is created for Jobs that can
     * start.
     *
     * @return what the task waits for; empty when its Job can be created
     */
    public Optional<String> reserve(Request request) {
        return places.take(request);
    }

    private State stateOf(Request request, String name) {
        Job job = client.batch()
                .v1()
                .jobs()
                .inNamespace(request.namespace())
                .withName(name)
                .get();
        if (job == null) {
            job = create(request, name);
        }
        try (MoverPods.Look _ = pods.look()) {
            return limited(request, job, state(request, job));
        }
    }

    private State state(Request request, Job job) {
        String name = job.getMetadata().getName();
        if (job.getSpec() != null && Boolean.TRUE.equals(job.getSpec().getSuspend())) {
            release(request, job);
            return new State.Running("mover Job " + name + " was created");
        }
        boolean succeeded =
                count(job.getStatus() == null ? null : job.getStatus().getSucceeded()) > 0;
        if (succeeded || pods.isSucceeded(request.namespace(), name)) {
            return new State.Succeeded(pods.report(request.namespace(), name));
        }
        if (failed(job) || pods.isFailedNextToOthers(request.namespace(), name)) {
            if (hasOldPasswords(request, name)) {
                discard(request);
                return new State.Running(
                        "mover Job " + name + " has a password from before the change of the master key; will retry");
            }
            return new State.Failed("mover Job " + request.namespace() + "/" + name + ": " + pods.failure(job));
        }
        if (isWithoutSecret(request, name)) {
            discard(request);
            return new State.Running(
                    "mover Job " + name + " cannot start, because its Secret was deleted; will create both again");
        }
        return new State.Running("mover Job " + name + ": "
                + pods.describe(job, request.task().mountedClaim().orElse(null)));
    }

    /** The state of a Job, or a failure if the movers of its run have waited for too long. */
    private State limited(Request request, Job job, State state) {
        String namespace = request.namespace();
        String name = job.getMetadata().getName();
        String run = namespace + "/" + request.run();
        if (!(state instanceof State.Running(String message))) {
            starts.progressed(run);
            return state;
        }
        if (pods.isStarted(namespace, name)) {
            starts.progressed(run);
            if (pods.isRunning(namespace, name)) {
                starts.runs();
            }
            return state;
        }
        Duration patience = config.mover().start();
        if (!starts.isExceeded(run, patience)) {
            return state;
        }
        boolean waits =
                pods.anyRunning(namespace, request.run()) || starts.anyRuns() && pods.isWaitingForRoom(namespace, name);
        if (waits) {
            starts.progressed(run);
            return state;
        }
        starts.forget(run);
        if (request.settings() == null) {
            unstartable.put(run, true);
        }
        return new State.Failed("no mover could start within " + Durations.format(patience) + ": " + message);
    }

    /** Progress of a task; empty before its first report, and for a task that reports none. */
    public Optional<MoverProgress> progress(Request request) {
        return pods.progress(request.namespace(), RunNames.of(request.id()));
    }

    /** Whether the termination message of a mover reports a refusal by the gateway, which a retry does not change. */
    public static boolean isRefusal(String message) {
        return message.contains(REFUSED);
    }

    /**
     * Creates the repository of a namespace if it does not exist. All points share the Job that creates it: two Jobs at the same
     * time would leave a repository with two keys, one of which opens nothing.
     *
     * @param namespace where the Job runs
     * @param settings nodes and resources of the pod
     * @return what the caller waits for; empty when the repository is usable
     * @throws BreakwaterException MoverFailed when the Job failed, or could not start; the next call creates another one
     */
    public Optional<String> ensureRepository(String namespace, Repositories.Access access, MoverSettings settings) {
        return ensureRepository(namespace, access, settings, WorkUrgency.Urgent);
    }

    /** As above, with the urgency of the run that needs the repository. */
    public Optional<String> ensureRepository(
            String namespace, Repositories.Access access, MoverSettings settings, WorkUrgency urgency) {
        String id = "init/" + access.location().getMetadata().getUid() + "/"
                + access.repository().id();
        String run = RunNames.of(id);
        if (repositories.initialised(access)) {
            if (polls.containsKey(namespace + "/" + run)) {
                delete(namespace, run);
                polls.remove(namespace + "/" + run);
            }
            return Optional.empty();
        }
        String of =
                "the repository of namespace " + access.repository().source().name();
        Request request = new Request(
                        namespace, run, id, new MoverTask.Init(repositories.writingKey(access)), access, settings)
                .at(urgency);
        return switch (poll(request)) {
            case State.Running(String message) -> Optional.of("creating " + of + ": " + message);
            case State.Succeeded s -> {
                delete(namespace, run);
                yield repositories.initialised(access) ? Optional.empty() : Optional.of("creating " + of);
            }
            case State.Failed(String message) -> {
                delete(namespace, run);
                throw BreakwaterException.retryable(Reason.MoverFailed, "could not create " + of + ": " + message);
            }
        };
    }

    /** Deletes the Job of one task, and its Secret with it, so that the next {@link #poll} creates both again. */
    public void discard(Request request) {
        discard(request.namespace(), RunNames.of(request.id()));
        places.release(request);
    }

    /** Deletes a Job, and its Secret with it. */
    void discard(String namespace, String name) {
        client.batch().v1().jobs().inNamespace(namespace).withName(name).delete();
        client.secrets().inNamespace(namespace).withName(name).delete();
    }

    /** Deletes all Jobs and Secrets of a run, and the pods with them. */
    public void delete(String namespace, String run) {
        client.batch()
                .v1()
                .jobs()
                .inNamespace(namespace)
                .withLabel(Api.RUN, run)
                .delete();
        client.secrets().inNamespace(namespace).withLabel(Api.RUN, run).delete();
        starts.forget(namespace + "/" + run);
        places.releaseAll(namespace, run);
        watch.remove(namespace, run);
    }

    /** Whether this process has asked for the state of a Job since a time. */
    boolean isPolledSince(Job job, Instant since) {
        Instant last = polls.get(
                job.getMetadata().getNamespace() + "/" + job.getMetadata().getName());
        return last != null && !last.isBefore(since);
    }

    /** Forgets the calls of {@link #poll} before a time. */
    void forgetPolls(Instant before) {
        polls.values().removeIf(last -> last.isBefore(before));
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

    /** Whether a pod of the run still exists. */
    public boolean anyPod(String namespace, String run) {
        return !client.pods()
                .inNamespace(namespace)
                .withLabel(Api.RUN, run)
                .list()
                .getItems()
                .isEmpty();
    }

    /** Creates the Job, suspended: its Secret needs the uid of the Job, and its pod needs the Secret. */
    private Job create(Request request, String name) {
        var jobs = client.batch().v1().jobs().inNamespace(request.namespace());
        try {
            ensureServiceAccount(request.namespace());
            String repository = request.access().repository() == null ? null : repositories.url(request.access());
            MoverSurroundings found = new SurroundingsReader(client, MoverPodDefaults.of(config)).of(request);
            return jobs.resource(MoverJobSpec.build(config, found, resolved(request), name, repository))
                    .create();
        } catch (KubernetesClientException e) {
            Job other = e.getCode() == HttpURLConnection.HTTP_CONFLICT
                    ? jobs.withName(name).get()
                    : null;
            if (other == null) {
                throw failed(request, name, "create", e);
            }
            return other;
        }
    }

    /** The task with its settings. */
    private Request resolved(Request request) {
        if (request.settings() != null) {
            return request;
        }
        return request.with(
                unstartable.containsKey(request.namespace() + "/" + request.run())
                        ? new MoverSettings()
                        : PolicySettings.of(client, request.access()));
    }

    /**
     * Creates the Secret of a suspended Job, and then resumes the Job. A call that was killed in between is repeated by the next
     * one. It replaces the Secret, which may belong to an earlier Job of the same name.
     */
    private void release(Request request, Job job) {
        String name = job.getMetadata().getName();
        MoverPodDefaults defaults = MoverPodDefaults.of(config);
        try {
            replace(credentials(request, job));
            PullSecrets.copies(client, config.namespace(), defaults, job).forEach(this::replace);
            MoverNetworkPolicy.of(config, defaults.networkPolicy(), job).ifPresent(this::replace);
            // The uid makes the API server refuse the change of a later Job of the same name.
            client.batch()
                    .v1()
                    .jobs()
                    .inNamespace(request.namespace())
                    .withName(name)
                    .patch(
                            PatchContext.of(PatchType.JSON_MERGE),
                            "{\"metadata\":{\"uid\":\"" + job.getMetadata().getUid()
                                    + "\"},\"spec\":{\"suspend\":false}}");
        } catch (KubernetesClientException e) {
            throw failed(request, name, "start", e);
        }
    }

    /** Creates an object of a Job, in the place of one of an earlier Job. */
    private <T extends HasMetadata> void replace(T object) {
        try {
            client.resource(object).create();
        } catch (KubernetesClientException e) {
            if (e.getCode() != HttpURLConnection.HTTP_CONFLICT) {
                throw e;
            }
            client.resource(object).delete();
            client.resource(object).create();
        }
    }

    private Ticket ticket(Request request, Job job) {
        ObjectMeta metadata = job.getMetadata();
        return repositories.ticket(
                request.access(),
                "system:serviceaccount:" + request.namespace() + ":" + SERVICE_ACCOUNT,
                new Ticket.Owner(Ticket.Owner.JOB, request.namespace(), metadata.getName(), metadata.getUid()),
                Instant.parse(metadata.getCreationTimestamp()));
    }

    private static BreakwaterException failed(Request request, String name, String what, KubernetesClientException e) {
        return BreakwaterException.retryable(
                Reason.MoverFailed,
                "could not " + what + " mover Job " + request.namespace() + "/" + name + ": " + ServerMessage.of(e)
                        + "; will retry",
                e);
    }

    /** Whether the pod of a resumed Job waits for a Secret that does not exist. It would wait until the deadline of the Job. */
    private boolean isWithoutSecret(Request request, String name) {
        return !pods.isStarted(request.namespace(), name)
                && client.secrets()
                                .inNamespace(request.namespace())
                                .withName(name)
                                .get()
                        == null;
    }

    /** Whether the Job got its passwords before a change of the master key, and none of them opens the repository now. */
    private boolean hasOldPasswords(Request request, String name) {
        Secret given =
                client.secrets().inNamespace(request.namespace()).withName(name).get();
        return given != null
                && given.getData() != null
                && pods.message(request.namespace(), name)
                        .filter(m -> m.startsWith(WRONG_PASSWORD))
                        .isPresent()
                && !given.getData().entrySet().containsAll(passwords(request).entrySet());
    }

    private Map<String, String> passwords(Request request) {
        Map<String, String> entries = new HashMap<>();
        String first = switch (request.task()) {
            case MoverTask.Init(String keyId) -> keyId;
            case MoverTask.Rekey(String keyId) -> keyId;
            case MoverTask.Backup _,
                    MoverTask.BackupDevice _,
                    MoverTask.Fill _,
                    MoverTask.FillDevice _,
                    MoverTask.Files _,
                    MoverTask.Mount _,
                    MoverTask.Verify _,
                    MoverTask.Prune _ -> repositories.writingKey(request.access());
        };
        List<String> all = repositories.passwords(request.access(), first);
        for (int i = 0; i < all.size(); i++) {
            entries.put(i == 0 ? "password" : "password." + i, base64(all.get(i)));
        }
        return entries;
    }

    /** The Secret of a Job, which goes with it. */
    private Secret credentials(Request request, Job job) {
        Map<String, String> secrets = passwords(request);
        if (request.access().repository() != null) {
            secrets.put("ticket", base64(repositories.sign(ticket(request, job))));
        }
        return new SecretBuilder()
                .withNewMetadata()
                .withName(job.getMetadata().getName())
                .withNamespace(request.namespace())
                .withOwnerReferences(ownedBy(job))
                .addToLabels(Api.RUN, request.run())
                .addToLabels(Api.EXCLUDE, "true")
                .endMetadata()
                .withData(secrets)
                .addToData("ca.crt", base64(repositories.caPem()))
                .build();
    }

    /** A reference that makes the cluster delete an object with the Job. */
    static OwnerReference ownedBy(Job job) {
        return new OwnerReferenceBuilder()
                .withApiVersion("batch/v1")
                .withKind("Job")
                .withName(job.getMetadata().getName())
                .withUid(job.getMetadata().getUid())
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
