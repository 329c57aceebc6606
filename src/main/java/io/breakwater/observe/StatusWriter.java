package io.breakwater.observe;

import com.fasterxml.jackson.databind.JsonNode;
import io.breakwater.api.Api;
import io.breakwater.api.ObjectNames;
import io.breakwater.api.PartialObject;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.client.CustomResource;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.fabric8.kubernetes.client.dsl.base.ResourceDefinitionContext;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import jakarta.enterprise.context.ApplicationScoped;
import java.net.HttpURLConnection;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import org.jboss.logging.Logger;

/**
 * The only writer of statuses. It applies the whole status on the server under the field manager of Breakwater, and only if
 * the status changed. Several controllers report on one object, so a status that was changed since it was read is not
 * overwritten: it is read again, and the change is made there. It does not use the update control of the Java Operator SDK,
 * which can lose a spec change that arrives at the same time (see docs/decisions/0003-status-writes.md).
 */
@ApplicationScoped
public class StatusWriter {
    private static final Logger LOG = Logger.getLogger(StatusWriter.class);

    /** Attempts to write one status while other writers change it. */
    private static final int ATTEMPTS = 10;

    private final KubernetesClient client;
    private final KubernetesSerialization json;
    private final List<Consumer<HasMetadata>> listeners = new CopyOnWriteArrayList<>();

    public StatusWriter(KubernetesClient client) {
        this.client = client;
        this.json = client.getKubernetesSerialization();
    }

    /** @param listener called with each object whose status was written; it has the new resource version */
    public void onWrite(Consumer<HasMetadata> listener) {
        listeners.add(listener);
    }

    /**
     * Changes the status of an object, and writes it if it differs. The given object has the new status and resource version
     * afterwards. An object without a resource version is written without a comparison. An object that was deleted meanwhile
     * stays as it is.
     *
     * @param change edits a copy of the status; called again with the status on the server if another writer was faster, so it
     *     must not depend on how often it is called
     * @return whether the status was written
     */
    public <S, T extends CustomResource<?, S>> boolean update(T resource, Class<S> type, Consumer<S> change) {
        PartialObject.requireWhole(resource);
        for (int attempt = 1; ; attempt++) {
            S before = resource.getStatus();
            JsonNode old = json.convertValue(before, JsonNode.class);
            S status = changed(before, type, change);
            JsonNode changed = json.convertValue(status, JsonNode.class);
            if (changed.equals(old)) {
                return false;
            }
            try {
                apply(resource, changed);
                resource.setStatus(status);
                listeners.forEach(listener -> listener.accept(resource));
                return true;
            } catch (KubernetesClientException e) {
                if (e.getCode() != HttpURLConnection.HTTP_NOT_FOUND && e.getCode() != HttpURLConnection.HTTP_CONFLICT) {
                    throw e;
                }
                T now = client.resource(resource).get();
                if (isDeleted(resource, now)) {
                    LOG.debugf("%s was deleted, so its status was not written", ObjectNames.of(resource));
                    return false;
                }
                if (now == null || !isSame(resource, now) || attempt == ATTEMPTS) {
                    throw e;
                }
                resource.setStatus(now.getStatus());
                resource.getMetadata().setResourceVersion(now.getMetadata().getResourceVersion());
            }
        }
    }

    /** A changed copy of a status; writes nothing. */
    public <S> S changed(S status, Class<S> type, Consumer<S> change) {
        S copy = status == null ? instantiate(type) : json.convertValue(status, type);
        change.accept(copy);
        return copy;
    }

    /** Whether an object without a finalizer of Breakwater no longer exists. With the finalizer it cannot be deleted in between. */
    private static boolean isDeleted(CustomResource<?, ?> resource, CustomResource<?, ?> now) {
        return !resource.hasFinalizer(Api.FINALIZER) && (now == null || !isSame(resource, now));
    }

    private static boolean isSame(CustomResource<?, ?> a, CustomResource<?, ?> b) {
        return Objects.equals(a.getMetadata().getUid(), b.getMetadata().getUid());
    }

    private void apply(CustomResource<?, ?> resource, JsonNode status) {
        GenericKubernetesResource patch = new GenericKubernetesResource();
        patch.setApiVersion(resource.getApiVersion());
        patch.setKind(resource.getKind());
        patch.setMetadata(new ObjectMetaBuilder()
                .withName(resource.getMetadata().getName())
                .withNamespace(resource.getMetadata().getNamespace())
                .withUid(resource.getMetadata().getUid())
                .withResourceVersion(resource.getMetadata().getResourceVersion())
                .build());
        patch.setAdditionalProperty("status", status);
        GenericKubernetesResource written = client.genericKubernetesResources(
                        ResourceDefinitionContext.fromResourceType(resource.getClass()))
                .inNamespace(resource.getMetadata().getNamespace())
                .withName(resource.getMetadata().getName())
                .subresource("status")
                .patch(
                        new PatchContext.Builder()
                                .withPatchType(PatchType.SERVER_SIDE_APPLY)
                                .withFieldManager(Api.FIELD_MANAGER)
                                .withForce(true)
                                .build(),
                        patch);
        resource.getMetadata().setResourceVersion(written.getMetadata().getResourceVersion());
    }

    private static <S> S instantiate(Class<S> type) {
        try {
            return type.getDeclaredConstructor().newInstance();
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(type + " needs a public constructor without arguments", e);
        }
    }
}
