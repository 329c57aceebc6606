package io.breakwater.points;

import io.breakwater.api.FailoverPlan;
import io.breakwater.api.FailoverPlanStatus;
import io.breakwater.api.FailoverPlanStatus.Epoch;
import io.breakwater.api.FailoverPlanStatus.Start;
import io.breakwater.api.RestorePoint;
import io.breakwater.api.RestorePointSpec.Trigger;
import io.breakwater.api.RestorePointStatus;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The present history of an application: which points belong to it, and their order. Failovers, Restores, Verifications,
 * objectives and retention ask it for the newest point. A divergent point does not belong to it. A point of an epoch belongs to it
 * if the holder of that epoch captured it before the point that the next epoch started from. See
 * docs/decisions/0048-a-lineage-orders-the-points.md.
 *
 * @param epochs epochs of the FailoverPlan, oldest first; empty without a plan
 */
public record Lineage(List<Epoch> epochs) {
    /** The lineage of a namespace without a FailoverPlan. All points belong to it, except divergent ones. */
    public static final Lineage WITHOUT_PLAN = new Lineage(List.of());

    /**
     * From the oldest to the newest: by epoch, then by the number within the epoch. Points without a number, which were captured
     * without a plan, are ordered by the time of their capture. The times of different epochs are not compared.
     */
    public static final Comparator<RestorePoint> ORDER = Comparator.comparing(Lineage::position)
            .thenComparing(Lineage::captured)
            .thenComparing(point -> point.getMetadata().getName());

    /** The place of a point in the order; time is the last resort. */
    private record Position(long epoch, long sequence) implements Comparable<Position> {
        private static final Comparator<Position> BY_NUMBERS =
                Comparator.comparingLong(Position::epoch).thenComparingLong(Position::sequence);

        static Position of(Long epoch, Long sequence) {
            return new Position(Objects.requireNonNullElse(epoch, 0L), Objects.requireNonNullElse(sequence, 0L));
        }

        @Override
        public int compareTo(Position other) {
            return BY_NUMBERS.compare(this, other);
        }
    }

    public Lineage {
        epochs = List.copyOf(epochs);
    }

    /** The lineage by the status of the plan of a namespace. */
    public static Lineage of(List<FailoverPlan> plans) {
        FailoverPlanStatus status =
                FailoverPlan.ruling(plans).map(FailoverPlan::getStatus).orElse(null);
        return status == null || status.history == null ? WITHOUT_PLAN : new Lineage(status.history);
    }

    /** The lineage of a namespace by its plan, as the API server has it now. */
    public static Lineage in(KubernetesClient client, String namespace) {
        return of(client.resources(FailoverPlan.class)
                .inNamespace(namespace)
                .list()
                .getItems());
    }

    /** The newest of some points that belongs to the present history. */
    public Optional<RestorePoint> newest(Stream<RestorePoint> points) {
        return points.filter(this::contains).max(ORDER);
    }

    /** Whether a sealed point belongs to the present history. */
    public boolean contains(RestorePoint point) {
        RestorePointStatus s = point.getStatus();
        if (epochs.stream().anyMatch(e -> e.start != null && Objects.equals(e.start.digest, s.digest))) {
            return true;
        }
        if (point.cause() == Trigger.Divergent) {
            return false;
        }
        long epoch = Objects.requireNonNullElse(s.epoch, 0L);
        if (epochs.isEmpty()) {
            return true;
        }
        Epoch oldest = epochs.getFirst();
        if (epoch == 0 && oldest.epoch == 1) {
            return isBefore(point, oldest);
        }
        if (epoch < oldest.epoch) {
            return true; // The status has the last epochs only.
        }
        for (int i = 0; i < epochs.size(); i++) {
            if (epochs.get(i).epoch == epoch) {
                boolean ended = i + 1 < epochs.size();
                return epochs.get(i).site.equals(s.site) && (!ended || isUpTo(epochs.get(i + 1).start, point));
            }
        }
        return false;
    }

    /** Whether a point was captured before the plan existed, on the site that was active then. */
    private static boolean isBefore(RestorePoint point, Epoch first) {
        return first.since != null
                && first.site.equals(point.getStatus().site)
                && captured(point).isBefore(Instant.parse(first.since));
    }

    /** Whether the next epoch has the data of a point: the point is not newer than its start. */
    private static boolean isUpTo(Start start, RestorePoint point) {
        if (start == null) {
            return true; // The first epoch of a plan whose earlier history is unknown.
        }
        RestorePointStatus s = point.getStatus();
        int compared = Position.of(s.epoch, s.sequence)
                .compareTo(Position.of(start.epoch == null ? s.epoch : start.epoch, start.sequence));
        return compared < 0 || compared == 0 && !captured(point).isAfter(Instant.parse(start.capturedAt));
    }

    private static Position position(RestorePoint point) {
        return Position.of(point.getStatus().epoch, point.getStatus().sequence);
    }

    private static Instant captured(RestorePoint point) {
        try {
            String time = point.getStatus().capturedAt;
            return time == null ? Instant.MIN : Instant.parse(time);
        } catch (DateTimeException e) {
            return Instant.MIN;
        }
    }
}
