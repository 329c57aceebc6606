package io.breakwater.resource.apply;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.breakwater.api.Api;
import io.breakwater.api.BackupLocation;
import io.breakwater.api.BackupPolicy;
import io.breakwater.resource.ApiKind;
import io.breakwater.resource.ApiServer;
import io.breakwater.trust.Author;
import io.breakwater.trust.AuthorPowers;
import io.breakwater.trust.AuthorRights;
import io.breakwater.trust.AuthorStamps;
import io.breakwater.trust.ContentRule;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Limits a restore to the rights of its author. There are two ways. With impersonation the API server sees the author as the
 * user of each write. Without it the operator writes, and asks the API server about the author's rights before that. The operator
 * itself, which creates the Restores of a FailoverPlan, may do everything. Answers are cached in this object, which serves one
 * call of one restore.
 */
public final class AuthorCheck {
    private static final String RBAC = "rbac.authorization.k8s.io";

    private static final KubernetesSerialization JSON = new KubernetesSerialization();
    private static final Map<String, Class<? extends HasMetadata>> STAMPED = Map.of(
            "backuppolicies." + Api.GROUP, BackupPolicy.class, "backuplocations." + Api.GROUP, BackupLocation.class);

    private final ApiServer server;
    private final AuthorRights rights;
    private final boolean impersonates;
    private final String rightsNamespace;
    private final ContentRule content;
    private final AuthorStamps stamps;
    private ApiServer writer;

    private AuthorCheck(
            ApiServer server,
            AuthorRights rights,
            boolean impersonates,
            String rightsNamespace,
            ContentRule content,
            AuthorStamps stamps) {
        this.server = server;
        this.rights = rights;
        this.impersonates = impersonates && !rights.hasAll();
        this.rightsNamespace = rightsNamespace;
        this.content = content;
        this.stamps = stamps;
    }

    /**
     * The check for one Restore.
     *
     * @param author from a valid stamp
     * @param operator user name of the operator, from {@link AuthorRights#operator}
     * @param impersonate whether objects are written as the author
     */
    public static AuthorCheck of(KubernetesClient client, Author author, String operator, boolean impersonate) {
        return new AuthorCheck(
                new ApiServer(client),
                new AuthorRights(client, author, operator),
                impersonate,
                "",
                ContentRule.ofSeal(ContentRule.Asker.OPERATOR),
                null);
    }

    /**
     * The same check for a target namespace in which the author has no rights, such as a sandbox: the author needs the rights
     * in another namespace, and the operator writes the objects.
     */
    public AuthorCheck withRightsIn(String namespace) {
        return new AuthorCheck(server, rights, false, namespace, content, stamps);
    }

    /** The same check for content of this rule. */
    public AuthorCheck with(ContentRule rule) {
        return new AuthorCheck(server, rights, impersonates, rightsNamespace, rule, stamps);
    }

    /** The same check, which also stamps policies and locations that the operator writes. */
    public AuthorCheck signingWith(AuthorStamps by) {
        return new AuthorCheck(server, rights, impersonates, rightsNamespace, content, by);
    }

    /**
     * Makes the author of the restore the author of a restored policy or location. With impersonation the webhook does this. The
     * operator is the author only of content that a seal vouches for: anything else could contain commands of a stranger.
     */
    void stamp(ApiKind kind, ObjectNode object) {
        Class<? extends HasMetadata> type = STAMPED.get(kind.qualified());
        if (type == null || stamps == null || impersonates) {
            return;
        }
        if (rights.hasAll() && !content.vouched()) {
            return;
        }
        HasMetadata typed = JSON.convertValue(object, type);
        if (!hasPowers(typed)) {
            return; // The webhook would refuse it to the author. Without a stamp, commands do not run and Secrets are
            // not read.
        }
        stamps.sign(rights.author(), typed);
        ((ObjectNode) object.path("metadata"))
                .withObjectProperty("annotations")
                .put(Api.AUTHOR, typed.getMetadata().getAnnotations().get(Api.AUTHOR));
    }

    /** A code that only Breakwater can compute; empty without a key. */
    String code(String text) {
        return stamps == null ? "" : stamps.code(text);
    }

    private boolean hasPowers(HasMetadata object) {
        String namespace = object.getMetadata().getNamespace();
        return rights.lacks(AuthorPowers.needs(object), mapped(namespace)).isEmpty();
    }

    /** Whether an object works with the rights of its author: a policy with commands, or a location with Secrets. */
    boolean lendsRights(String directory, JsonNode object) {
        Class<? extends HasMetadata> type = STAMPED.get(directory);
        return type != null
                && !AuthorPowers.needs(JSON.convertValue(object, type)).isEmpty();
    }

    /** What the restore may take from the content. */
    ContentRule content() {
        return content;
    }

    /** Whether the author is the operator. */
    public boolean isOperator() {
        return rights.hasAll();
    }

    /** User name of the author. */
    public String author() {
        return rights.author().username();
    }

    /** Whether the API server sees the author as the user of writes. */
    public boolean isImpersonating() {
        return impersonates;
    }

    /**
     * The API server for the writes of the restore.
     *
     * @throws io.breakwater.api.BreakwaterException Forbidden if writes must be the author's, and the API server does not handle
     *     them as such
     */
    public synchronized ApiServer writer() {
        if (writer == null) {
            writer = impersonates ? ImpersonationCheck.as(server, rights.author()) : server;
        }
        return writer;
    }

    /** The verbs that the author lacks; the namespace is empty for cluster-scoped kinds. */
    List<String> lacks(ApiKind kind, String namespace, List<String> verbs) {
        return rights.lacks(verbs, kind.group(), kind.resource(), mapped(namespace));
    }

    /** Whether the author may run a command in a pod. */
    public boolean mayExecute(String namespace, String pod) {
        return rights.may("create", "", "pods", "exec", pod, mapped(namespace));
    }

    /**
     * The right that the author lacks to grant a role or a binding. A user may grant only rights that the user has, or
     * needs {@code escalate} or {@code bind}. The API server has the same rule. It applies the rule to the user that it sees, so
     * this check is needed only where that is the operator.
     *
     * @return the missing right, or an empty text
     */
    String lacksToGrant(ApiKind kind, JsonNode object, String namespace) {
        if (rights.hasAll()) {
            return "";
        }
        if (!kind.group().equals(RBAC)) {
            // OpenShift serves roles under this group too, and checks them for the user that it sees.
            return ContentRule.isGranting(kind.group()) ? "rights that only impersonation can check" : "";
        }
        if (kind.resource().endsWith("roles")) {
            if (rights.may("escalate", RBAC, kind.resource(), "", "", mapped(namespace))) {
                return "";
            }
            // The controller adds the rules of all roles with a label.
            return object.has("aggregationRule")
                    ? "escalate " + kind.resource()
                    : missing(object.path("rules"), namespace);
        }
        JsonNode role = object.path("roleRef");
        boolean cluster = role.path("kind").asText().equals("ClusterRole");
        String resource = cluster ? "clusterroles" : "roles";
        String name = role.path("name").asText();
        if (rights.may("bind", RBAC, resource, "", name, mapped(namespace))) {
            return "";
        }
        String path = "/apis/" + RBAC + "/v1/" + (cluster ? "" : "namespaces/" + namespace + "/") + resource + "/"
                + ApiKind.encoded(name);
        ApiServer.Answer answer = server.get(path);
        return answer.isOk()
                ? missing(answer.body().path("rules"), namespace)
                : "bind " + resource + "/" + name + " (it cannot be read: " + answer.message() + ")";
    }

    private String missing(JsonNode rules, String namespace) {
        for (JsonNode rule : rules) {
            for (JsonNode url : rule.path("nonResourceURLs")) {
                return "access to " + url.asText();
            }
            String missing = missingOf(rule, mapped(namespace));
            if (!missing.isEmpty()) {
                return missing;
            }
        }
        return "";
    }

    private String missingOf(JsonNode rule, String namespace) {
        List<String> names = texts(rule.path("resourceNames"));
        for (String group : texts(rule.path("apiGroups"))) {
            for (String resource : texts(rule.path("resources"))) {
                for (String verb : texts(rule.path("verbs"))) {
                    for (String name : names.isEmpty() ? List.of("") : names) {
                        if (!may(verb, group, resource, name, namespace)) {
                            return verb + " " + resource + (group.isEmpty() ? "" : "." + group)
                                    + (name.isEmpty() ? "" : "/" + name);
                        }
                    }
                }
            }
        }
        return "";
    }

    private boolean may(String verb, String group, String resource, String name, String namespace) {
        String[] parts = resource.split("/", 2);
        return rights.may(verb, group, parts[0], parts.length > 1 ? parts[1] : "", name, namespace);
    }

    /** The namespace in which the author needs the rights for a target namespace. */
    String mapped(String namespace) {
        return namespace.isEmpty() || rightsNamespace.isEmpty() ? namespace : rightsNamespace;
    }

    /** The texts of a list in a rule of a role. */
    static List<String> texts(JsonNode array) {
        List<String> all = new ArrayList<>();
        array.forEach(t -> all.add(t.asText()));
        return all;
    }
}
