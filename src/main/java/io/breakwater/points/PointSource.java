package io.breakwater.points;

import io.breakwater.api.RestorePoint;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** Points of the cluster. The objects have only the fields of {@link PointRecord} and cannot be written. */
public interface PointSource {
    /** All points of a namespace. */
    List<RestorePoint> in(String namespace);

    /** The point of this name. */
    Optional<RestorePoint> find(String namespace, String name);

    /** All points of the cluster; each object is created when the stream comes to it. */
    Stream<RestorePoint> all();

    /** The points that catalog sync created. */
    Stream<RestorePoint> imported();
}
