package io.breakwater.trust;

import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.api.ServerMessage;
import io.breakwater.api.Texts;
import io.breakwater.config.OwnAccounts;
import io.breakwater.trust.AuthorPowers.NeededRight;
import io.fabric8.kubernetes.api.model.authentication.SelfSubjectReview;
import io.fabric8.kubernetes.api.model.authorization.v1.ResourceAttributes;
import io.fabric8.kubernetes.api.model.authorization.v1.SubjectAccessReview;
import io.fabric8.kubernetes.api.model.authorization.v1.SubjectAccessReviewBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.net.HttpURLConnection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;

/**
 * The rights of an author, as the API server reports them at the moment of the work. The operator and the guard may do everything.
 * Answers are cached in this object, so an object must not outlive one run. Errors are retryable: a right that cannot be checked
 * is neither granted nor denied.
 */
public final class AuthorRights {
    private static final int LONGEST_CAUSE = 500;

    private record Right(
            String verb, String group, String resource, String subresource, String name, String namespace) {}

    private final KubernetesClient client;
    private final Author author;
    private final boolean all;
    private final Map<Right, Boolean> answers = new ConcurrentHashMap<>();

    /**
     * @param author as read from a valid stamp or from a request of the API server, never from a field that a user can write
     * @param operator user name of the operator, from {@link #operator}
     */
    public AuthorRights(KubernetesClient client, Author author, String operator) {
        this.client = client;
        this.author = author;
        this.all = author.username().equals(operator) || author.username().equals(OwnAccounts.guardNextTo(operator));
    }

    /**
     * User name of this process, as the API server reports it.
     *
     * @throws BreakwaterException Forbidden, retryable, if the API server does not report a name
     */
    public static String operator(KubernetesClient client) {
        String cause = "the answer has no user name";
        try {
            SelfSubjectReview review = client.resource(new SelfSubjectReview()).create();
            if (review.getStatus() != null && review.getStatus().getUserInfo() != null) {
                String name = review.getStatus().getUserInfo().getUsername();
                if (name != null && !name.isEmpty()) {
                    return name;
                }
            }
        } catch (KubernetesClientException e) {
            cause = Texts.line(ServerMessage.of(e), LONGEST_CAUSE);
        }
        throw BreakwaterException.retryable(
                Reason.Forbidden, "the API server did not report the user name of the operator: " + cause);
    }

    /** The author whose rights these are. */
    public Author author() {
        return author;
    }

    /** Whether the author is Breakwater itself, which has all rights. */
    public boolean hasAll() {
        return all;
    }

    /**
     * Whether the author has a right.
     *
     * @param group empty for the core group
     * @param subresource empty for the object itself
     * @param name empty for all objects
     * @param namespace empty for a cluster-scoped kind, and for a right in all namespaces
     * @throws BreakwaterException Forbidden, retryable, if the API server did not answer the question
     */
    public boolean may(String verb, String group, String resource, String subresource, String name, String namespace) {
        return all
                || answers.computeIfAbsent(
                        new Right(verb, group, resource, subresource, name, namespace), this::isAllowed);
    }

    /** The verbs that the author lacks for all objects of a kind; the namespace is empty for a cluster-scoped kind. */
    public List<String> lacks(List<String> verbs, String group, String resource, String namespace) {
        return verbs.stream()
                .filter(verb -> !may(verb, group, resource, "", "", namespace))
                .toList();
    }

    /** Those of some rights that the author lacks in a namespace. */
    public List<NeededRight> lacks(List<NeededRight> needs, String namespace) {
        return needs.stream()
                .filter(need -> !may(
                        need.verb(),
                        need.group(),
                        need.resource(),
                        need.subresource(),
                        need.name(),
                        need.scope(namespace)))
                .toList();
    }

    private boolean isAllowed(Right right) {
        SubjectAccessReview answer;
        try {
            answer = client.resource(review(right)).create();
        } catch (KubernetesClientException e) {
            boolean refused = e.getCode() == HttpURLConnection.HTTP_UNAUTHORIZED
                    || e.getCode() == HttpURLConnection.HTTP_FORBIDDEN;
            throw BreakwaterException.retryable(
                    Reason.Forbidden,
                    "the rights of " + author.username() + " cannot be checked: "
                            + Texts.line(ServerMessage.of(e), LONGEST_CAUSE)
                            + (refused
                                    ? "; grant the operator create on subjectaccessreviews.authorization.k8s.io"
                                    : ""),
                    e);
        }
        return answer.getStatus() != null
                && Boolean.TRUE.equals(answer.getStatus().getAllowed())
                && !Boolean.TRUE.equals(answer.getStatus().getDenied());
    }

    private SubjectAccessReview review(Right right) {
        ResourceAttributes attributes = new ResourceAttributes();
        attributes.setVerb(right.verb());
        attributes.setGroup(right.group());
        attributes.setResource(right.resource());
        attributes.setSubresource(nullIfEmpty(right.subresource()));
        attributes.setName(nullIfEmpty(right.name()));
        attributes.setNamespace(nullIfEmpty(right.namespace()));
        return new SubjectAccessReviewBuilder()
                .withNewSpec()
                .withUser(author.username())
                .withUid(nullIfEmpty(author.uid()))
                .withGroups(author.groups())
                .withExtra(author.extra().isEmpty() ? null : extra())
                .withResourceAttributes(attributes)
                .endSpec()
                .build();
    }

    private Map<String, List<String>> extra() {
        return author.extra().entrySet().stream().collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue));
    }

    private static String nullIfEmpty(String text) {
        return text.isEmpty() ? null : text;
    }
}
