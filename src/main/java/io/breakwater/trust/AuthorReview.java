package io.breakwater.trust;

import io.breakwater.api.BreakwaterException;
import io.breakwater.api.ObjectNames;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.config.OwnAccounts;
import io.breakwater.trust.AuthorPowers.NeededRight;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.client.KubernetesClient;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * Asks at the moment of the work whether the author of an object still has the rights that its fields need. Admission asked
 * already, but the author may have lost a right since, and an object may be from a time without the webhook.
 */
@ApplicationScoped
public class AuthorReview {
    private final KubernetesClient client;
    private final BreakwaterConfig config;
    private final AuthorStamps stamps;

    AuthorReview(KubernetesClient client, BreakwaterConfig config, AuthorStamps stamps) {
        this.client = client;
        this.config = config;
        this.stamps = stamps;
    }

    /**
     * Why the work must not be done.
     *
     * @param unknown whether the object has no valid stamp; otherwise its author lacks a right
     * @param message the cause and the way out
     */
    public record Objection(boolean unknown, String message) {}

    /**
     * Reviews a BackupPolicy or a BackupLocation. Those in the operator's namespace are the work of administrators.
     *
     * @return empty if the fields of the object need no right, or the author has all of them
     * @throws BreakwaterException retryable, if the API server did not answer
     */
    public Optional<Objection> of(HasMetadata object) {
        String namespace = object.getMetadata().getNamespace();
        return namespace.equals(config.namespace())
                ? Optional.empty()
                : review(object, AuthorPowers.needs(object), namespace);
    }

    /** Reviews only whether the author is known, without a request. */
    public Optional<Objection> unknown(HasMetadata object) {
        String namespace = object.getMetadata().getNamespace();
        List<NeededRight> needs = AuthorPowers.needs(object);
        return needs.isEmpty()
                        || namespace.equals(config.namespace())
                        || stamps.author(object).isPresent()
                ? Optional.empty()
                : Optional.of(unknown(object, needs, namespace));
    }

    private static Objection unknown(HasMetadata object, List<NeededRight> needs, String namespace) {
        return new Objection(
                true,
                "the author of " + ObjectNames.of(object) + " is unknown, because it has no valid annotation"
                        + " breakwater.io/author; " + wayOut(needs, namespace));
    }

    private Optional<Objection> review(HasMetadata object, List<NeededRight> needs, String namespace) {
        if (needs.isEmpty()) {
            return Optional.empty();
        }
        Optional<Author> author = stamps.author(object);
        if (author.isEmpty()) {
            return Optional.of(unknown(object, needs, namespace));
        }
        AuthorRights rights = new AuthorRights(client, author.get(), OwnAccounts.operator(config.namespace()));
        List<NeededRight> lacking = rights.lacks(needs, namespace);
        return lacking.isEmpty()
                ? Optional.empty()
                : Optional.of(new Objection(
                        false,
                        "author " + author.get().username() + " of " + ObjectNames.of(object)
                                + " lacks the right to " + texts(lacking) + " in namespace " + namespace + "; "
                                + wayOut(lacking, namespace)));
    }

    private static String wayOut(List<NeededRight> needs, String namespace) {
        return "edit it as a user with the right to " + texts(needs) + " in namespace " + namespace;
    }

    private static String texts(List<NeededRight> rights) {
        return rights.stream().map(NeededRight::text).distinct().collect(Collectors.joining(", "));
    }
}
