package io.breakwater.failover;

import io.breakwater.api.BackupPolicy;
import io.breakwater.api.BoundedCache;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Condition;
import io.breakwater.api.Durations;
import io.breakwater.api.FailoverPlan;
import io.breakwater.api.FailoverPlanStatus;
import io.breakwater.api.FailoverPlanStatus.Role;
import io.breakwater.api.JournalEntry;
import io.breakwater.api.Reason;
import io.breakwater.lease.Lease;
import io.breakwater.lease.LeaseKeeper;
import io.breakwater.lease.LeaseRules;
import io.breakwater.lease.LeaseVersion;
import io.breakwater.lease.RenewalCounter;
import io.breakwater.observe.Conditions;
import io.breakwater.observe.MeterName;
import io.breakwater.observe.Meters;
import io.breakwater.observe.StatusWriter;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/** Reports the state of a plan: status, conditions, metrics. */
final class PlanReport {
    /** The expected data loss grows all the time. The status shows it in multiples of this, rounded up. */
    private static final Duration ROUNDING = Duration.ofSeconds(15);

    private static final String DIVERGENT = FailoverStep.Divergent.name();

    private static final Duration REMEMBERED = Duration.ofMinutes(5);
    private static final int PLANS = 10_000;

    /** The RPO of a policy, and when it was read. */
    private record ReadObjective(Optional<Duration> rpo, Instant at) {}

    private final Map<String, ReadObjective> objectives = BoundedCache.of(PLANS);
    private final KubernetesClient client;
    private final StatusWriter writer;
    private final Meters meters;
    private final PlanPoints points;
    private final LeaseKeepers keepers;
    private final Clock clock;

    PlanReport(
            KubernetesClient client,
            StatusWriter writer,
            Meters meters,
            PlanPoints points,
            LeaseKeepers keepers,
            Clock clock) {
        this.keepers = keepers;
        this.client = client;
        this.writer = writer;
        this.meters = meters;
        this.points = points;
        this.clock = clock;
    }

    /** Reports the lease as it was read, and the outcome of the reconciliation. */
    void write(PlanSite plan, Optional<LeaseVersion> seen, PlanOutcome outcome) {
        Optional<Duration> lag = seen.flatMap(version -> lag(plan, version));
        boolean holder =
                seen.map(version -> version.lease().heldBy(plan.site())).orElse(false);
        Long generation = plan.resource().getMetadata().getGeneration();
        writer.update(plan.resource(), FailoverPlanStatus.class, status -> {
            status.role = outcome.role();
            seen.ifPresent(version -> setLease(status, version, confirmedAt(plan, holder)));
            status.lag = lag.map(PlanReport::rounded).orElse(null);
            status.expectedDataLoss = holder ? null : status.lag;
            Conditions conditions = Conditions.of(status, generation, clock);
            setHealth(conditions, outcome);
            setRisk(conditions, plan.resource(), status.role == Role.Active);
            setDrift(conditions, plan, seen, status);
            setProtection(conditions, plan, lag);
        });
        setGauges(plan, seen, outcome.role(), holder ? Optional.empty() : lag);
        setProgress(plan.resource(), outcome.health() == PlanOutcome.Health.Stalled);
    }

    /** Reports that the plan cannot be reconciled. */
    void failed(FailoverPlan plan, Role role, BreakwaterException e) {
        writer.update(plan, FailoverPlanStatus.class, status -> {
            status.role = role;
            Conditions conditions = Conditions.of(status, plan.getMetadata().getGeneration(), clock);
            conditions.notReady(e);
            setRisk(conditions, plan, role == Role.Active);
        });
        setRole(plan, role);
        setProgress(plan, !e.isRetryable());
    }

    /** Removes the metrics of a deleted plan. */
    void forget(FailoverPlan plan) {
        meters.removeAll(tags(plan));
    }

    /** Counts a failover that ended on this site. */
    void finished(FailoverPlan plan, FailoverPlanStatus.Run run, FailoverResult result) {
        String[] labels = failover(plan, run.kind.name(), result);
        meters.count(MeterName.FAILOVERS, labels);
        meters.time(
                MeterName.FAILOVER_DURATION, Duration.between(Instant.parse(run.startedAt), clock.instant()), labels);
    }

    /** Counts a backup of divergent data that ended. */
    void finishedDivergent(FailoverPlan plan, FailoverResult result) {
        meters.count(MeterName.FAILOVERS, failover(plan, DIVERGENT, result));
    }

    /** Registers the counters of a plan, so that the first event is an increase. */
    private void startCounters(FailoverPlan plan) {
        List<String> kinds = Stream.concat(
                        Stream.of(FailoverPlanStatus.Kind.values()).map(Enum::name), Stream.of(DIVERGENT))
                .toList();
        for (String kind : kinds) {
            for (FailoverResult result : FailoverResult.values()) {
                meters.start(MeterName.FAILOVERS, failover(plan, kind, result));
            }
        }
    }

    private static String[] failover(FailoverPlan plan, String kind, FailoverResult result) {
        return tags(plan, "kind", kind, "result", result.name());
    }

    /** The time of the last renewal by the keeper, by the clock of this process; empty on a site that does not hold the lease. */
    private Optional<String> confirmedAt(PlanSite plan, boolean holder) {
        return keepers.of(plan.key())
                .filter(keeper -> holder)
                .flatMap(LeaseKeeper::confirmedAge)
                .map(age -> Conditions.timestamp(clock.instant().minus(age)));
    }

    private static void setLease(FailoverPlanStatus status, LeaseVersion seen, Optional<String> confirmedAt) {
        String renewedAt = Conditions.timestamp(seen.renewedAt());
        boolean renewed = !renewedAt.equals(status.leaseRenewedAt) || status.confirmedAt == null;
        status.confirmedAt =
                confirmedAt.map(now -> renewed ? now : status.confirmedAt).orElse(null);
        status.leaseWrites = seen.lease().writes();
        status.leaseCounter = RenewalCounter.of(seen.lease()).toString();
        status.activeSite = seen.lease().holder();
        status.fence = seen.lease().fence();
        status.leaseRenewedAt = renewedAt;
    }

    private static Conditions setHealth(Conditions conditions, PlanOutcome outcome) {
        Reason reason = outcome.reason();
        String message = outcome.message();
        return switch (outcome.health()) {
            case Ready -> conditions.ready(reason, message);
            case Working ->
                conditions
                        .set(Condition.READY, false, reason, message)
                        .set(Condition.RECONCILING, true, reason, message)
                        .clear(Condition.STALLED);
            case Stalled ->
                conditions
                        .set(Condition.READY, false, reason, message)
                        .set(Condition.STALLED, true, reason, message)
                        .clear(Condition.RECONCILING);
        };
    }

    /** Reports on the active site whether the lease is renewed in time. */
    private void setRisk(Conditions conditions, FailoverPlan plan, boolean active) {
        Optional<String> risk = keepers.risk(PlanRoles.key(plan)).filter(cause -> active);
        meters.set(MeterName.FAILOVER_LEASE_AT_RISK, risk.isPresent() ? 1 : 0, tags(plan));
        if (risk.isPresent()) {
            conditions.set(Condition.LEASE_AT_RISK, true, Reason.LeaseAtRisk, LeaseSupervisor.AT_RISK + risk.get());
        } else if (active) {
            conditions.set(Condition.LEASE_AT_RISK, false, Reason.Active, "the lease is renewed in time");
        } else {
            conditions.clear(Condition.LEASE_AT_RISK);
        }
    }

    private static void setDrift(
            Conditions conditions, PlanSite plan, Optional<LeaseVersion> seen, FailoverPlanStatus status) {
        boolean running = status.run != null && status.run.state == JournalEntry.State.Running;
        if (seen.isEmpty() || running) {
            conditions.clear(Condition.GIT_DRIFT);
            return;
        }
        String wanted = plan.activeSite();
        String holder = seen.get().lease().holder();
        if (wanted.equals(holder)) {
            conditions.set(
                    Condition.GIT_DRIFT, false, Reason.InSync, "spec.activeSite and the lease both name " + holder);
        } else {
            conditions.set(
                    Condition.GIT_DRIFT,
                    true,
                    Reason.Drifted,
                    "spec.activeSite names " + wanted + ", but site " + holder
                            + " has the lease; the lease applies until spec.activeSite is changed on the site that is"
                            + " to take over");
        }
    }

    private void setProtection(Conditions conditions, PlanSite plan, Optional<Duration> lag) {
        Optional<Duration> rpo = rpo(plan);
        if (rpo.isEmpty()) {
            conditions.clear(Condition.PROTECTED);
            return;
        }
        boolean met = lag.isPresent() && lag.get().compareTo(rpo.get()) <= 0;
        String loss = lag.map(duration ->
                        "a failover without the active site would lose at most " + rounded(duration) + " of data")
                .orElse("the data loss of a failover without the active site is unknown: no RestorePoint is complete"
                        + " in the location of the standby site");
        conditions.set(
                Condition.PROTECTED,
                met,
                met ? Reason.ObjectiveMet : Reason.ObjectiveMissed,
                loss + "; the RPO of the policy is " + Durations.format(rpo.get()));
    }

    /** How far the standby site is behind. On the active site, its own points are the source. */
    private Optional<Duration> lag(PlanSite plan, LeaseVersion seen) {
        boolean holder = seen.lease().heldBy(plan.site());
        String location = holder ? plan.peerLocation() : plan.location();
        return points.newest(plan, seen.lease(), location).map(point -> LeaseRules.lossBound(seen, point));
    }

    /** For the message of a condition, so it may be some minutes old. The guard watches no policies. */
    private Optional<Duration> rpo(PlanSite plan) {
        Instant now = clock.instant();
        String name = plan.namespace() + "/" + plan.policy();
        ReadObjective known = objectives.get(name);
        if (known == null || !known.at.plus(REMEMBERED).isAfter(now)) {
            known = new ReadObjective(readRpo(plan), now);
            objectives.put(name, known);
        }
        return known.rpo;
    }

    private Optional<Duration> readRpo(PlanSite plan) {
        BackupPolicy policy = client.resources(BackupPolicy.class)
                .inNamespace(plan.namespace())
                .withName(plan.policy())
                .get();
        return policy == null || policy.getSpec().objectives == null || policy.getSpec().objectives.rpo == null
                ? Optional.empty()
                : Optional.of(Durations.parse(policy.getSpec().objectives.rpo));
    }

    private void setGauges(PlanSite plan, Optional<LeaseVersion> seen, Role role, Optional<Duration> loss) {
        String[] tags = tags(plan.resource());
        setRole(plan.resource(), role);
        seen.ifPresent(version -> {
            meters.set(MeterName.FAILOVER_EPOCH, version.lease().epoch(), tags);
            if (version.lease().state() == Lease.State.Retired
                    || version.lease().state() == Lease.State.Vacated) {
                // No site renews it until a plan exists again on the site that is active, or a site takes over.
                meters.remove(MeterName.FAILOVER_LEASE_AGE, tags);
                meters.remove(MeterName.FAILOVER_LEASE_DURATION, tags);
                return;
            }
            Instant renewed = clock.instant().minus(version.age());
            meters.age(MeterName.FAILOVER_LEASE_AGE, renewed, tags);
            meters.set(
                    MeterName.FAILOVER_LEASE_DURATION,
                    version.lease().duration().toSeconds(),
                    tags);
        });
        if (loss.isPresent()) {
            meters.set(MeterName.FAILOVER_EXPECTED_DATA_LOSS, loss.get().toSeconds(), tags);
        } else {
            meters.remove(MeterName.FAILOVER_EXPECTED_DATA_LOSS, tags);
        }
    }

    private void setProgress(FailoverPlan plan, boolean stalled) {
        String[] tags = tags(plan);
        startCounters(plan);
        meters.set(MeterName.FAILOVER_STALLED, stalled ? 1 : 0, tags);
        FailoverPlanStatus.Run run = plan.getStatus() == null ? null : plan.getStatus().run;
        if (run != null && run.state == JournalEntry.State.Running) {
            meters.age(MeterName.FAILOVER_RUN_AGE, Instant.parse(run.startedAt), tags);
        } else {
            meters.remove(MeterName.FAILOVER_RUN_AGE, tags);
        }
    }

    private void setRole(FailoverPlan plan, Role role) {
        for (Role each : Role.values()) {
            String[] tags = tags(plan, "role", each.name());
            if (each == role) {
                meters.set(MeterName.FAILOVER_ROLE, 1, tags);
            } else {
                meters.remove(MeterName.FAILOVER_ROLE, tags);
            }
        }
    }

    private static String rounded(Duration duration) {
        long steps = (duration.toMillis() + ROUNDING.toMillis() - 1) / ROUNDING.toMillis();
        return Durations.format(ROUNDING.multipliedBy(steps));
    }

    /** The tags of a plan, and more: key, value, key, value. */
    private static String[] tags(FailoverPlan plan, String... more) {
        List<String> own = List.of(
                "namespace",
                plan.getMetadata().getNamespace(),
                "plan",
                plan.getMetadata().getName());
        return Stream.concat(own.stream(), Stream.of(more)).toArray(String[]::new);
    }
}
