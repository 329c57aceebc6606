package io.breakwater.trust;

import io.breakwater.api.Api;
import io.breakwater.api.BackupLocation;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.ObjectNames;
import io.breakwater.api.Reason;
import io.breakwater.api.RestorePoint;
import io.breakwater.api.RestorePointStatus;
import io.breakwater.api.RestorePointStatus.VolumeStatus;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.store.CapturedNamespace;
import io.fabric8.kubernetes.api.model.HasMetadata;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Decides whether an object may represent the point that its status names. A user who can write the status could name any
 * point. So one of four must vouch: the object is in the namespace that was captured; or its namespace adopts the data of that
 * one; or it is in the operator's namespace, which only administrators can write to; or the point is read from a location in the object's own namespace, whose owner has
 * its keys in any case. Everything else is Forbidden. No other class turns a status into an identity.
 */
@Singleton
public final class IdentityRule {
    private final BreakwaterConfig config;
    private final String operatorNamespace;
    private final NamespaceIdentities identities;
    private final AdoptionRule adoption;

    @Inject
    public IdentityRule(BreakwaterConfig config, NamespaceIdentities identities, AdoptionRule adoption) {
        this.config = config;
        this.operatorNamespace = config.namespace();
        this.identities = identities;
        this.adoption = adoption;
    }

    /** A rule without adoption. */
    public IdentityRule(BreakwaterConfig config, NamespaceIdentities identities) {
        this(config, identities, AdoptionRule.NONE);
    }

    /**
     * The same rule for many objects that were read before: it costs one list of the namespaces and one of the plans. An object
     * whose namespace does not exist any more represents no point.
     */
    public IdentityRule listed() {
        NamespaceIdentities all = identities.listed();
        return new IdentityRule(config, all, adoption.listed(all));
    }

    /** The same rule by the cache, to see whether there is anything to decide. */
    public IdentityRule cached() {
        NamespaceIdentities all = identities.cached();
        return new IdentityRule(config, all, adoption.cached(all));
    }

    /**
     * The point of an object, for work that the location of the namespace cannot vouch for: whatever is written into the
     * namespace, or read on behalf of it.
     *
     * @throws BreakwaterException Forbidden; RestorePointNotSealed, when the status names no point
     */
    public PointKey of(RestorePoint object) {
        PointKey key = statedBy(object);
        if (!isOwn(object, key.source())) {
            throw forbidden(object, key);
        }
        return key;
    }

    /**
     * The point of an object, in one location, for the same work. The owner of a location in the namespace itself vouches for
     * all points of namespaces with that name: the keys and the data were in the hands of the namespace before.
     *
     * @throws BreakwaterException Forbidden; RestorePointNotSealed, when the status names no point
     */
    public PointKey of(RestorePoint object, BackupLocation location) {
        PointKey key = statedBy(object);
        if (!isOwn(object, key.source()) && !isOwnHistory(object, key, location)) {
            throw forbidden(object, key);
        }
        return key;
    }

    /**
     * The point that a run has recorded in its own status, in one location.
     *
     * @throws BreakwaterException Forbidden, when the run may not read it
     */
    public PointKey ofRun(HasMetadata run, String recorded, BackupLocation location) {
        Optional<PointKey> key = PointKey.find(recorded).filter(k -> isOwnHistory(run, k, location));
        return key.orElseGet(() -> ofRun(run, recorded));
    }

    /** Whether the point of an object can be one of its namespace, in some location. */
    public boolean hasNameOf(RestorePoint object) {
        return stated(object)
                .filter(key -> key.namespace().equals(object.getMetadata().getNamespace()))
                .isPresent();
    }

    /**
     * The point of an object, in one location. The result is valid for this location only.
     *
     * @throws BreakwaterException Forbidden; RestorePointNotSealed, when the status names no point
     */
    public PointKey in(RestorePoint object, BackupLocation location) {
        PointKey key = statedBy(object);
        if (!isOwn(object, key.source()) && !isOwner(object, location)) {
            throw forbidden(object, key);
        }
        return key;
    }

    /**
     * The point that a run has recorded in its own status.
     *
     * @throws BreakwaterException Forbidden, when the run may not read it
     */
    public PointKey ofRun(HasMetadata run, String recorded) {
        PointKey key = PointKey.find(recorded)
                .orElseThrow(() -> BreakwaterException.permanent(
                        Reason.RestorePointNotSealed,
                        "the status of " + ObjectNames.of(run) + " names no point; delete it and create it again"));
        if (!isOwn(run, key.source())) {
            throw forbidden(run, key);
        }
        return key;
    }

    /**
     * The point that an imported object may delete in one location: one of this site, which its own namespace, an adoption or the
     * operator's namespace vouches for. The owner of a location can show points of other namespaces in it, but cannot delete them.
     *
     * @return empty, when the data must stay
     * @throws BreakwaterException Forbidden; RestorePointNotSealed, when the status names no point
     */
    public Optional<PointKey> deletable(RestorePoint object, BackupLocation location) {
        PointKey key = in(object, location);
        boolean vouched = isOwn(object, key.source())
                || key.namespace().equals(object.getMetadata().getNamespace());
        return vouched && key.site().equals(config.site()) ? Optional.of(key) : Optional.empty();
    }

    /**
     * The captured namespaces of those objects whose data their own namespace {@linkplain AdoptionRule#inherits inherits}, by the
     * name of the object.
     *
     * @param objects of one namespace
     */
    public Map<String, CapturedNamespace> inherited(List<RestorePoint> objects) {
        Map<CapturedNamespace, Boolean> known = new HashMap<>();
        Map<String, CapturedNamespace> all = new LinkedHashMap<>();
        for (RestorePoint object : objects) {
            stated(object)
                    .map(PointKey::source)
                    .filter(source -> known.computeIfAbsent(
                            source,
                            s -> identities
                                    .find(object)
                                    .filter(own -> adoption.inherits(own, s))
                                    .isPresent()))
                    .ifPresent(source -> all.put(object.getMetadata().getName(), source));
        }
        return all;
    }

    /** The error for a status that names a point of another namespace; empty for every other object. */
    public Optional<BreakwaterException> mismatch(RestorePoint object) {
        return stated(object).filter(key -> !isOwn(object, key.source())).map(key -> forbidden(object, key));
    }

    /** Whether an object represents this point in a location. An object that represents none of the location does not. */
    public boolean represents(RestorePoint object, PointKey key, BackupLocation location) {
        return stated(object)
                .filter(key::equals)
                .filter(k -> isOwn(object, k.source()) || isOwner(object, location))
                .isPresent();
    }

    /** The namespace whose data an object represents in a location; empty when it represents none. */
    public Optional<String> namespace(RestorePoint object, String site, BackupLocation location) {
        return stated(object)
                .filter(key -> key.site().equals(site) && represents(object, key, location))
                .map(PointKey::namespace);
    }

    /**
     * Snapshots that an object reports for one of some namespaces. They are not verified, so they may only decide that data stays.
     *
     * @param owners of the repository
     */
    public Stream<String> reportedSnapshots(
            RestorePoint object, Collection<CapturedNamespace> owners, BackupLocation location) {
        if (stated(object)
                .filter(key -> owners.contains(key.source()) && represents(object, key, location))
                .isEmpty()) {
            return Stream.empty();
        }
        List<VolumeStatus> volumes = object.getStatus().volumes;
        return Stream.ofNullable(volumes)
                .flatMap(List::stream)
                .map(v -> v.repositorySnapshot)
                .filter(Objects::nonNull);
    }

    /**
     * The snapshots that objects report for a location, by the captured namespace. They may only decide that data stays, as above.
     *
     * @param objects read once
     */
    public Map<CapturedNamespace, Set<String>> reportedSnapshots(
            Stream<RestorePoint> objects, BackupLocation location) {
        Map<CapturedNamespace, Set<String>> all = new HashMap<>();
        objects.forEach(object -> stated(object).map(PointKey::source).ifPresent(source -> {
            List<String> snapshots =
                    reportedSnapshots(object, Set.of(source), location).toList();
            if (!snapshots.isEmpty()) {
                all.computeIfAbsent(source, s -> new HashSet<>()).addAll(snapshots);
            }
        }));
        return all;
    }

    /**
     * Checks that a seal is the one that an object was made with: the seal of an earlier point of the same name has a valid
     * signature too.
     *
     * @param digest of the seal in the location
     * @throws BreakwaterException Tampered; the message does not contain the digest that was found
     */
    public void checkSeal(RestorePoint object, PointKey key, String digest) {
        if (!hasDigest(object, digest)) {
            throw exchanged(object, key);
        }
    }

    /** The digest of a seal that an object states, for a run that verifies it later by {@link #checkSeal}. */
    public static String statedDigest(RestorePoint object) {
        return object.getStatus().digest;
    }

    /** Whether the status of an object has this digest of a seal. */
    public boolean hasDigest(RestorePoint object, String digest) {
        return object.getStatus() != null && digest.equals(object.getStatus().digest);
    }

    /** The error for a seal that is not the seal of an object. */
    public BreakwaterException exchanged(HasMetadata object, PointKey key) {
        return BreakwaterException.permanent(
                Reason.Tampered,
                key.sealKey() + " is not the seal that the status of " + ObjectNames.of(object)
                        + " names; check who can write to the location and to the status, and use another RestorePoint");
    }

    /**
     * Checks that the namespace of an object may have the password of a repository, which opens the data of all its owners. The
     * operator's namespace and the owners may. Another namespace may if it adopts the data of every owner.
     *
     * @throws BreakwaterException Forbidden
     */
    public void requireAdopted(HasMetadata object, String repository, Collection<CapturedNamespace> owners) {
        boolean permitted = isOperators(object)
                || identities
                        .find(object)
                        .filter(own ->
                                owners.contains(own) || owners.stream().allMatch(owner -> adoption.adopts(own, owner)))
                        .isPresent();
        if (!permitted) {
            throw BreakwaterException.permanent(
                    Reason.Forbidden,
                    "repository " + repository + " has data of namespaces whose data namespace "
                            + object.getMetadata().getNamespace() + " does not adopt, and its password opens all of it;"
                            + " an administrator can restore the point in the operator's namespace "
                            + operatorNamespace);
        }
    }

    /** Whether the object is in the operator's namespace, in the captured one, or in one that adopts its data. */
    private boolean isOwn(HasMetadata object, CapturedNamespace source) {
        return isOperators(object)
                || identities
                        .find(object)
                        .filter(own -> own.equals(source) || adoption.adopts(own, source))
                        .isPresent();
    }

    /** Whether an object is in the operator's namespace, which only administrators can write to. */
    public boolean isOperators(HasMetadata object) {
        return operatorNamespace.equals(object.getMetadata().getNamespace());
    }

    private static boolean isOwnHistory(HasMetadata object, PointKey key, BackupLocation location) {
        return isOwner(object, location)
                && key.namespace().equals(object.getMetadata().getNamespace());
    }

    private static boolean isOwner(HasMetadata object, BackupLocation location) {
        return object.getMetadata().getNamespace().equals(location.getMetadata().getNamespace());
    }

    private static PointKey statedBy(RestorePoint object) {
        return stated(object)
                .orElseThrow(() -> BreakwaterException.permanent(
                        Reason.RestorePointNotSealed,
                        "the status of " + ObjectNames.of(object) + " names no point; use another RestorePoint"));
    }

    private static Optional<PointKey> stated(RestorePoint object) {
        RestorePointStatus s = object.getStatus();
        if (s == null || s.point == null) {
            return Optional.empty();
        }
        List<String> parts = Stream.of(s.site, s.namespace, s.cluster, s.namespaceUid)
                .map(part -> part == null ? "" : part)
                .toList();
        return CapturedNamespace.of(parts).map(source -> new PointKey(source, s.point));
    }

    private BreakwaterException forbidden(HasMetadata object, PointKey key) {
        return BreakwaterException.permanent(
                Reason.Forbidden,
                "point " + key + " was captured in namespace " + key.namespace() + " with uid "
                        + key.source().uid() + ", so " + ObjectNames.of(object)
                        + " may not use it; an administrator can use it in the operator's namespace "
                        + operatorNamespace + ", or let the namespace adopt its points with annotation " + Api.ADOPT);
    }
}
