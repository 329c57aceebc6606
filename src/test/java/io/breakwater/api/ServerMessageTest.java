package io.breakwater.api;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.StatusBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.io.IOException;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Texts of errors in statuses and events. */
class ServerMessageTest {
    private static final String REQUEST =
            "Failure executing: POST at: https://10.0.0.1:443/api/v1/namespaces/shop/pods. ";

    private static KubernetesClientException refused(String message) {
        return new KubernetesClientException(
                REQUEST + "Message: " + message + ". Received status: Status(apiVersion=v1, code=403, details=…)",
                403,
                new StatusBuilder().withCode(403).withMessage(message).build());
    }

    @Test
    void showsWhatTheServerAnswered() {
        assertThat(ServerMessage.of(refused("pods is forbidden"))).isEqualTo("pods is forbidden");
        assertThat(ServerMessage.of(new ExecutionException(refused("pods is forbidden"))))
                .as("an error of another thread")
                .isEqualTo("pods is forbidden");
    }

    @Test
    void omitsTheRequestWithoutAnAnswer() {
        assertThat(ServerMessage.of(new KubernetesClientException(REQUEST + "Message: Forbidden.")))
                .isEqualTo("Forbidden.");
        assertThat(ServerMessage.of(
                        new IllegalStateException("Error executing: GET at: https://10.0.0.1/api. Cause: reset")))
                .isEqualTo("reset");
        assertThat(ServerMessage.of(new KubernetesClientException(
                        "Message: no. Received status: Status(apiVersion=v1,\n kind=Status)")))
                .isEqualTo("Message: no.");
    }

    @Test
    void addsTheCauseOfABrokenConnection() {
        assertThat(ServerMessage.of(new KubernetesClientException(
                        "Operation: [get] for kind: [Pod] failed.", new IOException("connection refused"))))
                .isEqualTo("Operation: [get] for kind: [Pod] failed. connection refused");
        assertThat(ServerMessage.of(new NullPointerException())).isEqualTo("NullPointerException");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "persistentvolumeclaims \"che-data-volume\" is forbidden: exceeded quota: persistent-volume, requested: requests.storage=1Gi, used: requests.storage=102376Mi, limited: requests.storage=100Gi"
                        + "|increase requests.storage of ResourceQuota persistent-volume, or delete objects that it counts",
                "persistentvolumeclaims \"b\" is forbidden: exceeded quota: storage-netapp-file-backup-quota, requested: netapp-file-backup.storageclass.storage.k8s.io/requests.storage=7Gi, used: netapp-file-backup.storageclass.storage.k8s.io/requests.storage=3Gi, limited: netapp-file-backup.storageclass.storage.k8s.io/requests.storage=8Gi"
                        + "|increase netapp-file-backup.storageclass.storage.k8s.io/requests.storage of ResourceQuota storage-netapp-file-backup-quota, or delete objects that it counts",
                "persistentvolumeclaims \"c\" is forbidden: exceeded quota: claims, requested: persistentvolumeclaims=1, used: persistentvolumeclaims=5, limited: persistentvolumeclaims=5"
                        + "|increase persistentvolumeclaims of ResourceQuota claims, or delete objects that it counts",
                "jobs.batch \"j\" is forbidden: exceeded quota: jobs, requested: count/jobs.batch=1, used: count/jobs.batch=3, limited: count/jobs.batch=3"
                        + "|increase count/jobs.batch of ResourceQuota jobs, or delete objects that it counts",
                "pods \"p\" is forbidden: exceeded quota: team, requested: limits.memory=1Gi,pods=1, used: limits.memory=4Gi,pods=5, limited: limits.memory=4Gi,pods=5"
                        + "|increase limits.memory of ResourceQuota team, or delete objects that it counts",
                "pods \"p\" is forbidden: failed quota: team: must specify limits.cpu for: mover"
                        + "|set these amounts, or create a LimitRange with defaults for them, because ResourceQuota team demands them",
                "pods \"p\" is forbidden: minimum memory usage per Container is 256Mi, but request is 64Mi"
                        + "|change the LimitRange of the namespace, or the memory of this object",
                "persistentvolumeclaims \"c\" is forbidden: maximum storage usage per PersistentVolumeClaim is 1Gi, but request is 2Gi"
                        + "|change the LimitRange of the namespace, or the storage of this object",
                "pods \"p\" is forbidden: cpu max limit to request ratio per Container is 2, but provided ratio is 4.000000"
                        + "|change the LimitRange of the namespace, or the cpu of this object"
            })
    void namesTheQuotaAndTheWayOut(String refusal, String wayOut) {
        assertThat(ServerMessage.of(refused(refusal))).isEqualTo(refusal + "; " + wayOut);
        assertThat(QuotaAdvice.addedTo(refusal + "; " + wayOut)).isEqualTo(refusal + "; " + wayOut);
    }
}
