package io.breakwater.points;

import io.breakwater.api.RestorePoint;
import io.breakwater.observe.StatusWriter;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.util.List;

/** Indexes for tests. */
public final class TestIndex {
    private TestIndex() {}

    /** An index that lists the points at each question, as before its first list. */
    public static PointIndex empty(KubernetesClient client) {
        return new PointIndex(client, new StatusWriter(client));
    }

    /** Fills an index with the points of its cluster, as the first list does. Later changes are not reported to it. */
    public static void fill(PointIndex index, KubernetesClient client) {
        client.resources(RestorePoint.class)
                .inAnyNamespace()
                .list()
                .getItems()
                .forEach(p -> index.store().put(index.store().getKey(p), p));
        index.store().markListed();
    }

    /** Fills an index by a watch, as the controller does. */
    static SharedIndexInformer<RestorePoint> watch(PointIndex index, KubernetesClient client) {
        SharedIndexInformer<RestorePoint> informer = client.resources(RestorePoint.class)
                .inAnyNamespace()
                .withLimit(PointIndex.PAGE)
                .runnableInformer(0);
        informer.itemStore(index.store());
        informer.exceptionHandler((started, cause) -> true);
        informer.start().thenRun(index.store()::markListed);
        return informer;
    }

    /** A source of some points. */
    public static PointSource of(List<RestorePoint> points) {
        PointStore store = new PointStore();
        KubernetesSerialization serialization = new KubernetesSerialization();
        points.forEach(p -> store.put(store.getKey(p), serialization.clone(p)));
        return store;
    }
}
