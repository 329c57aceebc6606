package io.breakwater.failover;

import io.breakwater.api.BackupPolicy;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Condition;
import io.breakwater.api.Durations;
import io.breakwater.api.FailoverPlan;
import io.breakwater.api.FailoverPlanStatus;
import io.breakwater.api.FailoverPlanStatus.Role;
import io.breakwater.api.JournalEntry;
import io.breakwater.api.Reason;
import io.breakwater.observe.Conditions;
import io.breakwater.observe.MeterName;
import io.breakwater.observe.Meters;
import io.breakwater.observe.StatusWriter;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/** Tells the outside how a plan stands: status, conditions, metrics. */
final class PlanReport {
    /** Expected loss grows all the time; the status shows it in steps of this, rounded up. */
    private static final Duration STEP = Duration.ofSeconds(15);

    private final KubernetesClient client;
    private final StatusWriter writer;
    private final Meters meters;
    private final PlanPoints points;
    private final Clock clock;

    PlanReport(KubernetesClient client, StatusWriter writer, Meters meters, PlanPoints points, Clock clock) {
        this.client = client;
        this.writer = writer;
        this.meters = meters;
        this.points = points;
        this.clock = clock;
    }

    /** What was seen and done. */
    void write(PlanSite p, Optional<LeaseVersion> seen, PlanOutcome look) {
        Optional<Duration> lag = seen.flatMap(s -> lag(p, s));
        boolean holder = seen.map(s -> s.lease().heldBy(p.site())).orElse(false);
        writer.update(p.plan(), FailoverPlanStatus.class, s -> {
            s.role = look.role();
            seen.ifPresent(x -> describe(s, x));
            s.expectedDataLoss = holder
                    ? null
                    : lag.map(PlanReport::rounded).map(Durations::format).orElse(null);
            Conditions c = Conditions.of(s, p.plan().getMetadata().getGeneration(), clock);
            health(c, look);
            drift(c, p, seen, s);
            exposure(c, p, lag);
        });
        gauges(p, seen, look.role(), holder ? Optional.empty() : lag);
    }

    /** The plan cannot be looked at: the reason, and what the site is as far as is known. */
    void trouble(FailoverPlan plan, Role role, BreakwaterException e) {
        writer.update(plan, FailoverPlanStatus.class, s -> {
            s.role = role;
            Conditions.of(s, plan.getMetadata().getGeneration(), clock).notReady(e);
        });
        role(plan, role);
    }

    void forget(FailoverPlan plan) {
        meters.removeAll(tags(plan));
    }

    /** A failover ended on the site that took over. */
    void finished(FailoverPlan plan, FailoverPlanStatus.Run run, String result) {
        meters.count(
                MeterName.FAILOVERS,
                "namespace",
                plan.getMetadata().getNamespace(),
                "plan",
                plan.getMetadata().getName(),
                "kind",
                run.kind.name(),
                "result",
                result);
    }

    private static void describe(FailoverPlanStatus s, LeaseVersion seen) {
        s.activeSite = seen.lease().holder();
        s.fence = seen.lease().fence();
        s.leaseRenewedAt = Conditions.timestamp(seen.renewedAt());
    }

    private static void health(Conditions c, PlanOutcome look) {
        switch (look.health()) {
            case Ready -> c.ready(look.reason(), look.message());
            case Working ->
                c.set(Condition.READY, false, look.reason(), look.message())
                        .set(Condition.RECONCILING, true, look.reason(), look.message())
                        .clear(Condition.STALLED);
            case Stalled ->
                c.set(Condition.READY, false, look.reason(), look.message())
                        .set(Condition.STALLED, true, look.reason(), look.message())
                        .clear(Condition.RECONCILING);
        }
    }

    private static void drift(Conditions c, PlanSite p, Optional<LeaseVersion> seen, FailoverPlanStatus s) {
        boolean running = s.run != null && s.run.state == JournalEntry.State.Running;
        if (seen.isEmpty() || running) {
            c.clear(Condition.GIT_DRIFT);
            return;
        }
        String asked = p.plan().getSpec().activeSite;
        String holder = seen.get().lease().holder();
        if (asked.equals(holder)) {
            c.set(Condition.GIT_DRIFT, false, Reason.InSync, "spec.activeSite and the lease both name " + holder);
        } else {
            c.set(
                    Condition.GIT_DRIFT,
                    true,
                    Reason.Drifted,
                    "spec.activeSite names " + asked + ", the lease is with " + holder
                            + "; the lease wins until spec.activeSite is changed on the site that is to take over");
        }
    }

    private void exposure(Conditions c, PlanSite p, Optional<Duration> lag) {
        Optional<Duration> rpo = rpo(p);
        if (rpo.isEmpty()) {
            c.clear(Condition.PROTECTED);
            return;
        }
        boolean met = lag.isPresent() && lag.get().compareTo(rpo.get()) <= 0;
        String shown =
                lag.map(PlanReport::rounded).map(Durations::format).orElse("unknown: no point is complete there");
        c.set(
                Condition.PROTECTED,
                met,
                met ? Reason.ObjectiveMet : Reason.ObjectiveMissed,
                "a failover without the active site would lose at most " + shown + ", the policy's RPO is "
                        + Durations.format(rpo.get()));
    }

    /** How far the standby site is behind; on the active site as its own points tell. */
    private Optional<Duration> lag(PlanSite p, LeaseVersion seen) {
        boolean holder = seen.lease().heldBy(p.site());
        String location = holder ? p.peerLocation() : p.location();
        return points.newest(p, seen.lease(), location).map(ref -> LeaseRules.lossBound(seen, ref));
    }

    private Optional<Duration> rpo(PlanSite p) {
        BackupPolicy policy = client.resources(BackupPolicy.class)
                .inNamespace(p.namespace())
                .withName(p.policy())
                .get();
        return policy == null || policy.getSpec().objectives == null || policy.getSpec().objectives.rpo == null
                ? Optional.empty()
                : Optional.of(Durations.parse(policy.getSpec().objectives.rpo));
    }

    private void gauges(PlanSite p, Optional<LeaseVersion> seen, Role role, Optional<Duration> loss) {
        String[] tags = tags(p.plan());
        role(p.plan(), role);
        seen.ifPresent(s -> {
            Instant renewed = clock.instant().minus(s.age());
            meters.age(MeterName.FAILOVER_LEASE_AGE, renewed, tags);
            meters.set(MeterName.FAILOVER_EPOCH, s.lease().epoch(), tags);
        });
        if (loss.isPresent()) {
            meters.set(MeterName.FAILOVER_EXPECTED_DATA_LOSS, loss.get().toSeconds(), tags);
        } else {
            meters.remove(MeterName.FAILOVER_EXPECTED_DATA_LOSS, tags);
        }
    }

    private void role(FailoverPlan plan, Role role) {
        String[] t = tags(plan);
        for (Role r : Role.values()) {
            if (r == role) {
                meters.set(MeterName.FAILOVER_ROLE, 1, t[0], t[1], t[2], t[3], "role", r.name());
            } else {
                meters.remove(MeterName.FAILOVER_ROLE, t[0], t[1], t[2], t[3], "role", r.name());
            }
        }
    }

    private static Duration rounded(Duration d) {
        long steps = (d.toMillis() + STEP.toMillis() - 1) / STEP.toMillis();
        return STEP.multipliedBy(steps);
    }

    private static String[] tags(FailoverPlan plan) {
        return new String[] {
            "namespace",
            plan.getMetadata().getNamespace(),
            "plan",
            plan.getMetadata().getName()
        };
    }
}
