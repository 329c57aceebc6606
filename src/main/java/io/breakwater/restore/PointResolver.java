package io.breakwater.restore;

import io.breakwater.api.Api;
import io.breakwater.api.BackupLocation;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.NamedRef;
import io.breakwater.api.ObjectNames;
import io.breakwater.api.Reason;
import io.breakwater.api.Restore;
import io.breakwater.api.RestorePoint;
import io.breakwater.api.RestorePointStatus;
import io.breakwater.api.RestorePointStatus.CopyState;
import io.breakwater.catalog.ArchiveSpools;
import io.breakwater.catalog.Catalog;
import io.breakwater.catalog.Catalog.Sealed;
import io.breakwater.catalog.PointDocument;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.location.LocationResolver;
import io.breakwater.location.RepositoryRegister;
import io.breakwater.points.Lineage;
import io.breakwater.points.PointPages;
import io.breakwater.store.OwnedRepository;
import io.breakwater.trust.IdentityRule;
import io.breakwater.trust.PointKey;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.client.KubernetesClient;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Finds the point of a Restore, in the first of its locations that has it unaltered. */
@ApplicationScoped
class PointResolver {
    private final KubernetesClient client;
    private final LocationResolver locations;
    private final Catalog catalog;
    private final ArchiveSpools archives;
    private final BreakwaterConfig config;
    private final IdentityRule rule;
    private final RepositoryRegister register;

    PointResolver(
            KubernetesClient client,
            LocationResolver locations,
            Catalog catalog,
            ArchiveSpools archives,
            BreakwaterConfig config,
            IdentityRule rule,
            RepositoryRegister register) {
        this.client = client;
        this.locations = locations;
        this.catalog = catalog;
        this.archives = archives;
        this.config = config;
        this.rule = rule;
        this.register = register;
    }

    /**
     * The point that a Restore names, or selects by policy and time, with its signature, its archive and its snapshots verified.
     * The run reads the verified copy of the archive.
     *
     * @throws BreakwaterException Forbidden, RestorePointNotFound, RestorePointNotSealed, Tampered, or StoreUnavailable when no
     *     location answers
     */
    RestoreRun.Source find(Restore restore) {
        TenancyCheck.checkSource(restore, config.namespace());
        RestorePoint point = point(restore);
        if (!mayUseLocationOfSource(restore) && !rule.hasNameOf(point)) {
            rule.of(point);
        }
        List<String> problems = new ArrayList<>();
        BreakwaterException last = null;
        for (String name : locationNames(point)) {
            try {
                Optional<RestoreRun.Source> found = read(restore, point, name);
                if (found.isPresent()) {
                    return found.get();
                }
                problems.add("location " + name + ": it does not have the point");
            } catch (BreakwaterException e) {
                problems.add("location " + name + ": " + e.getMessage());
                last = last == null || last.reason() == Reason.Tampered ? e : last;
            }
        }
        String message = ObjectNames.of(point) + " cannot be read: " + String.join("; ", problems);
        if (last != null && last.isRetryable()) {
            throw BreakwaterException.retryable(last.reason(), message, last);
        }
        throw BreakwaterException.permanent(last == null ? Reason.RestorePointNotFound : last.reason(), message, last);
    }

    /** The point that the status of a run names: an earlier step has chosen and verified it. */
    RestoreRun.Source reopen(Restore restore) {
        BackupLocation location = locations.resolve(restore.source(), new NamedRef(restore.getStatus().location));
        PointKey key = rule.ofRun(restore, restore.getStatus().restorePoint, location);
        String digest = restore.getStatus().digest;
        return catalog.read(location, key)
                .map(found -> {
                    if (!found.digest().equals(digest)) {
                        throw rule.exchanged(restore, key);
                    }
                    requireAdopted(restore, location, found.document());
                    return new RestoreRun.Source(location, found.document(), found.digest());
                })
                .orElseThrow(() -> BreakwaterException.permanent(
                        Reason.RestorePointNotFound,
                        "point " + key + " was deleted from location "
                                + location.getMetadata().getName() + " during the restore"));
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
                            + "; list the points with kubectl get restorepoints");
        }
        if (!PointSelector.isRestorable(point)) {
            throw BreakwaterException.permanent(
                    Reason.RestorePointNotSealed, what + " is not sealed, so it cannot be restored");
        }
        return point;
    }

    private RestorePoint chosen(Restore restore) {
        String namespace = restore.source();
        return PointSelector.of(
                PointPages.in(client, namespace),
                Lineage.in(client, namespace),
                restore.getSpec().policyRef.name,
                restore.getSpec().at);
    }

    /** Locations in which the point is complete, its own first. */
    private static List<String> locationNames(RestorePoint point) {
        RestorePointStatus s = point.getStatus();
        List<String> names = new ArrayList<>(List.of(s.location));
        if (s.copies != null) {
            s.copies.stream().filter(c -> c.state == CopyState.Completed).forEach(c -> names.add(c.location));
        }
        return names;
    }

    /** Whether the owner of the location may vouch: an administrator restores, and not for the namespace itself. */
    private boolean mayUseLocationOfSource(Restore restore) {
        Map<String, String> labels = restore.getMetadata().getLabels();
        boolean sandbox = labels != null && labels.containsKey(Api.SANDBOX);
        return TenancyCheck.isAdministrator(restore, config.namespace()) && !sandbox;
    }

    private Optional<RestoreRun.Source> read(Restore restore, RestorePoint point, String name) {
        BackupLocation location = locations.resolve(point.getMetadata().getNamespace(), new NamedRef(name));
        PointKey key = mayUseLocationOfSource(restore) ? rule.in(point, location) : rule.of(point, location);
        Optional<Sealed> sealed = catalog.read(location, key);
        if (sealed.isEmpty()) {
            return Optional.empty();
        }
        rule.checkSeal(point, key, sealed.get().digest());
        PointDocument document = sealed.get().document();
        if (!mayUseLocationOfSource(restore)) {
            requireAdopted(point, location, document);
        }
        String digest = sealed.get().digest();
        archives.verify(restore.getMetadata().getUid(), location, document, digest);
        catalog.verifySnapshots(location, document);
        return Optional.of(new RestoreRun.Source(location, document, digest));
    }

    /**
     * The movers run in a namespace whose users can read their password: it opens the data of all owners. The keys of a location
     * in the namespace itself open that data in any case.
     */
    private void requireAdopted(HasMetadata reader, BackupLocation location, PointDocument document) {
        if (document.moved().isEmpty()
                || rule.isOperators(reader)
                || reader.getMetadata()
                        .getNamespace()
                        .equals(location.getMetadata().getNamespace())) {
            return;
        }
        document.owned()
                .map(OwnedRepository::id)
                .ifPresent(id -> rule.requireAdopted(reader, id, register.owners(location, id)));
    }
}
