package io.breakwater.gateway;

import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.function.LongSupplier;

/**
 * Whether a ticket is used by the object that it was signed for: the caller is a pod of that object, and the object is not over.
 * An answer is valid for ten seconds, whether positive or negative. While the API server does not answer, the last answer is
 * valid for a minute.
 *
 * <p>A pod may delete locks until it ends, also after its Job was deleted: a mover that is stopped must release its lock.
 */
@ApplicationScoped
class TicketOwnerCheck {
    static final Duration FRESH = Duration.ofSeconds(10);
    static final Duration WITHOUT_API_SERVER = Duration.ofSeconds(60);

    private static final int CALLERS = 10_000;
    private static final Set<String> POD_IS_OVER = Set.of("Succeeded", "Failed");
    private static final Set<String> JOB_IS_OVER = Set.of("Complete", "Failed");

    private record Subject(Ticket.Owner owner, String podUid, boolean unlocks) {}

    private final KubernetesClient client;
    private final TimedCache<Subject, Boolean> answers;

    @Inject
    TicketOwnerCheck(KubernetesClient client) {
        this(client, System::nanoTime);
    }

    /** @param nanos a monotonic clock */
    TicketOwnerCheck(KubernetesClient client, LongSupplier nanos) {
        this.client = client;
        this.answers = new TimedCache<>(CALLERS, (older, newer) -> newer, nanos);
    }

    /**
     * Passes when the caller may use the ticket.
     *
     * @param unlocks whether the caller deletes a lock
     * @throws BreakwaterException Forbidden, when it may not
     * @throws KubernetesClientException when the API server does not answer
     */
    void check(Ticket ticket, TokenReviewer.Caller caller, boolean unlocks) {
        Ticket.Owner owner = ticket.owner();
        if (owner == null) {
            throw refused("the ticket names no owner; delete the mover Job, which is of an older version");
        }
        Subject subject = new Subject(owner, caller.podUid(), unlocks);
        boolean alive;
        try {
            alive = answers.get(subject, FRESH, () -> Optional.of(isAlive(owner, caller, unlocks)))
                    .orElseThrow();
        } catch (KubernetesClientException e) {
            alive = answers.get(subject, WITHOUT_API_SERVER, () -> {
                        throw e;
                    })
                    .orElseThrow();
        }
        if (!alive) {
            throw refused("pod " + caller.pod() + " may not use the ticket of " + owner
                    + ": the pod does not belong to it, or it has ended");
        }
    }

    /** Later kinds of owners have their own case. A kind that this version does not know is refused. */
    private boolean isAlive(Ticket.Owner owner, TokenReviewer.Caller caller, boolean unlocks) {
        return switch (owner.kind()) {
            case Ticket.Owner.JOB -> isPodOf(owner, caller) && (unlocks || isJobRunning(owner));
            default -> false;
        };
    }

    private boolean isPodOf(Ticket.Owner owner, TokenReviewer.Caller caller) {
        Pod pod = client.pods()
                .inNamespace(owner.namespace())
                .withName(caller.pod())
                .get();
        return pod != null
                && caller.podUid().equals(pod.getMetadata().getUid())
                && pod.getMetadata().getOwnerReferences().stream()
                        .anyMatch(reference -> Boolean.TRUE.equals(reference.getController())
                                && owner.kind().equals(reference.getKind())
                                && owner.uid().equals(reference.getUid()))
                && (pod.getStatus() == null
                        || pod.getStatus().getPhase() == null
                        || !POD_IS_OVER.contains(pod.getStatus().getPhase()));
    }

    private boolean isJobRunning(Ticket.Owner owner) {
        Job job = client.batch()
                .v1()
                .jobs()
                .inNamespace(owner.namespace())
                .withName(owner.name())
                .get();
        return job != null
                && owner.uid().equals(job.getMetadata().getUid())
                && job.getMetadata().getDeletionTimestamp() == null
                && !Boolean.TRUE.equals(job.getSpec().getSuspend())
                && (job.getStatus() == null
                        || job.getStatus().getConditions().stream()
                                .noneMatch(c -> JOB_IS_OVER.contains(c.getType()) && "True".equals(c.getStatus())));
    }

    private static BreakwaterException refused(String message) {
        return BreakwaterException.permanent(Reason.Forbidden, message);
    }
}
