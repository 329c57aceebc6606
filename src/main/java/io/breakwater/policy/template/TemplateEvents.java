package io.breakwater.policy.template;

import io.breakwater.api.BackupPolicy;
import io.breakwater.api.BackupPolicyStatus;
import io.breakwater.api.Condition;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.javaoperatorsdk.operator.api.config.informer.InformerEventSourceConfiguration;
import io.javaoperatorsdk.operator.api.reconciler.EventSourceContext;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import io.javaoperatorsdk.operator.processing.event.source.EventSource;
import io.javaoperatorsdk.operator.processing.event.source.informer.InformerEventSource;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Event sources for templates and for the policies that they manage. Filters pass only relevant changes, because
 * statuses change all the time.
 */
public final class TemplateEvents {
    private TemplateEvents() {}

    /** A namespace that is created, deleted or relabelled affects every template. */
    public static EventSource<?, BackupPolicy> ofNamespaces(EventSourceContext<BackupPolicy> context) {
        return new InformerEventSource<>(
                InformerEventSourceConfiguration.from(Namespace.class, BackupPolicy.class)
                        .withName("policy-template-namespaces")
                        .withSecondaryToPrimaryMapper(n -> templates(context))
                        .withOnUpdateFilter((now, before) -> differs(now.getMetadata(), before.getMetadata()))
                        .withComparableResourceVersion(false)
                        .build(),
                context);
    }

    /**
     * A policy of another namespace affects every template; a policy of the operator's namespace affects the policies
     * that it manages.
     */
    public static EventSource<?, BackupPolicy> ofPolicies(
            EventSourceContext<BackupPolicy> context, String operatorNamespace) {
        return new InformerEventSource<>(
                InformerEventSourceConfiguration.from(BackupPolicy.class, BackupPolicy.class)
                        .withName("policy-templates")
                        .withSecondaryToPrimaryMapper(p -> isIn(p, operatorNamespace)
                                ? managedBy(context, p.getMetadata().getName())
                                : templates(context))
                        .withOnUpdateFilter((now, before) -> matters(now, before, operatorNamespace))
                        .withComparableResourceVersion(false)
                        .build(),
                context);
    }

    private static boolean matters(BackupPolicy now, BackupPolicy before, String operatorNamespace) {
        boolean changed = !Objects.equals(
                        now.getMetadata().getGeneration(), before.getMetadata().getGeneration())
                || differs(now.getMetadata(), before.getMetadata());
        return changed || !isIn(now, operatorNamespace) && !summary(now).equals(summary(before));
    }

    private static boolean differs(ObjectMeta now, ObjectMeta before) {
        return !Objects.equals(now.getLabels(), before.getLabels())
                || !Objects.equals(now.getDeletionTimestamp(), before.getDeletionTimestamp());
    }

    /** The part of a status that {@link TemplateSummary} uses, without messages. */
    private static List<Object> summary(BackupPolicy policy) {
        BackupPolicyStatus s = policy.getStatus();
        return s == null
                ? List.of()
                : Arrays.asList(
                        condition(s, Condition.READY),
                        condition(s, Condition.PROTECTED),
                        s.lastSuccessfulPoint == null,
                        s.lastScheduleTime == null);
    }

    private static List<String> condition(BackupPolicyStatus status, String type) {
        return status.condition(type).map(c -> List.of(c.status, c.reason)).orElse(List.of());
    }

    private static Set<ResourceID> templates(EventSourceContext<BackupPolicy> context) {
        return context.getPrimaryCache()
                .list(BackupPolicy::template)
                .map(ResourceID::fromResource)
                .collect(Collectors.toSet());
    }

    private static Set<ResourceID> managedBy(EventSourceContext<BackupPolicy> context, String template) {
        return context.getPrimaryCache()
                .list(p -> p.managedBy().equals(Optional.of(template)))
                .map(ResourceID::fromResource)
                .collect(Collectors.toSet());
    }

    private static boolean isIn(BackupPolicy policy, String namespace) {
        return policy.getMetadata().getNamespace().equals(namespace);
    }
}
