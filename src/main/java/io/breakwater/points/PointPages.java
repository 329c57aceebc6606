package io.breakwater.points;

import io.breakwater.api.RestorePoint;
import io.fabric8.kubernetes.api.model.KubernetesResourceList;
import io.fabric8.kubernetes.api.model.ListOptions;
import io.fabric8.kubernetes.api.model.ListOptionsBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.net.HttpURLConnection;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.Supplier;

/** Lists of points in pages, as the API server has the points now. Memory holds one page of complete points at a time. */
public final class PointPages {
    private static final int TRIES = 3;

    private PointPages() {}

    /** The points of a namespace, with the fields of the index. */
    public static List<RestorePoint> in(KubernetesClient client, String namespace) {
        return records(client.resources(RestorePoint.class).inNamespace(namespace)::list)
                .in(namespace);
    }

    /** The complete points of a namespace that a caller wants. They should be few. */
    public static List<RestorePoint> whole(KubernetesClient client, String namespace, Predicate<RestorePoint> wanted) {
        return list(
                client.resources(RestorePoint.class).inNamespace(namespace)::list,
                ArrayList<RestorePoint>::new,
                (points, point) -> {
                    if (wanted.test(point)) {
                        points.add(point);
                    }
                });
    }

    /** The records of the points of a list. */
    static PointStore records(Function<ListOptions, ? extends KubernetesResourceList<RestorePoint>> list) {
        return list(list, PointStore::new, (points, point) -> points.put(points.getKey(point), point));
    }

    private static <A> A list(
            Function<ListOptions, ? extends KubernetesResourceList<RestorePoint>> list,
            Supplier<A> empty,
            BiConsumer<A, RestorePoint> add) {
        for (int attempt = 1; ; attempt++) {
            A answer = empty.get();
            String next = null;
            try {
                do {
                    KubernetesResourceList<RestorePoint> page = list.apply(new ListOptionsBuilder()
                            .withLimit(PointIndex.PAGE)
                            .withContinue(next)
                            .build());
                    page.getItems().forEach(point -> add.accept(answer, point));
                    next = page.getMetadata() == null
                            ? null
                            : page.getMetadata().getContinue();
                } while (next != null && !next.isEmpty());
                return answer;
            } catch (KubernetesClientException e) {
                boolean expired = next != null && e.getCode() == HttpURLConnection.HTTP_GONE;
                if (!expired || attempt == TRIES) {
                    throw e;
                }
            }
        }
    }
}
