package io.breakwater.policy;

import io.breakwater.api.BackupLocation;
import io.breakwater.api.BackupPolicy;
import io.breakwater.api.BackupPolicySpec;
import io.breakwater.api.BackupPolicyStatus;
import io.breakwater.api.BackupPolicyStatus.CopyStatus;
import io.breakwater.api.BackupPolicyStatus.QuotaUse;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Condition;
import io.breakwater.api.NamedRef;
import io.breakwater.api.Reason;
import io.breakwater.api.RestorePoint;
import io.breakwater.location.LocationResolver;
import io.breakwater.location.Quotas;
import io.breakwater.observe.Conditions;
import io.breakwater.observe.StatusWriter;
import io.breakwater.policy.PointInventory.Good;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Tells how a policy stands: status, conditions, gauges, and when to look again. */
@ApplicationScoped
class PolicyReport {
    private static final Duration LONGEST = Duration.ofMinutes(10);
    private static final Duration UNDER_A_PLAN = Duration.ofSeconds(30);
    private static final Duration IN_TROUBLE = Duration.ofSeconds(15);

    private final LocationResolver locations;
    private final PolicyMeters meters;
    private final Quotas quotas;
    private final StatusWriter writer;
    private final Clock clock;

    PolicyReport(LocationResolver locations, Quotas quotas, PolicyMeters meters, StatusWriter writer, Clock clock) {
        this.locations = locations;
        this.quotas = quotas;
        this.meters = meters;
        this.writer = writer;
        this.clock = clock;
    }

    /**
     * What was found out about a policy.
     *
     * @param cron its schedule, when it has a valid one
     * @param route where its points go, when that is known
     * @param proof what verifications found
     * @param trouble why its schedule does not run
     */
    record Findings(
            List<RestorePoint> points,
            Optional<CronSchedule> cron,
            Optional<PointRoute> route,
            VerificationSummary proof,
            Optional<BreakwaterException> trouble) {
        Findings withTrouble(BreakwaterException e) {
            return new Findings(points, cron, route, proof, Optional.of(e));
        }

        Findings withPoints(List<RestorePoint> now) {
            return new Findings(now, cron, route, proof, trouble);
        }

        /** Whether verifications are made here by schedule. */
        boolean verifies(BackupPolicy policy) {
            var plan = policy.getSpec().verification;
            return plan != null && plan.schedule != null && active() && !Boolean.TRUE.equals(policy.getSpec().suspend);
        }

        boolean active() {
            return route.map(PointRoute::active).orElse(false);
        }

        List<String> copies() {
            return route.map(PointRoute::copies).orElse(List.of());
        }
    }

    /**
     * Writes status and gauges.
     *
     * @return when something will have changed at the latest
     */
    Duration write(BackupPolicy policy, Findings found) {
        Instant now = clock.instant();
        PointInventory standing = PointInventory.of(found.points());
        List<String> copies = found.active() ? found.copies() : List.of();
        List<RpoObjective> promises = RpoObjective.of(policy.getSpec(), copies, standing);
        Optional<Quotas.Usage> usage = usage(policy, found);
        Optional<BreakwaterException> trouble =
                found.trouble().or(() -> places(policy, found)).or(() -> full(found, usage));
        boolean runs = found.trouble().isEmpty() && found.active() && !suspended(policy);
        Optional<Instant> next = runs ? found.cron().flatMap(c -> c.next(now)) : Optional.empty();
        if (policy.getStatus() != null && policy.getStatus().namespaces != null) {
            meters.forget(
                    policy.getMetadata().getNamespace(), policy.getMetadata().getName()); // It was a template.
        }
        writer.update(policy, BackupPolicyStatus.class, s -> {
            s.namespaces = null;
            s.lastSuccessfulPoint = standing.newest().map(Good::name).orElse(null);
            s.lastSuccessTime = standing.newest()
                    .map(n -> Conditions.timestamp(n.capturedAt()))
                    .orElse(null);
            s.nextRunTime = next.map(Conditions::timestamp).orElse(null);
            s.points = standing.good().size();
            s.quota = usage.map(PolicyReport::quota).orElse(null);
            s.lastVerification =
                    found.proof().newest().map(v -> v.getMetadata().getName()).orElse(null);
            s.lastProvenTime =
                    found.proof().success().map(v -> v.getStatus().finishedAt).orElse(null);
            s.measuredRestoreTime =
                    found.proof().timed().map(v -> v.getStatus().restoreTime).orElse(null);
            s.copies = copies.isEmpty()
                    ? null
                    : copies.stream().map(c -> copy(c, standing)).toList();
            Conditions conditions = Conditions.of(s, policy.getMetadata().getGeneration(), clock);
            trouble.ifPresentOrElse(conditions::notReady, () -> ready(conditions, policy, found));
            protection(conditions, promises, now);
            found.proof().tell(conditions, policy.getSpec(), now);
        });
        meters.show(policy.getMetadata().getNamespace(), policy.getMetadata().getName(), standing, promises, copies);
        meters.proof(policy, found.proof(), found.verifies(policy));
        return again(now, next, promises, trouble.isPresent(), found);
    }

    /** What lies in the first location, as far as somebody has looked; empty without a quota. */
    private Optional<Quotas.Usage> usage(BackupPolicy policy, Findings found) {
        return found.route()
                .flatMap(r -> quotas.known(r.location(), policy.getMetadata().getNamespace()));
    }

    private static Optional<BreakwaterException> full(Findings found, Optional<Quotas.Usage> usage) {
        return usage.filter(Quotas.Usage::isOver)
                .map(u -> Quotas.exceeded(found.route().orElseThrow().location(), u));
    }

    private static QuotaUse quota(Quotas.Usage usage) {
        QuotaUse use = new QuotaUse();
        use.usedBytes = usage.used();
        use.allowedBytes = usage.allowed();
        use.summary = usage.text();
        return use;
    }

    /** The first location that a point could not go to. */
    private Optional<BreakwaterException> places(BackupPolicy policy, Findings found) {
        return found.route().stream()
                .flatMap(r -> Stream.concat(Stream.of(r.location().getMetadata().getName()), r.copies().stream()))
                .map(name -> place(policy.getMetadata().getNamespace(), name))
                .flatMap(Optional::stream)
                .findFirst();
    }

    private Optional<BreakwaterException> place(String namespace, String name) {
        try {
            BackupLocation location = locations.resolve(namespace, new NamedRef(name));
            if (location.getStatus() != null && location.getStatus().holds(Condition.READY)) {
                return Optional.empty();
            }
            return Optional.of(BreakwaterException.retryable(
                    Reason.LocationNotReady,
                    "BackupLocation " + location.getMetadata().getNamespace() + "/" + name + " is not ready: "
                            + Optional.ofNullable(location.getStatus())
                                    .flatMap(s -> s.condition(Condition.READY))
                                    .map(c -> c.reason + ": " + c.message)
                                    .orElse("it has not been probed yet")));
        } catch (BreakwaterException e) {
            return Optional.of(e);
        }
    }

    private static void ready(Conditions conditions, BackupPolicy policy, Findings found) {
        BackupPolicySpec spec = policy.getSpec();
        if (!found.active()) {
            conditions.ready(Reason.Standby, "the schedule runs on the site that holds the FailoverPlan's lease");
        } else if (spec.schedule == null) {
            conditions.ready(Reason.Ready, "no spec.schedule: RestorePoints are made on demand only");
        } else if (suspended(policy)) {
            conditions.ready(
                    Reason.Suspended, "spec.suspend is true: RestorePoints are made on demand only until it is false");
        } else {
            String zone = spec.schedule.timeZone == null ? "Etc/UTC" : spec.schedule.timeZone;
            conditions.ready(Reason.Ready, "RestorePoints are made at '" + spec.schedule.cron + "' (" + zone + ")");
        }
    }

    private static void protection(Conditions conditions, List<RpoObjective> promises, Instant now) {
        if (promises.isEmpty()) {
            conditions.clear(Condition.PROTECTED);
            return;
        }
        List<RpoObjective> broken = promises.stream().filter(p -> !p.holds(now)).toList();
        String message = (broken.isEmpty() ? promises : broken)
                .stream().map(RpoObjective::toString).collect(Collectors.joining("; "));
        conditions.set(
                Condition.PROTECTED,
                broken.isEmpty(),
                broken.isEmpty() ? Reason.ObjectiveMet : Reason.ObjectiveMissed,
                message);
    }

    private static CopyStatus copy(String location, PointInventory standing) {
        CopyStatus copy = new CopyStatus();
        copy.location = location;
        standing.newestAt(location).ifPresent(n -> {
            copy.lastPoint = n.name();
            copy.capturedAt = Conditions.timestamp(n.capturedAt());
        });
        copy.error = standing.newest().stream()
                .flatMap(n -> Optional.ofNullable(n.point().getStatus().copies).orElse(List.of()).stream())
                .filter(c -> c.location.equals(location))
                .map(c -> c.message)
                .filter(Objects::nonNull)
                .findFirst()
                .orElse(null);
        return copy;
    }

    private static Duration again(
            Instant now, Optional<Instant> next, List<RpoObjective> promises, boolean trouble, Findings found) {
        Duration most = found.route().flatMap(PointRoute::guard).isPresent() ? UNDER_A_PLAN : LONGEST;
        Duration bound = trouble ? IN_TROUBLE : most;
        return Stream.concat(
                        next.stream(),
                        promises.stream().map(p -> p.breaksAt(now)).flatMap(Optional::stream))
                .map(at -> Duration.between(now, at).plusMillis(1))
                .filter(Duration::isPositive)
                .reduce(bound, (a, b) -> a.compareTo(b) < 0 ? a : b);
    }

    private static boolean suspended(BackupPolicy policy) {
        return Boolean.TRUE.equals(policy.getSpec().suspend);
    }
}
