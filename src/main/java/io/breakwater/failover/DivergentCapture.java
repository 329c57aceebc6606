package io.breakwater.failover;

import io.breakwater.api.Api;
import io.breakwater.api.JournalEntry.State;
import io.breakwater.api.RestorePoint;
import io.breakwater.gate.NamespaceGate;
import io.breakwater.observe.StatusWriter;
import java.time.Clock;
import java.util.Map;
import java.util.Optional;

/**
 * Keeps what only this site has. A site that lost its lease without handing over may have acknowledged more than the other
 * site started from: before anything here is overwritten, that goes into a point of its own, once for each lost epoch.
 */
final class DivergentCapture {
    /** Annotation on a FailoverPlan: the epoch whose divergent data the user gives up. */
    static final String DISCARD = Api.GROUP + "/discard-divergent";

    private final NamespaceGate gate;
    private final PlanPoints points;
    private final StatusWriter writer;
    private final Clock clock;

    DivergentCapture(NamespaceGate gate, PlanPoints points, StatusWriter writer, Clock clock) {
        this.gate = gate;
        this.points = points;
        this.writer = writer;
        this.clock = clock;
    }

    /**
     * Goes on with keeping it. This cluster remembers its last epoch in status.epoch, which is raised only afterwards.
     *
     * @return what is waited for; empty when there is nothing to keep, or it is kept
     */
    Optional<String> pending(PlanSite p, Lease lease) {
        Optional<Long> lost = lease.lostBy(p.site()).filter(e -> remembers(p, e) && !discarded(p, e));
        if (lost.isEmpty() || lease.heldBy(p.site())) {
            return Optional.empty();
        }
        if (!gate.endStragglers(p.namespace())) {
            return Optional.of("waiting for pods to end: this site lost epoch " + lost.get());
        }
        FailoverJournal log = new FailoverJournal(p, lease.epoch(), writer, clock);
        log.running().ifPresent(r -> log.end(State.Failed, "site " + lease.holder() + " took the lease over"));
        RestorePoint point = points.ensureDivergent(p, lost.get());
        String name = point.getMetadata().getName();
        Optional<String> failure = PlanPoints.failure(point);
        if (failure.isPresent()) {
            return Optional.of("what only this site has could not be kept: " + failure.get()
                    + "; delete the RestorePoint to try again, or annotate the plan with " + DISCARD + "=" + lost.get()
                    + " to give it up");
        }
        if (!point.isSealed()) {
            log.note(FailoverStep.Divergent, State.Running, "keeping what only this site has in RestorePoint " + name);
            return Optional.of("keeping what only this site has in RestorePoint " + name);
        }
        log.note(FailoverStep.Divergent, State.Done, "RestorePoint " + name + " keeps what only this site had");
        return Optional.empty();
    }

    private static boolean remembers(PlanSite p, long lost) {
        return p.status().epoch != null && p.status().epoch > 0 && p.status().epoch <= lost;
    }

    private static boolean discarded(PlanSite p, long lost) {
        Map<String, String> annotations = p.plan().getMetadata().getAnnotations();
        return annotations != null && Long.toString(lost).equals(annotations.get(DISCARD));
    }
}
