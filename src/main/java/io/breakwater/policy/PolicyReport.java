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
import io.breakwater.api.ObjectNames;
import io.breakwater.api.Reason;
import io.breakwater.api.RestorePoint;
import io.breakwater.location.LocationResolver;
import io.breakwater.location.Quotas;
import io.breakwater.observe.Conditions;
import io.breakwater.observe.StatusWriter;
import io.breakwater.points.Lineage;
import io.breakwater.policy.PointInventory.Good;
import io.breakwater.trust.AuthorReport;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Reports the state of a policy: status, conditions, gauges, and the time of the next check. */
@ApplicationScoped
class PolicyReport {
    private static final Duration LONGEST = Duration.ofMinutes(10);
    private static final Duration UNDER_A_PLAN = Duration.ofSeconds(30);
    private static final Duration IN_TROUBLE = Duration.ofSeconds(15);

    private final LocationResolver locations;
    private final PolicyMeters meters;
    private final Quotas quotas;
    private final StatusWriter writer;
    private final AuthorReport authors;
    private final Clock clock;

    PolicyReport(
            LocationResolver locations,
            Quotas quotas,
            PolicyMeters meters,
            StatusWriter writer,
            AuthorReport authors,
            Clock clock) {
        this.locations = locations;
        this.quotas = quotas;
        this.meters = meters;
        this.writer = writer;
        this.authors = authors;
        this.clock = clock;
    }

    /**
     * Observed state of a policy.
     *
     * @param cron its schedule, if it has a valid one
     * @param route the locations of its points, if they are known
     * @param proof results of its verifications
     * @param lineage the present history of the application
     * @param problem the error that stops its schedule
     * @param processed the scheduled time that was processed now and is not in the status yet
     */
    record Findings(
            List<RestorePoint> points,
            Optional<CronSchedule> cron,
            Optional<PointRoute> route,
            VerificationSummary proof,
            Lineage lineage,
            Optional<BreakwaterException> problem,
            Optional<Instant> processed) {
        Findings withProblem(BreakwaterException e) {
            return new Findings(points, cron, route, proof, lineage, Optional.of(e), processed);
        }

        Findings withPoints(List<RestorePoint> now) {
            return new Findings(now, cron, route, proof, lineage, problem, processed);
        }

        Findings withProcessed(Optional<Instant> at) {
            return new Findings(points, cron, route, proof, lineage, problem, at);
        }

        /** Whether the schedule creates verifications on this site. */
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
     * @return time until the next check
     */
    Duration write(BackupPolicy policy, Findings found) {
        Instant now = clock.instant();
        PointInventory inventory = PointInventory.of(found.points(), found.lineage());
        List<String> copies = found.active() ? found.copies() : List.of();
        List<RpoObjective> objectives = RpoObjective.of(policy.getSpec(), copies, inventory);
        Optional<Quotas.Usage> usage = usage(policy, found);
        Optional<BreakwaterException> problem =
                found.problem().or(() -> firstUnusableLocation(policy, found)).or(() -> quotaProblem(found, usage));
        Optional<LastPointCheck> last = lastPoint(policy, found, inventory, problem);
        boolean runs = found.problem().isEmpty() && found.active() && !suspended(policy);
        Optional<Instant> next = runs ? found.cron().flatMap(c -> c.next(now)) : Optional.empty();
        if (policy.getStatus() != null && policy.getStatus().namespaces != null) {
            meters.remove(
                    policy.getMetadata().getNamespace(), policy.getMetadata().getName()); // It was a template before.
        }
        BackupPolicyStatus before = policy.getStatus();
        AuthorReport.Answer author = authors.ask(policy);
        authors.publish(policy, before, author);
        writer.update(policy, BackupPolicyStatus.class, s -> {
            s.namespaces = null;
            found.processed().ifPresent(at -> s.lastScheduleTime = Conditions.timestamp(at));
            s.lastSuccessfulPoint = inventory.newest().map(Good::name).orElse(null);
            s.lastSuccessTime = inventory
                    .newest()
                    .map(n -> Conditions.timestamp(n.capturedAt()))
                    .orElse(null);
            s.nextRunTime = next.map(Conditions::timestamp).orElse(null);
            s.points = inventory.good().size();
            s.quota = usage.map(PolicyReport::quota).orElse(null);
            s.lastVerification =
                    found.proof().newest().map(v -> v.getMetadata().getName()).orElse(null);
            s.lastProvenTime =
                    found.proof().success().map(v -> v.getStatus().finishedAt).orElse(null);
            s.measuredRestoreTime =
                    found.proof().timed().map(v -> v.getStatus().restoreTime).orElse(null);
            s.copies = copies.isEmpty()
                    ? null
                    : copies.stream().map(c -> copy(c, inventory)).toList();
            s.copiesSummary = s.copies == null ? null : summary(s);
            Conditions conditions = Conditions.of(s, policy.getMetadata().getGeneration(), clock);
            problem.ifPresentOrElse(conditions::notReady, () -> ready(conditions, policy, found));
            author.set(conditions);
            protection(conditions, objectives, now);
            last.ifPresentOrElse(
                    check -> lastPoint(conditions, check.at(now)), () -> conditions.clear(Condition.LAST_POINT_GOOD));
            found.proof().report(conditions, policy, now);
        });
        meters.set(policy.getMetadata().getNamespace(), policy.getMetadata().getName(), inventory, objectives, copies);
        meters.setLastPoint(policy, last);
        meters.setProof(policy, found.proof(), found.verifies(policy));
        meters.startCounters(policy, copies);
        return recheckAfter(now, next, objectives, problem.isPresent(), found);
    }

    /** The check of the last point; empty on a site whose schedule does not run because the other site is active. */
    private static Optional<LastPointCheck> lastPoint(
            BackupPolicy policy, Findings found, PointInventory inventory, Optional<BreakwaterException> problem) {
        if (found.route().isPresent() && !found.active()) {
            return Optional.empty();
        }
        return Optional.of(new LastPointCheck(
                found.points(),
                inventory,
                suspended(policy) ? Optional.empty() : found.cron(),
                Instant.parse(policy.getMetadata().getCreationTimestamp()),
                found.processed()
                        .or(() -> Optional.ofNullable(policy.getStatus())
                                .map(s -> s.lastScheduleTime)
                                .map(Instant::parse)),
                problem));
    }

    private static void lastPoint(Conditions conditions, Optional<LastPointCheck.Answer> answer) {
        answer.ifPresentOrElse(
                a -> conditions.set(Condition.LAST_POINT_GOOD, a.good(), a.reason(), a.message()),
                () -> conditions.set(
                        Condition.LAST_POINT_GOOD, "Unknown", Reason.Pending, "no RestorePoint has ended yet"));
    }

    /** Last measured usage of the first location; empty without a quota. */
    private Optional<Quotas.Usage> usage(BackupPolicy policy, Findings found) {
        return found.route()
                .flatMap(r -> quotas.known(r.location(), policy.getMetadata().getNamespace()));
    }

    private static Optional<BreakwaterException> quotaProblem(Findings found, Optional<Quotas.Usage> usage) {
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

    /** The error of the first location that cannot take points. */
    private Optional<BreakwaterException> firstUnusableLocation(BackupPolicy policy, Findings found) {
        return found.route().stream()
                .flatMap(r -> Stream.concat(Stream.of(r.location().getMetadata().getName()), r.copies().stream()))
                .map(name -> problemOf(policy.getMetadata().getNamespace(), name))
                .flatMap(Optional::stream)
                .findFirst();
    }

    private Optional<BreakwaterException> problemOf(String namespace, String name) {
        try {
            BackupLocation location = locations.lookUp(namespace, new NamedRef(name));
            if (location.getStatus() != null && location.getStatus().holds(Condition.READY)) {
                return Optional.empty();
            }
            return Optional.of(BreakwaterException.retryable(
                    Reason.LocationNotReady,
                    ObjectNames.of(location) + " is not ready: "
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
            conditions.ready(Reason.Ready, "spec.schedule is not set: RestorePoints are created by hand only");
        } else if (suspended(policy)) {
            conditions.ready(
                    Reason.Suspended,
                    "spec.suspend is true: RestorePoints are created by hand only, until it is false");
        } else {
            String zone = spec.schedule.timeZone == null ? "Etc/UTC" : spec.schedule.timeZone;
            conditions.ready(
                    Reason.Ready, "the schedule creates RestorePoints at '" + spec.schedule.cron + "' (" + zone + ")");
        }
    }

    private static void protection(Conditions conditions, List<RpoObjective> objectives, Instant now) {
        if (objectives.isEmpty()) {
            conditions.clear(Condition.PROTECTED);
            return;
        }
        List<RpoObjective> broken =
                objectives.stream().filter(p -> !p.holds(now)).toList();
        String message = (broken.isEmpty() ? objectives : broken)
                .stream().map(RpoObjective::toString).collect(Collectors.joining("; "));
        conditions.set(
                Condition.PROTECTED,
                broken.isEmpty(),
                broken.isEmpty() ? Reason.ObjectiveMet : Reason.ObjectiveMissed,
                message);
    }

    private static CopyStatus copy(String location, PointInventory inventory) {
        CopyStatus copy = new CopyStatus();
        copy.location = location;
        inventory.newestAt(location).ifPresent(n -> {
            copy.lastPoint = n.name();
            copy.capturedAt = Conditions.timestamp(n.capturedAt());
        });
        copy.error = inventory.newest().stream()
                .flatMap(n -> Optional.ofNullable(n.point().getStatus().copies).orElse(List.of()).stream())
                .filter(c -> c.location.equals(location))
                .map(c -> c.message)
                .filter(Objects::nonNull)
                .findFirst()
                .orElse(null);
        return copy;
    }

    private static String summary(BackupPolicyStatus s) {
        long current = s.copies.stream()
                .filter(c -> c.lastPoint != null && c.lastPoint.equals(s.lastSuccessfulPoint))
                .count();
        return current + " of " + s.copies.size();
    }

    private static Duration recheckAfter(
            Instant now, Optional<Instant> next, List<RpoObjective> objectives, boolean problem, Findings found) {
        Duration most = found.route().flatMap(PointRoute::guard).isPresent() ? UNDER_A_PLAN : LONGEST;
        Duration bound = problem ? IN_TROUBLE : most;
        return Stream.concat(
                        next.stream(),
                        objectives.stream().map(p -> p.breaksAt(now)).flatMap(Optional::stream))
                .map(at -> Duration.between(now, at).plusMillis(1))
                .filter(Duration::isPositive)
                .reduce(bound, (a, b) -> a.compareTo(b) < 0 ? a : b);
    }

    private static boolean suspended(BackupPolicy policy) {
        return Boolean.TRUE.equals(policy.getSpec().suspend);
    }
}
