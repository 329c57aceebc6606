package io.breakwater.admission;

import com.fasterxml.jackson.databind.JsonNode;
import io.breakwater.api.Api;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.authorization.v1.SubjectAccessReview;
import io.fabric8.kubernetes.api.model.authorization.v1.SubjectAccessReviewBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;

/** The right to update a part of an object, for acts that need more than the right to update the object. */
record UserPermission(String resource, String part) {
    /** To move an application, and to discard data or accept a lease for that. */
    static final UserPermission FAIL_OVER = new UserPermission("failoverplans", "activesite");

    /** To attest that the other site is off, so that this one takes over from a site that may keep serving. */
    static final UserPermission ATTEST = new UserPermission("failoverplans", "attest");

    /** To accept an older document or another key of a site in a location. */
    static final UserPermission ACCEPT = new UserPermission("backuplocations", "accept");

    /** Whether the user of a request has the right. */
    boolean isGranted(KubernetesClient client, HasMetadata object, AdmissionRequest request) {
        return isGranted(
                client,
                object.getMetadata().getNamespace(),
                object.getMetadata().getName(),
                request);
    }

    /**
     * Whether the user of a request has the right in a namespace.
     *
     * @param name of the object; null for all objects
     */
    boolean isGranted(KubernetesClient client, String namespace, String name, AdmissionRequest request) {
        SubjectAccessReview question = new SubjectAccessReviewBuilder()
                .withNewSpec()
                .withUser(request.user())
                .withUid(request.userInfo().path("uid").asText(null))
                .withGroups(request.userInfo()
                        .path("groups")
                        .valueStream()
                        .map(JsonNode::asText)
                        .toList())
                .withNewResourceAttributes()
                .withGroup(Api.GROUP)
                .withResource(resource)
                .withSubresource(part)
                .withVerb("update")
                .withNamespace(namespace)
                .withName(name)
                .endResourceAttributes()
                .endSpec()
                .build();
        SubjectAccessReview answer =
                client.authorization().v1().subjectAccessReview().create(question);
        return answer.getStatus() != null
                && Boolean.TRUE.equals(answer.getStatus().getAllowed());
    }
}
