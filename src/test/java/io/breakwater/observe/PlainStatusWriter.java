package io.breakwater.observe;

import io.fabric8.kubernetes.client.CustomResource;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.util.function.Consumer;

/** Writes a status by an update of the object: the API server in memory does not support server-side apply. */
public final class PlainStatusWriter extends StatusWriter {
    private final KubernetesClient client;

    public PlainStatusWriter(KubernetesClient client) {
        super(client);
        this.client = client;
    }

    /** No status or event of any test shows a request of the client, or the address of the API server. */
    static void requireWordsForUsers(KubernetesClient client, String text) {
        String server =
                client.getMasterUrl().getHost() + ":" + client.getMasterUrl().getPort();
        if (text.contains("Failure executing") || text.contains("Received status") || text.contains(server)) {
            throw new AssertionError("message of the client: " + text);
        }
    }

    @Override
    public <S, T extends CustomResource<?, S>> boolean update(T resource, Class<S> type, Consumer<S> change) {
        T now = client.resource(resource).get();
        if (now.getStatus() == null) {
            try {
                now.setStatus(type.getDeclaredConstructor().newInstance());
            } catch (ReflectiveOperationException e) {
                throw new IllegalStateException(e);
            }
        }
        String before = client.getKubernetesSerialization().asJson(now);
        change.accept(now.getStatus());
        resource.setStatus(now.getStatus());
        requireWordsForUsers(client, client.getKubernetesSerialization().asJson(now.getStatus()));
        if (before.equals(client.getKubernetesSerialization().asJson(now))) {
            return false;
        }
        client.resource(now).update();
        return true;
    }
}
