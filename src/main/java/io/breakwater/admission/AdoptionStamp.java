package io.breakwater.admission;

import com.fasterxml.jackson.databind.JsonNode;
import io.breakwater.api.Api;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.config.OwnAccounts;
import io.breakwater.trust.AdoptedHistory;
import io.breakwater.trust.AdoptionStamps;
import io.breakwater.trust.Author;
import io.breakwater.trust.AuthorRights;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.time.Clock;

/**
 * Reviews annotation {@value Api#ADOPT} of Namespaces, and stamps it. A user who sets or changes it needs the verb
 * {@value Api#ADOPT_VERB} on restorepoints in all namespaces: a user with all rights in the Namespace must not get the data of
 * others by it. Everyone may delete it. The stamp comes from this review only: what
 * a client writes into it is overwritten. An edit of other fields stamps nothing.
 */
final class AdoptionStamp {
    private static final String ANNOTATIONS = "/metadata/annotations";
    private static final String FIELD = "metadata.annotations: ";

    private final KubernetesClient client;
    private final String ownNamespace;
    private final AdoptionStamps stamps;
    private final Clock clock;

    AdoptionStamp(KubernetesClient client, BreakwaterConfig config, AdoptionStamps stamps, Clock clock) {
        this.client = client;
        this.ownNamespace = config.namespace();
        this.stamps = stamps;
        this.clock = clock;
    }

    AdmissionResponse review(AdmissionRequest request) {
        String wanted = value(request.object(), Api.ADOPT);
        if (wanted == null) {
            return stamp(request, null);
        }
        if (!request.isCreate() && wanted.equals(value(request.oldObject(), Api.ADOPT))) {
            return stamp(request, value(request.oldObject(), Api.ADOPT_STAMP));
        }
        if (request.isFrom(ownNamespace)) {
            // A restore may write the annotations of an archive. They never become the decision of an administrator.
            return stamp(request, null);
        }
        return decide(request, wanted);
    }

    private AdmissionResponse decide(AdmissionRequest request, String wanted) {
        Namespace namespace = client.getKubernetesSerialization().convertValue(request.object(), Namespace.class);
        String name = namespace.getMetadata().getName();
        if (name == null || name.isEmpty()) {
            return AdmissionResponse.refuse(
                    FIELD + Api.ADOPT + " needs a Namespace with a name; set metadata.name instead of generateName");
        }
        if (AdoptedHistory.parse(wanted).isEmpty()) {
            return AdmissionResponse.refuse(FIELD + Api.ADOPT + " must have the form <site>/<namespace>, with commas"
                    + " between several of them; correct the value");
        }
        AuthorRights rights =
                new AuthorRights(client, Author.of(request.userInfo()), OwnAccounts.operator(ownNamespace));
        if (!rights.may(Api.ADOPT_VERB, Api.GROUP, "restorepoints", "", "", "")) {
            return AdmissionResponse.refuse(FIELD + "user " + request.user() + " may not set " + Api.ADOPT
                    + " on namespace " + name + ", since it gives the namespace points of other namespaces; this needs"
                    + " the verb " + Api.ADOPT_VERB + " on restorepoints in group " + Api.GROUP
                    + " in all namespaces, which ClusterRole breakwater-adopter grants");
        }
        if (request.isCreate()) {
            namespace.getMetadata().setUid(null);
        }
        return stamp(request, stamps.stamp(namespace, request.user(), clock.instant()));
    }

    private static AdmissionResponse stamp(AdmissionRequest request, String stamp) {
        JsonPatch patch = new JsonPatch(request.object());
        return AdmissionResponse.patch((stamp == null
                        ? patch.remove(ANNOTATIONS, Api.ADOPT_STAMP)
                        : patch.put(ANNOTATIONS, Api.ADOPT_STAMP, stamp))
                .steps());
    }

    private static String value(JsonNode namespace, String annotation) {
        return namespace.at(ANNOTATIONS).path(annotation).asText(null);
    }
}
