package io.breakwater.resource.apply;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.resource.ApiKind;
import io.breakwater.resource.ApiServer;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Checks whether the author of a Restore may do what the restore does. The author is the {@code userInfo} that the
 * admission webhook wrote into the object. The operator itself, which creates the Restores of a FailoverPlan, may do
 * everything. Answers are cached in this object, which serves one restore.
 */
public final class AuthorCheck {
    private static final String REVIEWS = "/apis/authorization.k8s.io/v1/subjectaccessreviews";
    private static final String SELF = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
    private static final String RBAC = "rbac.authorization.k8s.io";

    private record Question(String verb, String group, String resource, String name, String namespace) {}

    private final ApiServer server;
    private final JsonNode user;
    private final boolean trusted;
    private final boolean grants;
    private final Map<Question, Boolean> answers = new ConcurrentHashMap<>();

    private AuthorCheck(ApiServer server, JsonNode user, boolean trusted, boolean grants) {
        this.server = server;
        this.user = user;
        this.trusted = trusted;
        this.grants = grants;
    }

    /**
     * The check for one Restore.
     *
     * @param userInfo value of the annotation, as in authentication.k8s.io/v1 UserInfo; null if there is none
     * @param operator user name of the operator, from {@link #operator}
     * @throws BreakwaterException Forbidden if the author is unknown
     */
    public static AuthorCheck of(KubernetesClient client, String userInfo, String operator) {
        JsonNode user = parse(userInfo);
        String name = user.path("username").asText("");
        if (name.isEmpty()) {
            throw BreakwaterException.permanent(
                    Reason.Forbidden,
                    "the author of this Restore is unknown: the annotation breakwater.io/author is missing or"
                            + " unreadable; create the Restore while the admission webhook is registered");
        }
        return new AuthorCheck(new ApiServer(client), user, name.equals(operator), true);
    }

    /**
     * The same check for a point in a location of the namespace itself. The owner of such a location has the key to its
     * seals. With a forged point the owner could make the operator, which may grant everything, grant any rights.
     */
    public AuthorCheck untrusted() {
        return new AuthorCheck(server, user, trusted, false);
    }

    /** Whether neither the author nor the location is trusted for rights that objects grant. */
    public boolean isUntrusted() {
        return trusted && !grants;
    }

    /**
     * Whether roles and bindings may be restored at all; the author's right to grant each of them is checked
     * separately.
     */
    boolean mayRestoreGrants(ApiKind kind) {
        return !isUntrusted() || !kind.group().equals(RBAC);
    }

    /** User name of the operator, as the API server reports it. */
    public static String operator(KubernetesClient client) {
        ObjectNode review = ApiServer.JSON
                .createObjectNode()
                .put("apiVersion", "authentication.k8s.io/v1")
                .put("kind", "SelfSubjectReview");
        ApiServer.Answer answer = new ApiServer(client).send("POST", SELF, review);
        String name =
                answer.body().path("status").path("userInfo").path("username").asText("");
        if (!answer.isOk() || name.isEmpty()) {
            throw BreakwaterException.retryable(
                    Reason.Forbidden,
                    "the API server did not report the user name of the operator: " + answer.message());
        }
        return name;
    }

    /** User name of the author. */
    public String author() {
        return user.path("username").asText();
    }

    /** The verbs that the author lacks; the namespace is empty for cluster-scoped kinds. */
    List<String> lacks(ApiKind kind, String namespace, List<String> verbs) {
        return verbs.stream()
                .filter(v -> !may(new Question(v, kind.group(), kind.resource(), "", namespace)))
                .toList();
    }

    /**
     * The right that the author lacks to grant a role or a binding. A user may grant only rights that the user has, or
     * needs {@code escalate} or {@code bind}. The API server has the same rule, but here it sees only the operator.
     *
     * @return the missing right, or an empty text
     */
    String lacksToGrant(ApiKind kind, JsonNode object, String namespace) {
        if (trusted || !kind.group().equals(RBAC)) {
            return "";
        }
        if (kind.resource().endsWith("roles")) {
            return may(new Question("escalate", RBAC, kind.resource(), "", namespace))
                    ? ""
                    : missing(object.path("rules"), namespace);
        }
        JsonNode role = object.path("roleRef");
        boolean cluster = role.path("kind").asText().equals("ClusterRole");
        String resource = cluster ? "clusterroles" : "roles";
        String name = role.path("name").asText();
        if (may(new Question("bind", RBAC, resource, name, namespace))) {
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
            for (Question q : questions(rule, namespace)) {
                if (!may(q)) {
                    return q.verb() + " " + q.resource() + (q.group().isEmpty() ? "" : "." + q.group())
                            + (q.name().isEmpty() ? "" : "/" + q.name());
                }
            }
        }
        return "";
    }

    private static List<Question> questions(JsonNode rule, String namespace) {
        List<Question> all = new ArrayList<>();
        List<String> names = texts(rule.path("resourceNames"));
        for (String group : texts(rule.path("apiGroups"))) {
            for (String resource : texts(rule.path("resources"))) {
                for (String verb : texts(rule.path("verbs"))) {
                    for (String name : names.isEmpty() ? List.of("") : names) {
                        all.add(new Question(verb, group, resource, name, namespace));
                    }
                }
            }
        }
        return all;
    }

    private static List<String> texts(JsonNode array) {
        List<String> all = new ArrayList<>();
        array.forEach(t -> all.add(t.asText()));
        return all;
    }

    private boolean may(Question question) {
        return trusted || answers.computeIfAbsent(question, this::ask);
    }

    private boolean ask(Question q) {
        ObjectNode review = ApiServer.JSON
                .createObjectNode()
                .put("apiVersion", "authorization.k8s.io/v1")
                .put("kind", "SubjectAccessReview");
        ObjectNode spec = review.putObject("spec");
        spec.put("user", author());
        if (user.path("uid").isTextual()) {
            spec.set("uid", user.path("uid"));
        }
        ArrayNode groups = spec.putArray("groups");
        user.path("groups").forEach(groups::add);
        if (user.path("extra").isObject()) {
            spec.set("extra", user.path("extra"));
        }
        String[] parts = q.resource().split("/", 2);
        ObjectNode attributes = spec.putObject("resourceAttributes");
        attributes.put("verb", q.verb()).put("group", q.group()).put("resource", parts[0]);
        Map.of("subresource", parts.length > 1 ? parts[1] : "", "name", q.name(), "namespace", q.namespace())
                .forEach((k, v) -> {
                    if (!v.isEmpty()) {
                        attributes.put(k, v);
                    }
                });
        ApiServer.Answer answer = server.send("POST", REVIEWS, review);
        if (!answer.isOk()) {
            throw BreakwaterException.retryable(
                    Reason.Forbidden,
                    "the rights of " + author() + " cannot be checked: " + answer.message()
                            + (Set.of(401, 403).contains(answer.code())
                                    ? "; grant the operator create on subjectaccessreviews.authorization.k8s.io"
                                    : ""));
        }
        JsonNode status = answer.body().path("status");
        return status.path("allowed").asBoolean() && !status.path("denied").asBoolean();
    }

    private static JsonNode parse(String userInfo) {
        try {
            return userInfo == null ? ApiServer.JSON.createObjectNode() : ApiServer.JSON.readTree(userInfo);
        } catch (JsonProcessingException e) {
            return ApiServer.JSON.createObjectNode();
        }
    }
}
