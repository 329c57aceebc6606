package io.breakwater.policy.template;

import io.breakwater.api.Api;
import io.breakwater.api.BackupPolicy;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.observe.Events;
import io.breakwater.policy.template.TemplatePlan.Member;
import io.breakwater.policy.template.TemplatePlan.Step;
import io.breakwater.steps.Parallel;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import jakarta.enterprise.context.ApplicationScoped;
import java.net.HttpURLConnection;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Templates: policies in the operator's namespace that are kept in other namespaces. Nothing hangs on a finalizer, so that
 * nothing is stuck when the operator goes: whoever is kept looks by itself whether its template still wants it.
 */
@ApplicationScoped
public class TemplateSync {
    private static final int WRITES = 8;
    private static final Duration LONGEST = Duration.ofMinutes(10);
    private static final Duration AFTER_TROUBLE = Duration.ofSeconds(30);

    private final KubernetesClient client;
    private final BreakwaterConfig config;
    private final TemplateReport report;
    private final Events events;

    public TemplateSync(KubernetesClient client, BreakwaterConfig config, TemplateReport report, Events events) {
        this.client = client;
        this.config = config;
        this.report = report;
        this.events = events;
    }

    /**
     * Brings the namespaces of a template into line, and tells how they stand.
     *
     * @return when to look again at the latest
     */
    public Duration keep(BackupPolicy template) {
        if (!isOurs(template)) {
            report.misplaced(template, config.namespace());
            return LONGEST;
        }
        TemplatePlan plan = TemplatePlan.of(
                template,
                client.namespaces().list().getItems(),
                client.resources(BackupPolicy.class).inAnyNamespace().list().getItems(),
                config.namespace());
        Map<String, BreakwaterException> refused = new ConcurrentHashMap<>();
        Parallel.each(WRITES, plan.members(), m -> follow(template, m).ifPresent(e -> refused.put(m.namespace(), e)));
        plan.leaving().forEach(this::withdraw);
        report.write(template, plan, refused);
        return refused.isEmpty() ? LONGEST : AFTER_TROUBLE;
    }

    /** Whether a template has kept this policy and does not any more, since it is gone, or selects other namespaces. */
    public boolean isLeft(BackupPolicy policy) {
        if (policy.keptBy().isEmpty() || isOurs(policy)) {
            return false;
        }
        String name = policy.keptBy().get();
        BackupPolicy template = client.resources(BackupPolicy.class)
                .inNamespace(config.namespace())
                .withName(name)
                .get();
        Namespace namespace = client.namespaces()
                .withName(policy.getMetadata().getNamespace())
                .get();
        return template == null
                || !template.template()
                || template.getMetadata().getDeletionTimestamp() != null
                || !name.equals(policy.getMetadata().getName())
                || namespace == null
                || !new NamespaceSelector(template.getSpec().source.namespaces, config.namespace()).takes(namespace);
    }

    /** Takes a policy away that a template has kept. Its points stay. */
    public void withdraw(BackupPolicy policy) {
        client.resource(policy).delete();
        events.normal(
                policy,
                Reason.NotSelected,
                "BackupPolicy " + config.namespace() + "/" + policy.keptBy().orElseThrow()
                        + " does not select this namespace any more; RestorePoints stay until somebody deletes them");
    }

    /** Writes over nothing but what we wrote: the webhook refuses that a policy becomes one that is kept. */
    void apply(BackupPolicy wanted) {
        client.resource(wanted).fieldManager(Api.FIELD_MANAGER).forceConflicts().serverSideApply();
    }

    private Optional<BreakwaterException> follow(BackupPolicy template, Member member) {
        if (!(member.step() instanceof Step.Apply(BackupPolicy wanted))) {
            return Optional.empty();
        }
        try {
            apply(wanted);
            if (member.kept().isEmpty()) {
                events.normal(
                        template, Reason.InProgress, "namespace " + member.namespace() + " is protected from now on");
            }
            return Optional.empty();
        } catch (KubernetesClientException e) {
            if (e.getCode() == HttpURLConnection.HTTP_NOT_FOUND) {
                return Optional.empty(); // The namespace has just gone.
            }
            String message = "BackupPolicy " + member.namespace() + "/"
                    + wanted.getMetadata().getName() + " cannot be written: " + e.getMessage();
            events.warning(template, Reason.Forbidden, message);
            return Optional.of(BreakwaterException.retryable(Reason.Forbidden, message, e));
        }
    }

    private boolean isOurs(BackupPolicy policy) {
        return policy.getMetadata().getNamespace().equals(config.namespace());
    }
}
