package io.breakwater.admission;

import com.cronutils.model.CronType;
import com.cronutils.model.definition.CronDefinitionBuilder;
import com.cronutils.parser.CronParser;
import io.breakwater.api.BackupPolicy;
import io.breakwater.api.BackupPolicySpec;
import io.breakwater.api.BackupPolicySpec.Hook;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.ZoneId;
import java.util.List;

/** BackupPolicies: schedules that never run, durations that mean nothing, two policies for the same volumes. */
final class PolicyCheck {
    private static final Duration SECOND = Duration.ofSeconds(1);
    private static final Duration MINUTE = Duration.ofMinutes(1);
    private static final CronParser CRON = new CronParser(CronDefinitionBuilder.instanceDefinitionFor(CronType.UNIX));

    private final KubernetesClient client;
    private final References references;

    PolicyCheck(KubernetesClient client, References references) {
        this.client = client;
        this.references = references;
    }

    void check(BackupPolicy policy, boolean create, Findings findings) {
        BackupPolicySpec spec = policy.getSpec();
        if (spec.schedule != null) {
            cron(spec.schedule.cron, findings);
            zone(spec.schedule.timeZone, findings);
        }
        if (spec.objectives != null) {
            findings.duration("spec.objectives.rpo", spec.objectives.rpo, MINUTE);
        }
        if (spec.hooks != null) {
            hooks("spec.hooks.pre", spec.hooks.pre, findings);
            hooks("spec.hooks.post", spec.hooks.post, findings);
        }
        if (spec.databases != null
                && spec.databases.stream().map(d -> d.name).distinct().count() < spec.databases.size()) {
            findings.refuse("spec.databases", "two databases have the same name");
        }
        locations(policy, findings);
        if (create) {
            onlyOne(policy, findings);
        }
    }

    private void locations(BackupPolicy policy, Findings findings) {
        String namespace = policy.getMetadata().getNamespace();
        BackupPolicySpec spec = policy.getSpec();
        references.location(namespace, "spec.locationRef.name", spec.locationRef, findings);
        if (spec.copies == null) {
            return;
        }
        for (int i = 0; i < spec.copies.size(); i++) {
            String field = "spec.copies[" + i + "]";
            BackupPolicySpec.Copy copy = spec.copies.get(i);
            findings.duration(field + ".rpo", copy.rpo, MINUTE);
            references.location(namespace, field + ".locationRef.name", copy.locationRef, findings);
            if (copy.locationRef.name.equals(spec.locationRef.name)) {
                findings.refuse(
                        field + ".locationRef.name",
                        "'" + copy.locationRef.name + "' holds the first copy already; name another location");
            }
        }
    }

    /** A policy protects all volumes of its namespace, so a second one would cut and move each of them twice. */
    private void onlyOne(BackupPolicy policy, Findings findings) {
        String namespace = policy.getMetadata().getNamespace();
        client.resources(BackupPolicy.class).inNamespace(namespace).list().getItems().stream()
                .filter(p ->
                        !p.getMetadata().getName().equals(policy.getMetadata().getName()))
                .filter(p -> p.getMetadata().getDeletionTimestamp() == null)
                .findFirst()
                .ifPresent(other -> findings.refuse(
                        "metadata.name",
                        "BackupPolicy " + other.getMetadata().getName() + " protects the volumes of namespace "
                                + namespace + " already; change that one, or delete it first"));
    }

    private static void cron(String cron, Findings findings) {
        try {
            CRON.parse(cron).validate();
        } catch (IllegalArgumentException e) {
            findings.refuse(
                    "spec.schedule.cron",
                    "'" + cron + "' is no schedule: " + e.getMessage()
                            + "; five fields are needed, as in '*/15 * * * *' for every quarter of an hour");
        }
    }

    private static void zone(String zone, Findings findings) {
        if (zone == null) {
            return;
        }
        try {
            ZoneId.of(zone);
        } catch (DateTimeException e) {
            findings.refuse(
                    "spec.schedule.timeZone",
                    "'" + zone + "' is no time zone; use a name such as Europe/Berlin or Etc/UTC");
        }
    }

    private static void hooks(String field, List<Hook> hooks, Findings findings) {
        for (int i = 0; hooks != null && i < hooks.size(); i++) {
            findings.duration(field + "[" + i + "].timeout", hooks.get(i).timeout, SECOND);
        }
    }
}
