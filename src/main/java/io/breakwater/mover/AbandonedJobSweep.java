package io.breakwater.mover;

import io.breakwater.config.BreakwaterConfig;
import io.breakwater.steps.PeriodicWork;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jboss.logging.Logger;

/**
 * Deletes mover Jobs that no run waits for any more, and their pods and Secrets with them: a Secret has a ticket and the passwords of
 * a repository. A run deletes its own Jobs, but the operator may be killed before that, and points of a namespace share the Job that
 * creates the repository. Jobs that move data at this moment stay until they end.
 */
@ApplicationScoped
class AbandonedJobSweep {
    private static final Logger LOG = Logger.getLogger(AbandonedJobSweep.class);
    private static final Duration INTERVAL = Duration.ofMinutes(5);

    /** A run asks for the state of its Jobs at least once within this time. */
    static final Duration UNPOLLED = Duration.ofMinutes(30);

    private final KubernetesClient client;
    private final BreakwaterConfig config;
    private final MoverJobs movers;
    private final MoverPods pods;
    private final Clock clock;
    private final PeriodicWork work = new PeriodicWork("sweep the mover Jobs", INTERVAL, this::sweep);

    /** When the sweep first saw a Job, by its uid: another process may have asked for its state before. */
    private final Map<String, Instant> seen = new HashMap<>();

    AbandonedJobSweep(KubernetesClient client, BreakwaterConfig config, MoverJobs movers, Clock clock) {
        this.client = client;
        this.config = config;
        this.movers = movers;
        this.pods = new MoverPods(client);
        this.clock = clock;
    }

    void start(@Observes StartupEvent event) {
        if (config.role() == BreakwaterConfig.Role.operator) {
            work.start();
        }
    }

    void stop(@Observes ShutdownEvent event) {
        work.stop();
    }

    /** Deletes the Jobs that exist and were not polled for {@link #UNPOLLED}. */
    void sweep() {
        Instant now = clock.instant();
        Instant before = now.minus(UNPOLLED);
        List<Job> jobs = MoverPlaces.jobs(client);
        seen.keySet()
                .retainAll(jobs.stream().map(job -> job.getMetadata().getUid()).toList());
        for (Job job : jobs) {
            Instant first = seen.computeIfAbsent(job.getMetadata().getUid(), uid -> now);
            if (first.isAfter(before) || movers.isPolledSince(job, before) || isRunning(job)) {
                continue;
            }
            movers.discard(job.getMetadata().getNamespace(), job.getMetadata().getName());
            LOG.warnf(
                    "deleted mover Job %s/%s, which no run waits for any more",
                    job.getMetadata().getNamespace(), job.getMetadata().getName());
        }
        movers.forgetPolls(before);
    }

    private boolean isRunning(Job job) {
        return pods.isRunning(
                job.getMetadata().getNamespace(), job.getMetadata().getName());
    }
}
