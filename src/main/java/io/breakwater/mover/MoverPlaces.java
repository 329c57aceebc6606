package io.breakwater.mover;

import io.breakwater.api.Api;
import io.breakwater.api.BoundedCache;
import io.breakwater.steps.RunNames;
import io.breakwater.steps.WorkBudget;
import io.breakwater.steps.WorkBudgets;
import io.breakwater.steps.WorkRequest;
import io.breakwater.steps.WorkUrgency;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;

/**
 * The places of movers in the budgets. The Jobs that exist when the process starts have places first, so a restart starts no
 * further ones.
 */
final class MoverPlaces {
    private static final int MOST_WAITING = 10_000;
    /** First argument of {@link MoverTask.Prune}. */
    private static final String PRUNE = "prune";

    private static final Runnable POLLED = () -> {};

    private final KubernetesClient client;
    private final WorkBudgets budgets;
    private final Clock clock;
    private boolean counted;

    /** The Jobs of an earlier process that have ended, by their id: the result of such a Job can be read without a place. */
    private final Set<String> ended = ConcurrentHashMap.newKeySet();

    /** What a task waits for, by its id. The text is that of the first call, because a run writes each new text into its status. */
    private final Map<String, String> waiting = BoundedCache.of(MOST_WAITING);

    MoverPlaces(KubernetesClient client, WorkBudgets budgets, Clock clock) {
        this.client = client;
        this.budgets = budgets;
        this.clock = clock;
    }

    /** The urgency of the tasks of a kind: users and failovers wait for those that write a volume. */
    static WorkUrgency urgencyOf(MoverTask task) {
        return switch (task) {
            case MoverTask.Fill _, MoverTask.FillDevice _, MoverTask.Files _, MoverTask.Mount _, MoverTask.Init _ ->
                WorkUrgency.Urgent;
            case MoverTask.Backup _,
                    MoverTask.BackupDevice _,
                    MoverTask.Rekey _,
                    MoverTask.Verify _,
                    MoverTask.Prune _ -> WorkUrgency.Usual;
        };
    }

    /** Takes a place, or continues to have it. Returns what the task waits for; empty when it has a place. */
    Optional<String> take(MoverJobs.Request request) {
        countExisting();
        WorkRequest wanted = work(request);
        if (ended.contains(wanted.id())) {
            return Optional.empty();
        }
        Optional<WorkBudget.Waiting> waits = budget(request.task()).enter(wanted, POLLED);
        if (waits.isEmpty()) {
            waiting.remove(wanted.id());
            return Optional.empty();
        }
        return Optional.of(
                waiting.computeIfAbsent(wanted.id(), id -> waits.get().message()));
    }

    /** Releases the place of a task that has ended. */
    void release(MoverJobs.Request request) {
        String id = id(request.namespace(), RunNames.of(request.id()), request.run());
        waiting.remove(id);
        ended.remove(id);
        budget(request.task()).leave(id);
    }

    /** Releases the places of all tasks of a run. */
    void releaseAll(String namespace, String run) {
        Predicate<String> ofRun = id -> id.startsWith(namespace + "/") && id.endsWith("/" + run);
        ended.removeIf(ofRun);
        budgets.movers().leaveIf(ofRun);
        budgets.prunes().leaveIf(ofRun);
    }

    private WorkBudget budget(MoverTask task) {
        return task instanceof MoverTask.Prune ? budgets.prunes() : budgets.movers();
    }

    private WorkRequest work(MoverJobs.Request request) {
        var repository = request.access() == null ? null : request.access().repository();
        var location = request.access() == null ? null : request.access().location();
        return new WorkRequest(
                id(request.namespace(), RunNames.of(request.id()), request.run()),
                request.run(),
                repository == null ? request.namespace() : repository.source().name(),
                location == null ? "" : String.valueOf(location.getMetadata().getUid()),
                request.task() instanceof MoverTask.Backup backup && backup.node() != null ? backup.node() : "",
                request.urgency(),
                clock.instant());
    }

    /** Gives places to the Jobs of an earlier process. Their location is unknown until their run asks for them. */
    private synchronized void countExisting() {
        if (counted) {
            return;
        }
        for (Job job : jobs(client)) {
            if (isUnfinished(job)) {
                resume(job);
            } else {
                ended.add(id(job));
            }
        }
        counted = true;
    }

    /** The mover Jobs of the cluster. */
    static List<Job> jobs(KubernetesClient client) {
        return client.batch()
                .v1()
                .jobs()
                .inAnyNamespace()
                .withLabel(Api.COMPONENT, "mover")
                .list()
                .getItems();
    }

    private void resume(Job job) {
        String namespace = job.getMetadata().getNamespace();
        boolean prunes = job.getSpec().getTemplate().getSpec().getContainers().stream()
                .anyMatch(c -> c.getArgs() != null && c.getArgs().indexOf(PRUNE) == 0);
        (prunes ? budgets.prunes() : budgets.movers())
                .resume(new WorkRequest(
                        id(job),
                        job.getMetadata().getLabels().getOrDefault(Api.RUN, ""),
                        namespace,
                        "",
                        "",
                        WorkUrgency.Usual,
                        clock.instant()));
    }

    private static boolean isUnfinished(Job job) {
        return job.getSpec() != null
                && job.getSpec().getTemplate() != null
                && job.getSpec().getTemplate().getSpec() != null
                && (job.getStatus() == null || job.getStatus().getCompletionTime() == null)
                && (job.getStatus() == null
                        || job.getStatus().getConditions().stream()
                                .noneMatch(c -> "Failed".equals(c.getType()) && "True".equals(c.getStatus())));
    }

    private static String id(Job job) {
        return id(
                job.getMetadata().getNamespace(),
                job.getMetadata().getName(),
                job.getMetadata().getLabels().getOrDefault(Api.RUN, ""));
    }

    private static String id(String namespace, String job, String run) {
        return namespace + "/" + job + "/" + run;
    }
}
