package io.breakwater.admission;

import com.fasterxml.jackson.databind.JsonNode;
import io.breakwater.api.Api;
import io.breakwater.api.BackupLocation;
import io.breakwater.api.BackupPolicy;
import io.breakwater.api.FailoverPlan;
import io.breakwater.api.Restore;
import io.breakwater.api.Verification;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.config.OwnAccounts;
import io.breakwater.trust.Author;
import io.breakwater.trust.AuthorPowers;
import io.breakwater.trust.AuthorPowers.NeededRight;
import io.breakwater.trust.AuthorRights;
import io.breakwater.trust.AuthorStamps;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * Stamps objects with their author, since Breakwater works with the rights of the author only. The author comes from the API
 * server and not from the client: whatever a client writes into the annotation is overwritten.
 *
 * <ul>
 *   <li>A created object belongs to its creator.
 *   <li>An attempt (Restore, Verification) belongs to its creator for ever.
 *   <li>A FailoverPlan belongs to the last user who changed its sites, its rendezvous or its policy. A user who only fails over
 *       does not need the rights of that author.
 *   <li>Another object belongs to the last user who changed the fields that need rights. Once that author has lost a right, any edit
 *       by a user with the rights makes that user the author. A user without the rights may change other fields, and the author stays.
 *   <li>Breakwater's own accounts may hand on the author of one object to another one with a stamp that is already valid.
 * </ul>
 */
final class AuthorStamp {
    private static final String ANNOTATIONS = "/metadata/annotations";

    /** The kinds that have an author, with their resources. */
    private static final Map<Class<? extends HasMetadata>, String> KINDS = Map.of(
            BackupPolicy.class, "backuppolicies",
            BackupLocation.class, "backuplocations",
            FailoverPlan.class, "failoverplans",
            Restore.class, "restores",
            Verification.class, "verifications");

    private final KubernetesClient client;
    private final AuthorStamps stamps;
    private final String ownNamespace;

    AuthorStamp(KubernetesClient client, BreakwaterConfig config, AuthorStamps stamps) {
        this.client = client;
        this.stamps = stamps;
        this.ownNamespace = config.namespace();
    }

    /** Names of the resources to review. */
    static List<String> resources() {
        return KINDS.values().stream().sorted().toList();
    }

    AdmissionResponse review(AdmissionRequest request) {
        return KINDS.keySet().stream()
                .filter(type -> type.getSimpleName().equals(request.kind()))
                .findFirst()
                .map(type -> review(request, read(request.object(), type, request.namespace()), type))
                .orElseGet(AdmissionResponse::allow);
    }

    private AdmissionResponse review(AdmissionRequest request, HasMetadata object, Class<? extends HasMetadata> type) {
        boolean own = request.isFrom(ownNamespace);
        boolean attempt = isAttempt(object);
        if (request.isCreate()) {
            // A restore writes policies and locations of others: they never become the work of the operator by chance.
            return own && (!attempt || !stampOf(request.object()).isMissingNode())
                    ? AdmissionResponse.allow()
                    : stampOrRefuse(request, object);
        }
        HasMetadata before = read(request.oldObject(), type, request.namespace());
        if (own && !attempt && stamps.author(object).isPresent()) {
            return AdmissionResponse.allow();
        }
        if (attempt || own) {
            return preserve(request);
        }
        // The author of a plan stays without its rights: who fails over need not be the next one.
        boolean authored =
                object instanceof FailoverPlan ? stamps.author(before).isPresent() : hasRights(before);
        boolean stays = authored || !lacks(request, object).isEmpty();
        return AuthorStamps.haveSamePowers(before, object) && stays
                ? preserve(request)
                : stampOrRefuse(request, object);
    }

    private AdmissionResponse stampOrRefuse(AdmissionRequest request, HasMetadata object) {
        List<NeededRight> lacking = lacks(request, object);
        if (!lacking.isEmpty()) {
            return AdmissionResponse.refuse(lacking.stream()
                    .map(need -> need.field() + ": user " + request.user() + " needs the right to "
                            + need.text(object.getMetadata().getNamespace()))
                    .collect(Collectors.joining("; ")));
        }
        return patch(request, stamps.stamp(Author.of(request.userInfo()), object));
    }

    /** Whether the object has an author with all rights: then an edit of other fields makes no other user the author. */
    private boolean hasRights(HasMetadata object) {
        return stamps.author(object)
                .filter(author -> lacks(author, object).isEmpty())
                .isPresent();
    }

    private List<NeededRight> lacks(AdmissionRequest request, HasMetadata object) {
        return lacks(Author.of(request.userInfo()), object);
    }

    private List<NeededRight> lacks(Author author, HasMetadata object) {
        String namespace = object.getMetadata().getNamespace();
        if (namespace.equals(ownNamespace)) {
            return List.of(); // Every writer there is an administrator of Breakwater.
        }
        AuthorRights rights = new AuthorRights(client, author, OwnAccounts.operator(ownNamespace));
        return rights.lacks(AuthorPowers.needs(object), namespace);
    }

    /** The annotation as it was before the update. */
    private static AdmissionResponse preserve(AdmissionRequest request) {
        return patch(request, stampOf(request.oldObject()).asText(null));
    }

    private static AdmissionResponse patch(AdmissionRequest request, String stamp) {
        JsonPatch patch = new JsonPatch(request.object());
        return AdmissionResponse.patch(
                (stamp == null ? patch.remove(ANNOTATIONS, Api.AUTHOR) : patch.put(ANNOTATIONS, Api.AUTHOR, stamp))
                        .steps());
    }

    private static JsonNode stampOf(JsonNode object) {
        return object.at(ANNOTATIONS).path(Api.AUTHOR);
    }

    private static boolean isAttempt(HasMetadata object) {
        return object instanceof Restore || object instanceof Verification;
    }

    private <T extends HasMetadata> T read(JsonNode json, Class<T> type, String namespace) {
        T object = client.getKubernetesSerialization().convertValue(json, type);
        if (object.getMetadata().getNamespace() == null) {
            object.getMetadata().setNamespace(namespace);
        }
        return object;
    }
}
