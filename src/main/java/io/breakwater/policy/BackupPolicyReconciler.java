package io.breakwater.policy;

import io.breakwater.api.BackupPolicy;
import io.breakwater.api.BackupPolicySpec;
import io.breakwater.api.BackupPolicyStatus;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.FailoverPlan;
import io.breakwater.api.Reason;
import io.breakwater.api.RestorePoint;
import io.breakwater.api.Verification;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.failover.PlanRole;
import io.breakwater.failover.PlanRoles;
import io.breakwater.gateway.EpochGuard;
import io.breakwater.observe.Conditions;
import io.breakwater.observe.Events;
import io.breakwater.observe.StatusWriter;
import io.breakwater.points.Lineage;
import io.breakwater.policy.template.TemplateEvents;
import io.breakwater.policy.template.TemplateSync;
import io.breakwater.watch.ObjectCache;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.javaoperatorsdk.operator.api.config.informer.Informer;
import io.javaoperatorsdk.operator.api.config.informer.InformerEventSourceConfiguration;
import io.javaoperatorsdk.operator.api.reconciler.Context;
import io.javaoperatorsdk.operator.api.reconciler.ControllerConfiguration;
import io.javaoperatorsdk.operator.api.reconciler.EventSourceContext;
import io.javaoperatorsdk.operator.api.reconciler.Reconciler;
import io.javaoperatorsdk.operator.api.reconciler.UpdateControl;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import io.javaoperatorsdk.operator.processing.event.source.EventSource;
import io.javaoperatorsdk.operator.processing.event.source.informer.InformerEventSource;
import io.javaoperatorsdk.operator.processing.retry.GradualRetry;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Creates the scheduled points of a policy, deletes the ones that retention does not keep, and reports whether the
 * objectives are met.
 */
@ControllerConfiguration(name = "backuppolicy", informer = @Informer(comparableResourceVersions = false))
@GradualRetry(maxAttempts = Integer.MAX_VALUE, initialInterval = 2000, intervalMultiplier = 1.5, maxInterval = 60_000)
class BackupPolicyReconciler implements Reconciler<BackupPolicy> {
    private final ObjectCache objects;
    private final BreakwaterConfig config;
    private final PolicyPoints points;
    private final InheritedPoints inherited;
    private final PolicyConflictCheck conflicts;
    private final PointRoutes routes;
    private final TemplateSync templates;
    private final PlanRoles plans;
    private final EpochGuard epochs;
    private final PolicyReport report;
    private final PolicyMeters meters;
    private final StatusWriter writer;
    private final Events events;
    private final Clock clock;

    BackupPolicyReconciler(
            ObjectCache objects,
            BreakwaterConfig config,
            PolicyPoints points,
            InheritedPoints inherited,
            PolicyConflictCheck conflicts,
            PointRoutes routes,
            TemplateSync templates,
            PlanRoles plans,
            EpochGuard epochs,
            PolicyReport report,
            PolicyMeters meters,
            StatusWriter writer,
            Events events,
            Clock clock) {
        this.objects = objects;
        this.config = config;
        this.points = points;
        this.inherited = inherited;
        this.conflicts = conflicts;
        this.routes = routes;
        this.templates = templates;
        this.plans = plans;
        this.epochs = epochs;
        this.report = report;
        this.meters = meters;
        this.writer = writer;
        this.events = events;
        this.clock = clock;
    }

    @Override
    public List<EventSource<?, BackupPolicy>> prepareEventSources(EventSourceContext<BackupPolicy> context) {
        return List.of(
                points.events(),
                new InformerEventSource<>(
                        watch(Verification.class, v -> in(v, Set.of(v.getSpec().policyRef.name))), context),
                new InformerEventSource<>(
                        watch(FailoverPlan.class, p -> in(p, Set.of(p.getSpec().policyRef.name))), context),
                policiesOfTheNamespace(context),
                TemplateEvents.ofNamespaces(context),
                TemplateEvents.ofPolicies(context, config.namespace()));
    }

    @Override
    public UpdateControl<BackupPolicy> reconcile(BackupPolicy cached, Context<BackupPolicy> context) {
        BackupPolicy policy = objects.now(cached);
        if (policy == null || policy.getMetadata().getDeletionTimestamp() != null) {
            return UpdateControl.noUpdate();
        }
        if (policy.template()) {
            return UpdateControl.<BackupPolicy>noUpdate().rescheduleAfter(templates.sync(policy));
        }
        if (templates.isOrphaned(policy)) {
            templates.delete(policy);
            return UpdateControl.noUpdate();
        }
        recordSchedule(policy);
        PolicyReport.Findings found = observe(policy);
        if (found.problem().isEmpty()) {
            found = act(policy, found);
        }
        Duration recheck = report.write(policy, found);
        return UpdateControl.<BackupPolicy>noUpdate().rescheduleAfter(recheck);
    }

    private PolicyReport.Findings observe(BackupPolicy policy) {
        BackupPolicySpec spec = policy.getSpec();
        Optional<CronSchedule> cron = Optional.empty();
        Optional<PointRoute> route = Optional.empty();
        Optional<BreakwaterException> problem = Optional.empty();
        try {
            cron = Optional.ofNullable(spec.schedule).map(schedule -> CronSchedule.of(policy, schedule, config));
            conflicts.check(
                    policy, plans.roleOf(policy.getMetadata().getNamespace()).map(PlanRole::policy));
            route = Optional.of(routes.of(policy));
        } catch (BreakwaterException e) {
            problem = Optional.of(e);
        }
        return new PolicyReport.Findings(
                points.of(policy),
                cron,
                route,
                VerificationSummary.of(spec, points.verifications(policy)),
                lineage(policy),
                problem,
                Optional.empty());
    }

    private PolicyReport.Findings act(BackupPolicy policy, PolicyReport.Findings found) {
        PointRoute route = found.route().orElseThrow();
        if (!route.active()) {
            return found;
        }
        Optional<CronSchedule> cron = Boolean.TRUE.equals(policy.getSpec().suspend) ? Optional.empty() : found.cron();
        try {
            boolean due = cron.flatMap(s -> ScheduleDecision.due(s, since(policy), clock.instant()))
                    .isPresent();
            if (!due && expired(policy, found.points(), false).isEmpty()) {
                return found;
            }
            // The caches can be behind: what is created or deleted now follows from the policy and points of the API
            // server.
            if (!isUnchanged(policy)) {
                return found; // The event of the change reconciles the policy again.
            }
            List<RestorePoint> read = points.read(policy);
            PolicyReport.Findings followed =
                    found.withProcessed(cron.flatMap(schedule -> followSchedule(policy, schedule, read)));
            return deleteExpired(policy, route, read, followed);
        } catch (BreakwaterException e) {
            return found.withProblem(e);
        }
    }

    private boolean isUnchanged(BackupPolicy policy) {
        BackupPolicy now = objects.read(policy);
        return now != null
                && now.getMetadata().getDeletionTimestamp() == null
                && Objects.equals(
                        now.getMetadata().getGeneration(), policy.getMetadata().getGeneration());
    }

    /**
     * Creates or skips the point that is due. Returns the time that was processed, which the report records: if the process ends
     * before, the next one finds the point by its name.
     */
    private Optional<Instant> followSchedule(BackupPolicy policy, CronSchedule cron, List<RestorePoint> all) {
        Set<String> names = all.stream().map(p -> p.getMetadata().getName()).collect(Collectors.toSet());
        Optional<String> running = all.stream()
                .filter(p -> !p.isOver() && p.getMetadata().getDeletionTimestamp() == null)
                .map(p -> p.getMetadata().getName())
                .findFirst();
        String name = policy.getMetadata().getName();
        return switch (ScheduleDecision.decide(cron, name, since(policy), clock.instant(), names, running)) {
            case ScheduleDecision.Fire(Instant at, String point) -> {
                if (points.create(policy, point)) {
                    events.normal(policy, Reason.InProgress, "started RestorePoint " + point);
                }
                yield Optional.of(at);
            }
            case ScheduleDecision.Skip(Instant at, String _, String other) -> {
                // The same text for each skipped time, so that their events are one.
                events.warning(
                        policy,
                        Reason.InProgress,
                        "skipped a scheduled RestorePoint because " + other
                                + " is still running; its status shows what it waits for. If it makes progress, set a"
                                + " longer interval in spec.schedule.cron");
                yield Optional.of(at);
            }
            case ScheduleDecision.Rest() -> Optional.empty();
        };
    }

    /** Times before a change of the schedule were not scheduled, so they are not made up for. */
    private void recordSchedule(BackupPolicy policy) {
        BackupPolicySpec.Schedule schedule = policy.getSpec().schedule;
        String text = schedule == null
                ? null
                : schedule.cron + " " + schedule.timeZone + (schedule.jitter == null ? "" : " " + schedule.jitter);
        BackupPolicyStatus seen = policy.getStatus();
        if (Objects.equals(seen == null ? null : seen.schedule, text)) {
            return;
        }
        Long generation = policy.getMetadata().getGeneration();
        boolean unchanged = (seen == null || seen.schedule == null) && (generation == null || generation <= 1);
        Instant set = unchanged ? Instant.parse(policy.getMetadata().getCreationTimestamp()) : clock.instant();
        writer.update(policy, BackupPolicyStatus.class, s -> {
            s.schedule = text;
            s.scheduleSince = text == null ? null : Conditions.timestamp(set);
        });
    }

    private static Instant since(BackupPolicy policy) {
        BackupPolicyStatus s = policy.getStatus();
        Instant created = Instant.parse(policy.getMetadata().getCreationTimestamp());
        return s == null
                ? created
                : Stream.of(s.lastScheduleTime, s.scheduleSince)
                        .filter(Objects::nonNull)
                        .map(Instant::parse)
                        .max(Comparator.naturalOrder())
                        .orElse(created);
    }

    /** Deletes expired points. Returns the findings with the points that are left, and with the error if there is one. */
    private PolicyReport.Findings deleteExpired(
            BackupPolicy policy, PointRoute route, List<RestorePoint> all, PolicyReport.Findings found) {
        try {
            deleteExpired(policy, route, all);
            return found.withPoints(points.of(policy));
        } catch (BreakwaterException e) {
            return found.withProblem(e);
        }
    }

    private void deleteExpired(BackupPolicy policy, PointRoute route, List<RestorePoint> all) {
        if (expired(policy, all, false).isEmpty()) {
            return; // Nothing is deleted, so the Restores that read points are not listed.
        }
        List<RestorePoint> expired = expired(policy, all, true);
        if (!expired.isEmpty()) {
            // A site that lost its lease without knowing it yet must not delete points that the other site starts from.
            route.guard().ifPresent(epochs::check);
        }
        for (RestorePoint point : expired) {
            points.delete(point);
            meters.countDeleted(point);
            events.normal(
                    policy,
                    Reason.Deleting,
                    "deleting RestorePoint " + point.getMetadata().getName() + ": no rule of spec.retention keeps it");
        }
    }

    /** @param certain whether the answer deletes points: then what inherits them and the Restores that read them are read now */
    private List<RestorePoint> expired(BackupPolicy policy, List<RestorePoint> all, boolean certain) {
        if (policy.getSpec().retention == null) {
            return List.of();
        }
        Set<String> inUse = certain ? points.inUse(policy.getMetadata().getNamespace(), all) : Set.of();
        ZoneId zone = CronSchedule.zone(policy.getSpec().schedule);
        return new RetentionRules(policy.getSpec().retention, zone, clock.instant(), lineage(policy))
                .expired(all, inherited.names(all, certain), inUse);
    }

    /** A history that is behind excludes the points of later epochs, which are not deleted then. */
    private Lineage lineage(BackupPolicy policy) {
        return Lineage.of(objects.in(FailoverPlan.class, policy.getMetadata().getNamespace()));
    }

    private static <R extends HasMetadata> InformerEventSourceConfiguration<R> watch(
            Class<R> type, Function<R, Set<ResourceID>> policies) {
        return InformerEventSourceConfiguration.from(type, BackupPolicy.class)
                .withName("policy-" + HasMetadata.getPlural(type))
                .withSecondaryToPrimaryMapper(policies::apply)
                .withComparableResourceVersion(false)
                .build();
    }

    private static Set<ResourceID> in(HasMetadata object, Set<String> policies) {
        return policies.stream()
                .map(name -> new ResourceID(name, object.getMetadata().getNamespace()))
                .collect(Collectors.toSet());
    }

    /**
     * A policy that is created or deleted affects the other policies of its namespace. The metrics of a deleted policy
     * are removed.
     */
    private EventSource<?, BackupPolicy> policiesOfTheNamespace(EventSourceContext<BackupPolicy> context) {
        Function<BackupPolicy, Set<ResourceID>> others = p -> context.getPrimaryCache()
                .list(o -> o.getMetadata().getNamespace().equals(p.getMetadata().getNamespace()))
                .map(ResourceID::fromResource)
                .filter(id -> !id.getName().equals(p.getMetadata().getName()))
                .collect(Collectors.toSet());
        return new InformerEventSource<>(watch(BackupPolicy.class, others), context) {
            @Override
            public synchronized void onDelete(BackupPolicy gone, boolean finalStateUnknown) {
                super.onDelete(gone, finalStateUnknown);
                meters.remove(
                        gone.getMetadata().getNamespace(), gone.getMetadata().getName());
            }
        };
    }
}
