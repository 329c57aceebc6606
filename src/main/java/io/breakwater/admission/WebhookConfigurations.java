package io.breakwater.admission;

import io.breakwater.api.Api;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.config.OwnAccounts;
import io.breakwater.gate.GateRules;
import io.breakwater.trust.WebhookSecret;
import io.fabric8.kubernetes.api.model.LabelSelector;
import io.fabric8.kubernetes.api.model.LabelSelectorBuilder;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.admissionregistration.v1.MatchCondition;
import io.fabric8.kubernetes.api.model.admissionregistration.v1.MutatingWebhook;
import io.fabric8.kubernetes.api.model.admissionregistration.v1.MutatingWebhookBuilder;
import io.fabric8.kubernetes.api.model.admissionregistration.v1.MutatingWebhookConfiguration;
import io.fabric8.kubernetes.api.model.admissionregistration.v1.MutatingWebhookConfigurationBuilder;
import io.fabric8.kubernetes.api.model.admissionregistration.v1.RuleWithOperations;
import io.fabric8.kubernetes.api.model.admissionregistration.v1.RuleWithOperationsBuilder;
import io.fabric8.kubernetes.api.model.admissionregistration.v1.ValidatingWebhook;
import io.fabric8.kubernetes.api.model.admissionregistration.v1.ValidatingWebhookBuilder;
import io.fabric8.kubernetes.api.model.admissionregistration.v1.ValidatingWebhookConfiguration;
import io.fabric8.kubernetes.api.model.admissionregistration.v1.ValidatingWebhookConfigurationBuilder;
import io.fabric8.kubernetes.api.model.admissionregistration.v1.WebhookClientConfig;
import io.fabric8.kubernetes.api.model.admissionregistration.v1.WebhookClientConfigBuilder;
import io.fabric8.kubernetes.api.model.rbac.ClusterRole;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;

/**
 * The registration of the webhooks. They fail closed: an unchecked pod could be a second writer, and an unchecked Restore could use
 * permissions that its author does not have. Only the one for pods of an active application fails open. Therefore they are narrow:
 * pods only in gated namespaces, never in the operator's namespace; the kinds of Breakwater; and no write that only removes a
 * finalizer. The registration of the kinds is owned by the ClusterRole of the guard, so that it is deleted with the guard. The registration of the gate has no owner: a
 * removal of the chart does not open a gate. The command {@code uninstall} deletes it.
 */
final class WebhookConfigurations {
    private static final int TIMEOUT_SECONDS = 5;
    private static final String NAMESPACE_NAME = "kubernetes.io/metadata.name";
    private static final String NO_ENTRIES = "{}";

    /**
     * Objects that are being deleted are still used while a finalizer keeps them, so their changes are checked. Only a write that
     * changes nothing of importance, such as the removal of a finalizer, does not wait for the webhook, which may be down. A
     * creation is always checked: server-side apply can create an object that is being deleted from its first moment.
     */
    private static final MatchCondition NOT_ONLY_A_FINALIZER = new MatchCondition(
            "request.operation != 'UPDATE' || !has(oldObject.metadata.deletionTimestamp)" + differs("spec")
                    + differs("metadata.labels") + differs("metadata.annotations"),
            "not-only-a-finalizer");

    /** Other writes of namespaces do not wait for the webhook, which may be down. */
    private static final MatchCondition CHANGES_ADOPTION = new MatchCondition(
            annotation("object", Api.ADOPT) + " != " + before(Api.ADOPT) + " || "
                    + annotation("object", Api.ADOPT_STAMP) + " != " + before(Api.ADOPT_STAMP),
            "changes-adoption");

    /** The gate of a namespace cannot be changed while no webhook answers. All else of the namespace can. */
    private static final MatchCondition CHANGES_GATE = new MatchCondition(
            label("object", Api.STANDBY) + " != " + label("oldObject", Api.STANDBY)
                    + differs("object", "oldObject", Api.GATED_BY) + differs("object", "oldObject", Api.GATED_ONLY)
                    + differs("object", "oldObject", Api.FINAL_CUT) + differs("object", "oldObject", Api.POD_SEEN),
            "changes-gate");

    /** A user asks to open a gate. The namespace may be gated in the same moment, so each one is checked. */
    private static final MatchCondition CHANGES_OPENING = new MatchCondition(
            label("object", Api.ACTIVE) + " != " + "(request.operation == 'CREATE' ? '' : "
                    + label("oldObject", Api.ACTIVE) + ") || "
                    + annotation("object", Api.OPEN_GATE) + " != " + before(Api.OPEN_GATE) + " || "
                    + annotation("object", Api.GATE_OPENED) + " != " + before(Api.GATE_OPENED),
            "changes-opening");

    private static final MatchCondition NOT_YET_DELETED =
            new MatchCondition("!has(oldObject.metadata.deletionTimestamp)", "not-being-deleted");

    /** The deletion of a namespace does not wait for the webhook, which may be down. */
    private static final MatchCondition NOT_WITH_ITS_NAMESPACE = new MatchCondition(
            "request.userInfo.username != 'system:serviceaccount:kube-system:namespace-controller'",
            "not-with-its-namespace");

    private final BreakwaterConfig config;
    private final String caBundle;
    private final WebhookSecret secret;
    private final ClusterRole owner;

    /**
     * @param caPem the authorities that sign the webhook's certificate
     * @param secret of the paths, by which the webhook knows the API server
     * @param owner its deletion also deletes the registration; null when the guard has no ClusterRole
     */
    WebhookConfigurations(BreakwaterConfig config, String caPem, WebhookSecret secret, ClusterRole owner) {
        this.secret = secret;
        this.config = config;
        this.caBundle = Base64.getEncoder().encodeToString(caPem.getBytes(StandardCharsets.US_ASCII));
        this.owner = owner;
    }

    /** The webhooks that change objects: the authors of objects, the stamps of adoptions. */
    MutatingWebhookConfiguration mutating() {
        return new MutatingWebhookConfigurationBuilder()
                .withMetadata(metadata())
                .withWebhooks(
                        mutating("author", AdmissionServer.AUTHOR)
                                .withMatchConditions(NOT_ONLY_A_FINALIZER)
                                .withReinvocationPolicy("IfNeeded")
                                .withRules(AuthorStamp.resources().stream()
                                        .map(r -> rule(Api.GROUP, r, "CREATE", "UPDATE"))
                                        .toList())
                                .build(),
                        mutating("adoptions", AdmissionServer.ADOPTIONS)
                                .withMatchConditions(CHANGES_ADOPTION)
                                .withReinvocationPolicy("IfNeeded")
                                .withRules(
                                        rule("", "namespaces", "CREATE", "UPDATE"),
                                        rule("", "namespaces/status", "UPDATE"),
                                        rule("", "namespaces/finalize", "UPDATE"))
                                .build())
                .build();
    }

    /**
     * The gate for pods and Jobs. It affects namespaces with a closed gate, and those of a plan for which no guard has had proof that
     * this site is active. It fails open where the application is active and only some of its workloads are held.
     */
    MutatingWebhookConfiguration gate() {
        return new MutatingWebhookConfigurationBuilder()
                .withMetadata(gateMetadata())
                .withWebhooks(
                        holdBack("hold-back", gatedNamespaces(GateRules.ALL)).build(),
                        holdBack("hold-back-some", gatedNamespaces(GateRules.SOME))
                                .withFailurePolicy("Ignore")
                                .build(),
                        holdBack("undecided", undecidedNamespaces()).build())
                .build();
    }

    /** The check of the labels and annotations that are the gate. Other changes of a namespace do not wait for the webhook. */
    ValidatingWebhookConfiguration gateProtection() {
        return new ValidatingWebhookConfigurationBuilder()
                .withMetadata(gateMetadata())
                .withWebhooks(validating("namespaces", AdmissionServer.NAMESPACES)
                        .withMatchConditions(NOT_ONLY_A_FINALIZER, CHANGES_GATE, notByBreakwater())
                        .withObjectSelector(new LabelSelectorBuilder()
                                .addNewMatchExpression()
                                .withKey(Api.STANDBY)
                                .withOperator("In")
                                .withValues(GateRules.ALL, GateRules.SOME)
                                .endMatchExpression()
                                .build())
                        .withRules(rule("", "namespaces", "UPDATE"))
                        .build())
                .build();
    }

    /** The webhooks that refuse objects: checks of kinds and of deletions. */
    ValidatingWebhookConfiguration validating() {
        return new ValidatingWebhookConfigurationBuilder()
                .withMetadata(metadata())
                .withWebhooks(
                        validating("kinds", AdmissionServer.KINDS)
                                .withMatchConditions(NOT_ONLY_A_FINALIZER)
                                .withRules(rule(Api.GROUP, "*", "CREATE", "UPDATE"))
                                .build(),
                        validating("openings", AdmissionServer.NAMESPACES)
                                .withMatchConditions(CHANGES_OPENING, notByBreakwater())
                                .withRules(
                                        rule("", "namespaces", "CREATE", "UPDATE"),
                                        rule("", "namespaces/status", "UPDATE"),
                                        rule("", "namespaces/finalize", "UPDATE"))
                                .build(),
                        validating("removals", AdmissionServer.REMOVALS)
                                .withMatchConditions(NOT_YET_DELETED)
                                .withRules(rule(Api.GROUP, "restorepoints", "DELETE"))
                                .build(),
                        validating("kept-policies", AdmissionServer.REMOVALS)
                                .withMatchConditions(NOT_YET_DELETED, NOT_WITH_ITS_NAMESPACE)
                                .withNewObjectSelector()
                                .addNewMatchExpression()
                                .withKey(Api.TEMPLATE)
                                .withOperator("Exists")
                                .endMatchExpression()
                                .endObjectSelector()
                                .withRules(rule(Api.GROUP, "backuppolicies", "DELETE"))
                                .build())
                .build();
    }

    /** The check admits Breakwater's own accounts, so closing a gate does not wait for the webhook, which may be busy or down. */
    private MatchCondition notByBreakwater() {
        return new MatchCondition(
                "!(request.userInfo.username in ['" + String.join("', '", OwnAccounts.of(config.namespace())) + "'])",
                "not-by-breakwater");
    }

    private static String differs(String field) {
        return " || (has(object." + field + ") ? object." + field + " : " + NO_ENTRIES + ") != (has(oldObject." + field
                + ") ? oldObject." + field + " : " + NO_ENTRIES + ")";
    }

    /** An annotation of the stored object; empty for a creation. */
    private static String before(String name) {
        return "(request.operation == 'CREATE' ? '' : " + annotation("oldObject", name) + ")";
    }

    private static String differs(String object, String oldObject, String annotation) {
        return " || " + annotation(object, annotation) + " != " + annotation(oldObject, annotation);
    }

    private static String label(String object, String name) {
        String all = object + ".metadata.labels";
        return "(has(" + all + ") && '" + name + "' in " + all + " ? " + all + "['" + name + "'] : '')";
    }

    private static String annotation(String object, String name) {
        String all = object + ".metadata.annotations";
        return "(has(" + all + ") && '" + name + "' in " + all + " ? " + all + "['" + name + "'] : '')";
    }

    private MutatingWebhookBuilder mutating(String name, String path) {
        return new MutatingWebhookBuilder(new MutatingWebhook())
                .withName(name + "." + Api.GROUP)
                .withClientConfig(service(path))
                .withAdmissionReviewVersions("v1")
                .withSideEffects("None")
                .withFailurePolicy("Fail")
                .withMatchPolicy("Equivalent")
                .withTimeoutSeconds(TIMEOUT_SECONDS);
    }

    private ValidatingWebhookBuilder validating(String name, String path) {
        return new ValidatingWebhookBuilder(new ValidatingWebhook())
                .withName(name + "." + Api.GROUP)
                .withClientConfig(service(path))
                .withAdmissionReviewVersions("v1")
                .withSideEffects("None")
                .withFailurePolicy("Fail")
                .withMatchPolicy("Equivalent")
                .withTimeoutSeconds(TIMEOUT_SECONDS);
    }

    private WebhookClientConfig service(String path) {
        return new WebhookClientConfigBuilder()
                .withCaBundle(caBundle)
                .withNewService()
                .withNamespace(config.namespace())
                .withName(config.webhook().service())
                .withPath(secret.path(path))
                .withPort(443)
                .endService()
                .build();
    }

    private MutatingWebhookBuilder holdBack(String name, LabelSelector namespaces) {
        return mutating(name, AdmissionServer.HOLD_BACK)
                .withNamespaceSelector(namespaces)
                .withRules(rule("", "pods", "CREATE"), rule("batch", "jobs", "CREATE"));
    }

    private LabelSelector gatedNamespaces(String standby) {
        return notOwnNamespace().addToMatchLabels(Api.STANDBY, standby).build();
    }

    private LabelSelector undecidedNamespaces() {
        return notOwnNamespace()
                .addNewMatchExpression()
                .withKey(Api.PLAN)
                .withOperator("Exists")
                .endMatchExpression()
                .addNewMatchExpression()
                .withKey(Api.ACTIVE)
                .withOperator("NotIn")
                .withValues("true")
                .endMatchExpression()
                .addNewMatchExpression()
                .withKey(Api.STANDBY)
                .withOperator("NotIn")
                .withValues(GateRules.ALL)
                .endMatchExpression()
                .build();
    }

    private LabelSelectorBuilder notOwnNamespace() {
        return new LabelSelectorBuilder()
                .addNewMatchExpression()
                .withKey(NAMESPACE_NAME)
                .withOperator("NotIn")
                .withValues(List.of(config.namespace()))
                .endMatchExpression();
    }

    /** Name of the registration of the gate. */
    static String gateName(BreakwaterConfig config) {
        return config.webhook().name() + "-gate";
    }

    private ObjectMeta gateMetadata() {
        return new ObjectMetaBuilder()
                .withName(gateName(config))
                .addToLabels("app.kubernetes.io/managed-by", "breakwater")
                .build();
    }

    private ObjectMeta metadata() {
        ObjectMetaBuilder metadata = new ObjectMetaBuilder()
                .withName(config.webhook().name())
                .addToLabels("app.kubernetes.io/managed-by", "breakwater");
        if (owner != null) {
            metadata.addNewOwnerReference()
                    .withApiVersion("rbac.authorization.k8s.io/v1")
                    .withKind("ClusterRole")
                    .withName(owner.getMetadata().getName())
                    .withUid(owner.getMetadata().getUid())
                    .endOwnerReference();
        }
        return metadata.build();
    }

    private static RuleWithOperations rule(String group, String resource, String... operations) {
        return new RuleWithOperationsBuilder()
                .withApiGroups(group)
                .withApiVersions(group.equals(Api.GROUP) ? Api.VERSION : "v1")
                .withResources(resource)
                .withOperations(operations)
                .withScope("*")
                .build();
    }
}
