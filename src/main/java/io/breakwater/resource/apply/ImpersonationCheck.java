package io.breakwater.resource.apply;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.api.Texts;
import io.breakwater.resource.ApiServer;
import io.breakwater.trust.Author;
import io.breakwater.trust.ImpersonationHeaders;
import java.util.HashSet;
import java.util.Set;

/**
 * Checks that the API server handles requests with the headers of an author as those of the author. Otherwise, such as behind a
 * proxy that drops the headers, a write would have the rights of the operator.
 */
final class ImpersonationCheck {
    private static final String KIND = "selfsubjectreviews";
    private static final String REVIEWS = "/apis/authentication.k8s.io/v1/" + KIND;

    /** The API server adds this group to each user that it knows. */
    private static final String AUTHENTICATED = "system:authenticated";

    private static final int FORBIDDEN = 403;
    private static final int LONGEST_CAUSE = 500;

    private ImpersonationCheck() {}

    /**
     * The API server for requests as the author; costs one request.
     *
     * @throws BreakwaterException Forbidden, retryable, if the API server sees another user, or the operator lacks the right to
     *     impersonate
     */
    static ApiServer as(ApiServer server, Author author) {
        ApiServer as = server.with(ImpersonationHeaders.of(author));
        ObjectNode review = ApiServer.JSON
                .createObjectNode()
                .put("apiVersion", "authentication.k8s.io/v1")
                .put("kind", "SelfSubjectReview");
        ApiServer.Answer answer = as.send("POST", REVIEWS, review);
        if (answer.isOk()) {
            checkUser(author, answer);
            return as;
        }
        // The operator may create this review. So the API server asked about the rights of the author.
        boolean refusedAuthor = answer.code() == FORBIDDEN
                && answer.body().path("details").path("kind").asText().equals(KIND);
        if (refusedAuthor) {
            return as;
        }
        throw forbidden(
                author,
                Texts.line(answer.message(), LONGEST_CAUSE),
                "grant the operator impersonate on users, groups, serviceaccounts and"
                        + " *.authentication.k8s.io, as the Helm value rbac.impersonate does, or set the value to false");
    }

    private static void checkUser(Author author, ApiServer.Answer answer) {
        Author seen;
        try {
            seen = Author.of(answer.body().path("status").path("userInfo"));
        } catch (IllegalArgumentException e) {
            throw forbidden(author, "the API server did not report the user that it sees", "check the API server");
        }
        boolean same = seen.username().equals(author.username())
                && (author.uid().isEmpty() || seen.uid().equals(author.uid()))
                && groups(seen).equals(groups(author))
                && author.extra().entrySet().stream()
                        .allMatch(e -> e.getValue().isEmpty()
                                || e.getValue().equals(seen.extra().get(e.getKey())));
        if (!same) {
            throw forbidden(
                    author,
                    "the API server sees user " + seen.username() + " with other attributes than those of the author",
                    "check proxies between the operator and the API server");
        }
    }

    private static Set<String> groups(Author author) {
        Set<String> groups = new HashSet<>(author.groups());
        groups.remove(AUTHENTICATED);
        return groups;
    }

    private static BreakwaterException forbidden(Author author, String cause, String wayOut) {
        return BreakwaterException.retryable(
                Reason.Forbidden,
                "objects cannot be written as author " + author.username() + ": " + cause + "; " + wayOut);
    }
}
