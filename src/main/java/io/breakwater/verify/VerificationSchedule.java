package io.breakwater.verify;

import io.breakwater.api.Api;
import io.breakwater.api.BackupPolicy;
import io.breakwater.api.BackupPolicySpec.VerificationPlan;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Condition;
import io.breakwater.api.NamedRef;
import io.breakwater.api.Reason;
import io.breakwater.api.Verification;
import io.breakwater.api.VerificationSpec;
import io.breakwater.api.VerificationSpec.Choice;
import io.breakwater.api.VerificationSpec.Level;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.observe.Events;
import io.breakwater.policy.CronSchedule;
import io.breakwater.policy.PointRoutes;
import io.breakwater.policy.ScheduleDecision;
import io.breakwater.trust.AuthorStamps;
import io.breakwater.watch.ObjectCache;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.javaoperatorsdk.operator.api.config.informer.Informer;
import io.javaoperatorsdk.operator.api.reconciler.Context;
import io.javaoperatorsdk.operator.api.reconciler.ControllerConfiguration;
import io.javaoperatorsdk.operator.api.reconciler.Reconciler;
import io.javaoperatorsdk.operator.api.reconciler.UpdateControl;
import io.javaoperatorsdk.operator.processing.retry.GradualRetry;
import java.net.HttpURLConnection;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** Creates the Verifications of a policy's schedule, and deletes old ones. The policy's own controller writes the status. */
@ControllerConfiguration(name = "verification-schedule", informer = @Informer(comparableResourceVersions = false))
@GradualRetry(maxAttempts = Integer.MAX_VALUE, initialInterval = 2000, intervalMultiplier = 1.5, maxInterval = 60_000)
class VerificationSchedule implements Reconciler<BackupPolicy> {
    /** Number of ended Verifications of the schedule that stay; the newest proof stays in any case. */
    private static final int KEPT = 10;

    private static final Duration LONGEST = Duration.ofMinutes(10);

    private final KubernetesClient client;
    private final ObjectCache objects;
    private final PointRoutes routes;
    private final Events events;
    private final AuthorStamps stamps;
    private final BreakwaterConfig config;
    private final Clock clock;
    private final SandboxDeletion deletion;

    VerificationSchedule(
            KubernetesClient client,
            ObjectCache objects,
            PointRoutes routes,
            Events events,
            AuthorStamps stamps,
            BreakwaterConfig config,
            Clock clock) {
        this.config = config;
        this.client = client;
        this.objects = objects;
        this.routes = routes;
        this.events = events;
        this.stamps = stamps;
        this.clock = clock;
        this.deletion = new SandboxDeletion(client, config);
    }

    @Override
    public UpdateControl<BackupPolicy> reconcile(BackupPolicy policy, Context<BackupPolicy> context) {
        VerificationPlan plan = policy.getSpec().verification;
        boolean suspended = Boolean.TRUE.equals(policy.getSpec().suspend);
        if (plan == null
                || plan.schedule == null
                || policy.template()
                || policy.getMetadata().getDeletionTimestamp() != null) {
            return UpdateControl.noUpdate();
        }
        Duration recheck = LONGEST;
        try {
            CronSchedule cron = CronSchedule.of(policy, plan.schedule, config);
            if (!suspended && routes.of(policy).active()) {
                follow(policy, cron);
            }
            recheck = cron.next(clock.instant())
                    .map(next -> Duration.between(clock.instant(), next).plusMillis(1))
                    .filter(d -> d.compareTo(LONGEST) < 0)
                    .orElse(LONGEST);
        } catch (BreakwaterException e) {
            events.warning(policy, e.reason(), "spec.verification: " + e.getMessage());
        }
        return UpdateControl.<BackupPolicy>noUpdate().rescheduleAfter(recheck);
    }

    private void follow(BackupPolicy policy, CronSchedule cron) {
        List<Verification> all = of(policy);
        Set<String> names = all.stream().map(v -> v.getMetadata().getName()).collect(Collectors.toSet());
        Optional<String> running = all.stream()
                .filter(v -> !v.isOver() || deletion.isAwaited(v, clock.instant()))
                .map(v -> v.getMetadata().getName())
                .findFirst();
        ScheduleDecision decision = ScheduleDecision.decide(
                cron, policy.getMetadata().getName(), since(policy, all), clock.instant(), names, running);
        if (decision instanceof ScheduleDecision.Fire(Instant at, String name) && !names.contains(name)) {
            create(policy, name);
        }
        deleteOld(all);
    }

    /** The schedule was last served when its newest Verification was created. */
    private static Instant since(BackupPolicy policy, List<Verification> all) {
        return all.stream()
                .map(v -> Instant.parse(v.getMetadata().getCreationTimestamp()))
                .max(Comparator.naturalOrder())
                .orElseGet(() -> Instant.parse(policy.getMetadata().getCreationTimestamp()));
    }

    private List<Verification> of(BackupPolicy policy) {
        String name = policy.getMetadata().getName();
        return objects.in(Verification.class, policy.getMetadata().getNamespace()).stream()
                .filter(v -> v.getMetadata().getLabels() != null
                        && name.equals(v.getMetadata().getLabels().get(Api.POLICY)))
                .toList();
    }

    private void create(BackupPolicy policy, String name) {
        VerificationPlan plan = policy.getSpec().verification;
        Verification verification = new Verification();
        verification.setMetadata(new ObjectMetaBuilder()
                .withName(name)
                .withNamespace(policy.getMetadata().getNamespace())
                .addToLabels(Api.POLICY, policy.getMetadata().getName())
                .build());
        VerificationSpec spec = new VerificationSpec();
        spec.policyRef = new NamedRef(policy.getMetadata().getName());
        spec.level = plan.level == null ? Level.Restored : plan.level;
        spec.point = plan.point == null ? Choice.Latest : plan.point;
        verification.setSpec(spec);
        stamps.handOn(policy, verification);
        try {
            objects.wrote(client.resource(verification).create());
            events.normal(policy, Reason.InProgress, "started Verification " + name);
        } catch (KubernetesClientException e) {
            if (e.getCode() != HttpURLConnection.HTTP_CONFLICT) {
                throw e;
            }
        }
    }

    /** A Verification that is over never starts again, so its deletion needs no read. */
    private void deleteOld(List<Verification> all) {
        List<Verification> ended = all.stream()
                .filter(v -> v.isOver() && !deletion.isAwaited(v, clock.instant()))
                .sorted(Comparator.comparing((Verification v) -> v.getStatus().finishedAt)
                        .reversed())
                .toList();
        Optional<Verification> proof = ended.stream()
                .filter(v -> v.getStatus().holds(Condition.SUCCEEDED))
                .findFirst();
        ended.stream()
                .skip(KEPT)
                .filter(v -> !proof.map(p -> p == v).orElse(false))
                .forEach(v -> client.resource(v).delete());
    }
}
