package io.breakwater.verify;

import io.breakwater.api.RestorePoint;
import io.breakwater.api.RestorePointStatus.Verified;
import io.breakwater.api.Verification;
import io.breakwater.api.VerificationStatus;
import io.breakwater.observe.Conditions;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.fabric8.kubernetes.client.dsl.base.ResourceDefinitionContext;
import java.net.HttpURLConnection;
import java.time.Instant;
import java.util.Map;

/**
 * Records in the status of a point that it was verified. The field manager is a separate one, because the controller of the
 * point writes the rest of the status at the same time.
 */
final class VerificationRecord {
    private static final String FIELD_MANAGER = "breakwater-verify";

    private final KubernetesClient client;

    VerificationRecord(KubernetesClient client) {
        this.client = client;
    }

    /** Records the result of a run that ends now; can be repeated. */
    void record(VerifyRun run, boolean proven, String evidence, Instant now) {
        Verification verification = run.verification();
        VerificationStatus s = verification.getStatus();
        if (s == null || s.restorePoint == null) {
            return;
        }
        Verified verified = new Verified();
        verified.verification = verification.getMetadata().getName();
        verified.level = verification.getSpec().level;
        verified.proven = proven;
        verified.at = Conditions.timestamp(now);
        verified.restoreTime = s.restoreTime;
        verified.evidence = evidence;
        GenericKubernetesResource patch = new GenericKubernetesResource();
        RestorePoint kind = new RestorePoint();
        patch.setApiVersion(kind.getApiVersion());
        patch.setKind(kind.getKind());
        patch.setMetadata(new ObjectMetaBuilder()
                .withName(s.restorePoint)
                .withNamespace(verification.getMetadata().getNamespace())
                .build());
        patch.setAdditionalProperty("status", Map.of("verified", verified));
        try {
            client.genericKubernetesResources(ResourceDefinitionContext.fromResourceType(RestorePoint.class))
                    .inNamespace(verification.getMetadata().getNamespace())
                    .withName(s.restorePoint)
                    .subresource("status")
                    .patch(
                            new PatchContext.Builder()
                                    .withPatchType(PatchType.SERVER_SIDE_APPLY)
                                    .withFieldManager(FIELD_MANAGER)
                                    .withForce(true)
                                    .build(),
                            patch);
        } catch (KubernetesClientException e) {
            if (e.getCode() != HttpURLConnection.HTTP_NOT_FOUND) {
                throw e;
            }
        }
    }
}
