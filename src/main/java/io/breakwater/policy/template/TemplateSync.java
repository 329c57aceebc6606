package io.breakwater.policy.template;

import io.breakwater.api.Api;
import io.breakwater.api.BackupPolicy;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.ObjectNames;
import io.breakwater.api.Reason;
import io.breakwater.api.ServerMessage;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.config.OwnAccounts;
import io.breakwater.observe.Events;
import io.breakwater.policy.template.TemplatePlan.Member;
import io.breakwater.policy.template.TemplatePlan.Step;
import io.breakwater.steps.Parallel;
import io.breakwater.trust.Author;
import io.breakwater.trust.AuthorStamps;
import io.breakwater.watch.ObjectCache;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import jakarta.enterprise.context.ApplicationScoped;
import java.net.HttpURLConnection;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Templates: policies in the operator's namespace that manage policies in other namespaces. No finalizer is involved,
 * so that no deletion hangs when the operator is removed. Each managed policy checks itself whether its template still
 * selects it.
 */
@ApplicationScoped
public class TemplateSync {
    private static final int WRITES = 8;
    private static final Duration LONGEST = Duration.ofMinutes(10);
    private static final Duration AFTER_TROUBLE = Duration.ofSeconds(30);

    private final KubernetesClient client;
    private final ObjectCache objects;
    private final BreakwaterConfig config;
    private final TemplateReport report;
    private final Events events;
    private final AuthorStamps stamps;

    public TemplateSync(
            KubernetesClient client,
            ObjectCache objects,
            BreakwaterConfig config,
            TemplateReport report,
            Events events,
            AuthorStamps stamps) {
        this.client = client;
        this.objects = objects;
        this.config = config;
        this.report = report;
        this.events = events;
        this.stamps = stamps;
    }

    /**
     * Creates, updates and deletes the policies of a template, and reports the state of its namespaces.
     *
     * @return time until the next check
     */
    public Duration sync(BackupPolicy template) {
        if (!isInOperatorNamespace(template)) {
            report.writeMisplaced(template, config.namespace());
            return LONGEST;
        }
        TemplatePlan plan = TemplatePlan.of(
                template,
                objects.all(Namespace.class),
                objects.all(BackupPolicy.class),
                config.namespace(),
                managed -> sign(template, managed));
        Map<String, BreakwaterException> refused = new ConcurrentHashMap<>();
        Parallel.each(WRITES, plan.members(), m -> applyTo(template, m).ifPresent(e -> refused.put(m.namespace(), e)));
        plan.unselected().stream().filter(this::isOrphaned).forEach(this::delete);
        report.write(template, plan, refused);
        return refused.isEmpty() ? LONGEST : AFTER_TROUBLE;
    }

    /** Whether this policy belonged to a template that is deleted now, or selects other namespaces. */
    public boolean isOrphaned(BackupPolicy policy) {
        if (policy.managedBy().isEmpty() || isInOperatorNamespace(policy)) {
            return false;
        }
        String name = policy.managedBy().get();
        String in = policy.getMetadata().getNamespace();
        // The policy is deleted by this, so the API server confirms what the cache has.
        return isOrphaned(
                        policy,
                        objects.find(BackupPolicy.class, config.namespace(), name),
                        objects.find(Namespace.class, null, in))
                && isOrphaned(
                        policy,
                        objects.read(BackupPolicy.class, config.namespace(), name),
                        objects.read(Namespace.class, null, in));
    }

    private boolean isOrphaned(BackupPolicy policy, BackupPolicy template, Namespace namespace) {
        String name = policy.managedBy().orElseThrow();
        return template == null
                || !template.template()
                || template.getMetadata().getDeletionTimestamp() != null
                || !name.equals(policy.getMetadata().getName())
                || namespace == null
                || !new NamespaceSelector(template.getSpec().source.namespaces, config.namespace()).takes(namespace);
    }

    /** Deletes a policy that a template managed. Its points stay. */
    public void delete(BackupPolicy policy) {
        client.resource(policy).delete();
        events.normal(
                policy,
                Reason.NotSelected,
                "BackupPolicy " + config.namespace() + "/" + policy.managedBy().orElseThrow()
                        + " does not select this namespace any more, so this policy is deleted; RestorePoints stay"
                        + " until a user deletes them");
    }

    /** Overwrites only policies that Breakwater wrote: the webhook refuses to change a policy into a managed one. */
    void apply(BackupPolicy wanted) {
        objects.wrote(client.resource(wanted)
                .fieldManager(Api.FIELD_MANAGER)
                .forceConflicts()
                .serverSideApply());
    }

    /** A template from a time without stamps is the work of an administrator, too: only they can write it. */
    private void sign(BackupPolicy template, BackupPolicy managed) {
        Author operator = new Author(OwnAccounts.operator(config.namespace()), "", List.of(), Map.of());
        stamps.sign(stamps.author(template).orElse(operator), managed);
    }

    private Optional<BreakwaterException> applyTo(BackupPolicy template, Member member) {
        if (!(member.step() instanceof Step.Apply(BackupPolicy wanted))) {
            return Optional.empty();
        }
        String name = wanted.getMetadata().getName();
        if (member.managed().isEmpty() && objects.read(BackupPolicy.class, member.namespace(), name) != null) {
            return Optional
                    .empty(); // It is newer than the cache, and a policy of the namespace must not be overwritten.
        }
        try {
            apply(wanted);
            if (member.managed().isEmpty()) {
                events.normal(template, Reason.InProgress, "namespace " + member.namespace() + " is protected now");
            }
            return Optional.empty();
        } catch (KubernetesClientException e) {
            if (e.getCode() == HttpURLConnection.HTTP_NOT_FOUND) {
                return Optional.empty(); // The namespace was just deleted.
            }
            String message = ObjectNames.of(wanted) + " cannot be written, will retry: " + ServerMessage.of(e);
            events.warning(template, Reason.Forbidden, message);
            return Optional.of(BreakwaterException.retryable(Reason.Forbidden, message, e));
        }
    }

    private boolean isInOperatorNamespace(BackupPolicy policy) {
        return policy.getMetadata().getNamespace().equals(config.namespace());
    }
}
