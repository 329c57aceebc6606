package io.breakwater.admission;

import com.cronutils.model.CronType;
import com.cronutils.model.definition.CronDefinitionBuilder;
import com.cronutils.parser.CronParser;
import io.breakwater.api.BackupPolicy;
import io.breakwater.api.BackupPolicySpec;
import io.breakwater.api.BackupPolicySpec.Hook;
import io.breakwater.api.BackupPolicySpec.VerificationPlan;
import io.breakwater.api.CronInterval;
import io.breakwater.api.Durations;
import io.breakwater.api.FailoverPlan;
import io.breakwater.api.NamedRef;
import io.breakwater.api.OutputPattern;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.ZoneId;
import java.util.List;

/** Checks BackupPolicies: schedules, durations, references, and two policies for the same volumes. */
final class PolicyCheck {
    private static final Duration SECOND = Duration.ofSeconds(1);
    private static final Duration MINUTE = Duration.ofMinutes(1);
    private static final Duration LONGEST_KEEP_FOR = Duration.ofHours(24);

    /** The schema has the same limits. They are repeated, because a sender other than the API server ignores the schema. */
    private static final int LONGEST_CRON = 128;

    private static final int MOST_COPIES = 4;

    private static final CronParser CRON = new CronParser(CronDefinitionBuilder.instanceDefinitionFor(CronType.UNIX));

    private final KubernetesClient client;
    private final ReferenceCheck references;
    private final TemplateCheck templates;
    private final String ownNamespace;

    private final Duration shortestInterval;

    PolicyCheck(
            KubernetesClient client,
            ReferenceCheck references,
            TemplateCheck templates,
            String ownNamespace,
            Duration shortestInterval) {
        this.shortestInterval = shortestInterval;
        this.client = client;
        this.references = references;
        this.templates = templates;
        this.ownNamespace = ownNamespace;
    }

    void check(BackupPolicy policy, AdmissionRequest request, CheckFindings findings) {
        templates.policy(policy, request, findings);
        BackupPolicySpec spec = policy.getSpec();
        schedule("spec.schedule", spec.schedule, findings);
        interval(policy, findings);
        if (spec.objectives != null) {
            findings.duration("spec.objectives.rpo", spec.objectives.rpo, MINUTE);
            findings.duration("spec.objectives.rto", spec.objectives.rto, SECOND);
        }
        if (spec.verification != null) {
            verification(spec.verification, findings);
        }
        if (spec.source != null) {
            RestoreCheck.rules("spec.source.include", spec.source.include, findings);
            RestoreCheck.rules("spec.source.exclude", spec.source.exclude, findings);
        }
        if (spec.hooks != null) {
            hooks("spec.hooks.pre", spec.hooks.pre, findings);
            hooks("spec.hooks.post", spec.hooks.post, findings);
        }
        if (spec.databases != null
                && spec.databases.stream()
                                .map(database -> database.name)
                                .distinct()
                                .count()
                        < spec.databases.size()) {
            findings.refuse("spec.databases", "two databases have the same name");
        }
        if (spec.retention != null) {
            findings.duration("spec.retention.lockedFor", spec.retention.lockedFor, MINUTE);
            if (spec.retention.failed != null) {
                findings.duration("spec.retention.failed.keepFor", spec.retention.failed.keepFor, MINUTE);
            }
        }
        locations(policy, findings);
        if (spec.retainsSnapshots()) {
            retainedSnapshots(policy, findings);
        }
        if (request.isCreate() && !policy.template()) {
            singlePolicy(policy, findings);
        }
    }

    private void interval(BackupPolicy policy, CheckFindings findings) {
        BackupPolicySpec spec = policy.getSpec();
        if (policy.getMetadata().getNamespace().equals(ownNamespace) && !policy.template()) {
            return;
        }
        if (spec.schedule != null) {
            CronInterval.tooFrequent(spec.schedule.cron, shortestInterval)
                    .ifPresent(why -> findings.refuse("spec.schedule.cron", why));
        }
        if (spec.verification != null && spec.verification.schedule != null) {
            CronInterval.tooFrequent(spec.verification.schedule.cron, shortestInterval)
                    .ifPresent(why -> findings.refuse("spec.verification.schedule.cron", why));
        }
    }

    private void locations(BackupPolicy policy, CheckFindings findings) {
        BackupPolicySpec spec = policy.getSpec();
        location(policy, "spec.locationRef.name", spec.locationRef, findings);
        if (spec.copies == null) {
            return;
        }
        if (spec.copies.size() > MOST_COPIES) {
            findings.refuse("spec.copies", "at most " + MOST_COPIES + " copies are allowed");
            return;
        }
        for (int i = 0; i < spec.copies.size(); i++) {
            String field = "spec.copies[" + i + "]";
            BackupPolicySpec.Copy copy = spec.copies.get(i);
            findings.duration(field + ".rpo", copy.rpo, MINUTE);
            location(policy, field + ".locationRef.name", copy.locationRef, findings);
            if (copy.locationRef.name.equals(spec.locationRef.name)) {
                findings.refuse(
                        field + ".locationRef.name",
                        "'" + copy.locationRef.name + "' already holds the first copy; name another location");
            }
        }
    }

    /** Retained snapshots are lost with the storage, and the other site cannot restore them. */
    private void retainedSnapshots(BackupPolicy policy, CheckFindings findings) {
        String namespace = policy.getMetadata().getNamespace();
        String name = policy.getMetadata().getName();
        String field = "spec.volumes.method";
        client.resources(FailoverPlan.class).inNamespace(namespace).list().getItems().stream()
                .filter(plan -> name.equals(plan.getSpec().policyRef.name))
                .findFirst()
                .ifPresent(plan -> findings.refuse(
                        field,
                        "FailoverPlan " + plan.getMetadata().getName()
                                + " uses this policy, but the other site cannot read snapshots that stay in the"
                                + " storage of this site; use SnapshotAndMove here, and a second policy with"
                                + " Snapshot"));
        findings.warn(
                field,
                "RestorePoints of this policy are lost with the cluster's storage; create a second BackupPolicy with"
                        + " method SnapshotAndMove to copy the data to its location");
    }

    private void location(BackupPolicy policy, String field, NamedRef ref, CheckFindings findings) {
        if (policy.template()) {
            references.shared(field, ref, findings);
        } else {
            references.location(policy.getMetadata().getNamespace(), field, ref, findings);
        }
    }

    /** A policy protects all volumes of its namespace, so a second policy would capture each volume twice. */
    private void singlePolicy(BackupPolicy policy, CheckFindings findings) {
        String namespace = policy.getMetadata().getNamespace();
        client.resources(BackupPolicy.class).inNamespace(namespace).list().getItems().stream()
                .filter(other -> !other.getMetadata()
                        .getName()
                        .equals(policy.getMetadata().getName()))
                .filter(other -> other.getMetadata().getDeletionTimestamp() == null && !other.template())
                .filter(other -> other.getSpec().conflictsWith(policy.getSpec()))
                .findFirst()
                .ifPresent(other -> findings.refuse(
                        "metadata.name",
                        "BackupPolicy " + other.getMetadata().getName() + " already protects the volumes of namespace "
                                + namespace + "; "
                                + other.managedBy()
                                        .map(template -> "to use a separate policy, exclude the namespace in"
                                                + " BackupPolicy " + ownNamespace + "/" + template)
                                        .orElse("change that policy, or delete it first")));
    }

    private static void verification(VerificationPlan plan, CheckFindings findings) {
        schedule("spec.verification.schedule", plan.schedule, findings);
        findings.duration("spec.verification.readyTimeout", plan.readyTimeout, SECOND);
        findings.duration("spec.verification.keepFor", plan.keepFor, Duration.ZERO);
        if (Durations.parse(plan.keepFor, Duration.ZERO).compareTo(LONGEST_KEEP_FOR) > 0) {
            findings.refuse(
                    "spec.verification.keepFor",
                    "'" + plan.keepFor + "' is longer than 24h: the restored copy uses storage of the cluster; to"
                            + " retain a copy, restore the point into another namespace");
        }
        for (int i = 0; plan.checks != null && i < plan.checks.size(); i++) {
            BackupPolicySpec.Check check = plan.checks.get(i);
            String field = "spec.verification.checks[" + i + "]";
            findings.duration(field + ".timeout", check.timeout, SECOND, BackupPolicySpec.LONGEST_COMMAND);
            try {
                OutputPattern.of(check.expect == null ? "" : check.expect);
            } catch (IllegalArgumentException e) {
                findings.refuse(field + ".expect", e.getMessage());
            }
        }
    }

    private static void schedule(String field, BackupPolicySpec.Schedule schedule, CheckFindings findings) {
        if (schedule == null) {
            return;
        }
        if (schedule.cron.length() > LONGEST_CRON) {
            findings.refuse(field + ".cron", "the schedule has more than " + LONGEST_CRON + " characters");
            return;
        }
        try {
            CRON.parse(schedule.cron).validate();
        } catch (IllegalArgumentException e) {
            findings.refuse(
                    field + ".cron",
                    "'" + schedule.cron + "' is not a valid schedule: " + e.getMessage()
                            + "; use five fields, such as '*/15 * * * *' for every quarter of an hour");
        }
        findings.duration(field + ".jitter", schedule.jitter, Duration.ZERO);
        if (schedule.timeZone == null) {
            return;
        }
        try {
            ZoneId.of(schedule.timeZone);
        } catch (DateTimeException e) {
            findings.refuse(
                    field + ".timeZone",
                    "'" + schedule.timeZone
                            + "' is not a valid time zone; use a name such as Europe/Berlin or Etc/UTC");
        }
    }

    private static void hooks(String field, List<Hook> hooks, CheckFindings findings) {
        for (int i = 0; hooks != null && i < hooks.size(); i++) {
            findings.duration(
                    field + "[" + i + "].timeout", hooks.get(i).timeout, SECOND, BackupPolicySpec.LONGEST_COMMAND);
        }
    }
}
