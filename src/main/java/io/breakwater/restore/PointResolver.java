package io.breakwater.restore;

import io.breakwater.api.BackupLocation;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.NamedRef;
import io.breakwater.api.Reason;
import io.breakwater.api.Restore;
import io.breakwater.api.RestorePoint;
import io.breakwater.api.RestorePointStatus;
import io.breakwater.api.RestorePointStatus.CopyState;
import io.breakwater.catalog.Catalog;
import io.breakwater.catalog.Catalog.Sealed;
import io.breakwater.catalog.PointKey;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.location.LocationResolver;
import io.fabric8.kubernetes.client.KubernetesClient;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Finds the point of a Restore, in the first of its locations that holds it as it was sealed. */
@ApplicationScoped
class PointResolver {
    private final KubernetesClient client;
    private final LocationResolver locations;
    private final Catalog catalog;
    private final BreakwaterConfig config;

    PointResolver(KubernetesClient client, LocationResolver locations, Catalog catalog, BreakwaterConfig config) {
        this.client = client;
        this.locations = locations;
        this.catalog = catalog;
        this.config = config;
    }

    /**
     * The point that a Restore names, or that its policy and time mean, with signature and all objects verified.
     *
     * @throws BreakwaterException Forbidden, RestorePointNotFound, RestorePointNotSealed, Tampered, or StoreUnavailable when no
     *     location answers
     */
    RestoreRun.Source find(Restore restore) {
        TenancyCheck.checkSource(restore, config.namespace());
        RestorePoint point = point(restore);
        PointKey key = PointKey.of(point).orElseThrow();
        TenancyCheck.checkSource(restore, key, config.namespace());
        List<String> troubles = new ArrayList<>();
        BreakwaterException last = null;
        for (String name : places(point)) {
            try {
                Optional<RestoreRun.Source> found = look(point, key, name);
                if (found.isPresent()) {
                    return found.get();
                }
                troubles.add("location " + name + ": the point is not there");
            } catch (BreakwaterException e) {
                troubles.add("location " + name + ": " + e.getMessage());
                last = last == null || last.reason() == Reason.Tampered ? e : last;
            }
        }
        String message = "RestorePoint " + point.getMetadata().getNamespace() + "/"
                + point.getMetadata().getName() + " cannot be read: " + String.join("; ", troubles);
        if (last != null && last.isRetryable()) {
            throw BreakwaterException.retryable(last.reason(), message, last);
        }
        throw BreakwaterException.permanent(last == null ? Reason.RestorePointNotFound : last.reason(), message, last);
    }

    /** The point that a run has chosen before, as its status names it. */
    RestoreRun.Source again(Restore restore) {
        String[] parts = restore.getStatus().restorePoint.split("/", -1);
        PointKey key = new PointKey(parts[0], parts[1], parts[2]);
        TenancyCheck.checkSource(restore, key, config.namespace());
        BackupLocation location = locations.resolve(restore.source(), new NamedRef(restore.getStatus().location));
        String digest = restore.getStatus().digest;
        return catalog.read(location, key)
                .map(there -> {
                    if (digest != null && !digest.equals(there.digest())) {
                        throw exchanged(key, there.digest(), digest);
                    }
                    return new RestoreRun.Source(location, there.document(), there.digest());
                })
                .orElseThrow(() -> BreakwaterException.permanent(
                        Reason.RestorePointNotFound,
                        "point " + key + " was removed from location "
                                + location.getMetadata().getName() + " while it was restored"));
    }

    private RestorePoint point(Restore restore) {
        return restore.getSpec().restorePointRef == null ? chosen(restore) : named(restore);
    }

    private RestorePoint named(Restore restore) {
        String namespace = restore.source();
        String name = restore.getSpec().restorePointRef.name;
        RestorePoint point = client.resources(RestorePoint.class)
                .inNamespace(namespace)
                .withName(name)
                .get();
        String what = "RestorePoint " + name + " of spec.restorePointRef";
        if (point == null) {
            throw BreakwaterException.permanent(
                    Reason.RestorePointNotFound,
                    what + " does not exist in namespace " + namespace
                            + "; kubectl get restorepoints shows what there is");
        }
        if (!PointSelector.isRestorable(point)) {
            throw BreakwaterException.permanent(
                    Reason.RestorePointNotSealed, what + " is not sealed, so there is nothing to restore from it");
        }
        return point;
    }

    private RestorePoint chosen(Restore restore) {
        String namespace = restore.source();
        return PointSelector.of(
                client.resources(RestorePoint.class)
                        .inNamespace(namespace)
                        .list()
                        .getItems(),
                restore.getSpec().policyRef.name,
                restore.getSpec().at);
    }

    private static List<String> places(RestorePoint point) {
        RestorePointStatus s = point.getStatus();
        List<String> names = new ArrayList<>(List.of(s.location));
        if (s.copies != null) {
            s.copies.stream().filter(c -> c.state == CopyState.Completed).forEach(c -> names.add(c.location));
        }
        return names;
    }

    private Optional<RestoreRun.Source> look(RestorePoint point, PointKey key, String name) {
        BackupLocation location = locations.resolve(point.getMetadata().getNamespace(), new NamedRef(name));
        Optional<Sealed> sealed = catalog.read(location, key);
        if (sealed.isEmpty()) {
            return Optional.empty();
        }
        if (!sealed.get().digest().equals(point.getStatus().digest)) {
            throw exchanged(key, sealed.get().digest(), point.getStatus().digest);
        }
        catalog.verifyObjects(location, sealed.get().document());
        return Optional.of(new RestoreRun.Source(
                location, sealed.get().document(), sealed.get().digest()));
    }

    /** A seal may be ours and still be the wrong one: that of an earlier point of the same name. */
    private static BreakwaterException exchanged(PointKey key, String found, String expected) {
        return BreakwaterException.permanent(
                Reason.Tampered,
                key.sealKey() + " is another one than the RestorePoint was sealed with (digest " + found + ", not "
                        + expected + ")");
    }
}
