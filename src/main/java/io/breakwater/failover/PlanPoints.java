package io.breakwater.failover;

import io.breakwater.api.Api;
import io.breakwater.api.Condition;
import io.breakwater.api.NamedRef;
import io.breakwater.api.RestorePoint;
import io.breakwater.api.RestorePointSpec;
import io.breakwater.api.RestorePointSpec.Trigger;
import io.breakwater.api.RestorePointStatus;
import io.breakwater.api.RestorePointStatus.CopyState;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The RestorePoints of a plan's namespace: what can be started from, and the two that failover itself makes. */
final class PlanPoints {
    /** Annotation on points that a run made: its id. */
    static final String RUN = Api.GROUP + "/failover-run";

    private final KubernetesClient client;

    PlanPoints(KubernetesClient client) {
        this.client = client;
    }

    /**
     * The newest point that this epoch could go on from: captured by the holder in this epoch, or the one that the
     * epoch began with; complete in the given location. What another epoch left behind is no such point.
     */
    Optional<PointRef> newest(PlanSite p, Lease lease, String location) {
        return list(p.namespace()).stream()
                .filter(x -> x.isSealed() && x.getStatus().digest != null && liesIn(x, location))
                .filter(x -> ofThisEpoch(x, p, lease) || isStart(x, lease))
                .map(PlanPoints::ref)
                .max(Comparator.comparing(PointRef::capturedAt));
    }

    /** The object that stands for a point here; empty until catalog sync has found it. */
    Optional<RestorePoint> find(String namespace, PointRef ref) {
        return list(namespace).stream()
                .filter(x -> x.isSealed() && ref.digest().equals(x.getStatus().digest))
                .findFirst();
    }

    Optional<RestorePoint> get(String namespace, String name) {
        return Optional.ofNullable(client.resources(RestorePoint.class)
                .inNamespace(namespace)
                .withName(name)
                .get());
    }

    /**
     * The final point of a run, made unless it is there. A final point that an earlier run made in this epoch is of no use:
     * the application has run since.
     */
    RestorePoint ensureFinal(PlanSite p, long epoch, String run) {
        String base = p.name() + "-e" + epoch + "-final";
        for (int i = 1; ; i++) {
            String name = i == 1 ? base : base + "-" + i;
            Optional<RestorePoint> present = get(p.namespace(), name);
            if (present.isEmpty()) {
                return create(p, name, Trigger.Final, run);
            }
            Map<String, String> annotations = present.get().getMetadata().getAnnotations();
            if (annotations != null && run.equals(annotations.get(RUN))) {
                return present.get();
            }
        }
    }

    /** What this site still had of an epoch that it lost; one for each epoch. */
    RestorePoint ensureDivergent(PlanSite p, long epoch) {
        String name = p.name() + "-e" + epoch + "-divergent";
        return get(p.namespace(), name).orElseGet(() -> create(p, name, Trigger.Divergent, "e" + epoch));
    }

    /** Why a point failed for good; empty while it may still succeed. */
    static Optional<String> failure(RestorePoint x) {
        return x.getStatus() == null
                ? Optional.empty()
                : x.getStatus()
                        .failure(Condition.SUCCEEDED)
                        .map(c -> "RestorePoint " + x.getMetadata().getName() + ": " + c.reason + ": " + c.message);
    }

    /** Whether a point is complete in a location; what stays in the storage of a site makes it complete in none. */
    static boolean liesIn(RestorePoint x, String location) {
        RestorePointStatus s = x.getStatus();
        if (s.volumes != null && s.volumes.stream().anyMatch(v -> v.kept != null)) {
            return false;
        }
        return location.equals(s.location)
                || s.copies != null
                        && s.copies.stream()
                                .anyMatch(c -> c.location.equals(location) && c.state == CopyState.Completed);
    }

    /** A sealed point as both sites know it. */
    static PointRef ref(RestorePoint x) {
        RestorePointStatus s = x.getStatus();
        String name = s.point == null ? x.getMetadata().getName() : s.point;
        return new PointRef(s.site + "/" + s.namespace + "/" + name, s.digest, Instant.parse(s.capturedAt));
    }

    private boolean ofThisEpoch(RestorePoint x, PlanSite p, Lease lease) {
        RestorePointStatus s = x.getStatus();
        long epoch = s.epoch == null ? 0 : s.epoch;
        Map<String, String> labels = x.getMetadata().getLabels();
        String policy = labels == null ? null : labels.get(Api.POLICY);
        return lease.holder().equals(s.site)
                && p.namespace().equals(s.namespace)
                && (epoch == lease.epoch() || epoch == 0 && lease.epoch() == 1)
                && (policy == null || policy.equals(p.policy()));
    }

    private static boolean isStart(RestorePoint x, Lease lease) {
        return lease.start() != null && lease.start().digest().equals(x.getStatus().digest);
    }

    private List<RestorePoint> list(String namespace) {
        return client.resources(RestorePoint.class)
                .inNamespace(namespace)
                .list()
                .getItems();
    }

    private RestorePoint create(PlanSite p, String name, Trigger trigger, String run) {
        RestorePoint x = new RestorePoint();
        x.setMetadata(new ObjectMetaBuilder()
                .withName(name)
                .withNamespace(p.namespace())
                .addToLabels(Api.POLICY, p.policy())
                .addToLabels(Api.PLAN, p.name())
                .addToAnnotations(RUN, run)
                .build());
        x.setSpec(new RestorePointSpec());
        x.getSpec().policyRef = new NamedRef(p.policy());
        x.getSpec().trigger = trigger;
        return client.resource(x).create();
    }
}
