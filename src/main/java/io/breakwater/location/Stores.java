package io.breakwater.location;

import io.breakwater.api.BackupLocation;
import io.breakwater.api.BackupLocationSpec;
import io.breakwater.api.BackupLocationSpec.AccessMode;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.LocationSecrets;
import io.breakwater.api.NamedRef;
import io.breakwater.api.ObjectNames;
import io.breakwater.api.Reason;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.location.keys.KeyRing;
import io.breakwater.location.keys.LocationKeys;
import io.breakwater.store.CallLimit;
import io.breakwater.store.DeletionSigner;
import io.breakwater.store.DocumentSigner;
import io.breakwater.store.FilesystemStore;
import io.breakwater.store.KeyedStore;
import io.breakwater.store.ListingLimits;
import io.breakwater.store.ObjectLock;
import io.breakwater.store.ObjectStore;
import io.breakwater.store.ReadOnlyStore;
import io.breakwater.store.SigningKeys;
import io.breakwater.store.SiteSigner;
import io.breakwater.store.azure.AzureBlobStore;
import io.breakwater.store.endpoint.CaBundle;
import io.breakwater.store.endpoint.EndpointRules;
import io.breakwater.store.s3.S3Store;
import io.breakwater.trust.AuthorReview;
import io.breakwater.trust.SiteKeyPair;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.client.KubernetesClient;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Opens the store of a location. Stores are shared. A store is replaced when the spec or the Secret that it was made from
 * changes. Callers do not close stores.
 */
@ApplicationScoped
public class Stores {
    /** Time after which changed credentials are noticed. */
    private static final Duration RECHECK = Duration.ofSeconds(10);

    /** The versions of spec and Secrets that a store was made from. */
    private record Origin(Long generation, String secretVersion, String bundleVersion) {}

    private record Opened(Origin origin, ObjectStore store, Instant checked) {}

    private final KubernetesClient client;
    private final BreakwaterConfig config;
    private final AuthorReview authors;
    private final Clock clock;
    private final LocationEndpoints endpoints;
    /** Signs for this site; empty in the gateway, which does not have the key of the site. */
    private final Optional<SiteSigner> site;

    private final LocationCalls calls;

    private final Map<String, Opened> opened = new ConcurrentHashMap<>();

    /** By uid of the location. A signer outlives its stores, since it retains keys that the Secret may have lost. */
    private final Map<String, DocumentSigner> signers = new ConcurrentHashMap<>();

    @Inject
    public Stores(
            KubernetesClient client,
            BreakwaterConfig config,
            AuthorReview authors,
            Clock clock,
            LocationEndpoints endpoints,
            LocationCalls calls) {
        this.calls = calls;
        this.client = client;
        this.config = config;
        this.authors = authors;
        this.clock = clock;
        this.endpoints = endpoints;
        this.site = client == null || config.role() == BreakwaterConfig.Role.gateway
                ? Optional.empty()
                : Optional.of(new SiteKeyPair(client, config));
    }

    /** Stores whose calls no metric counts. */
    public Stores(
            KubernetesClient client,
            BreakwaterConfig config,
            AuthorReview authors,
            Clock clock,
            LocationEndpoints endpoints) {
        this(client, config, authors, clock, endpoints, new LocationCalls(null, null));
    }

    /**
     * The store of a location.
     *
     * @throws BreakwaterException AuthorLacksRight, if the author of the location is unknown; SecretNotFound, if credentials are
     *     missing; InvalidSpec, if the location is not allowed in
     *     its namespace or installation
     */
    public ObjectStore open(BackupLocation location) {
        String id = location.getMetadata().getUid();
        Opened known = opened.get(id);
        boolean fresh = known != null
                && known.origin.generation.equals(location.getMetadata().getGeneration())
                && known.checked.plus(RECHECK).isAfter(clock.instant());
        return fresh ? known.store : opened.compute(id, (k, o) -> renewed(location, o)).store;
    }

    /** Forgets a location that is gone, or whose credentials must be read again. */
    public void forget(BackupLocation location) {
        opened.remove(location.getMetadata().getUid());
    }

    /** Forgets all about a location that is gone. */
    void remove(BackupLocation location) {
        forget(location);
        calls.forget(location);
    }

    /** The limit of the calls to a location. */
    CallLimit limit(BackupLocation location) {
        return calls.of(location);
    }

    private Opened renewed(BackupLocation location, Opened known) {
        Secret secret = named(location, credentialsRef(location.getSpec()), "credentialsSecretRef");
        Secret bundle = named(location, location.getSpec().caBundleSecretRef(), "caBundleSecretRef");
        Origin origin = new Origin(location.getMetadata().getGeneration(), version(secret), version(bundle));
        ObjectStore store = known != null && known.origin.equals(origin)
                ? known.store
                : allowed(location, secret, rules(location, bundle));
        store.documents().refresh();
        return new Opened(origin, store, clock.instant());
    }

    private static String version(Secret secret) {
        return secret == null ? "" : secret.getMetadata().getResourceVersion();
    }

    /** The rules for connections, with the authorities that the location trusts. */
    private EndpointRules rules(BackupLocation location, Secret bundle) {
        if (bundle == null) {
            return endpoints.rules(location);
        }
        try {
            return endpoints.rules(location).withAuthorities(CaBundle.of(bundle.getData()));
        } catch (IllegalArgumentException e) {
            throw BreakwaterException.permanent(
                    Reason.InvalidCaBundle,
                    field(location, "caBundleSecretRef") + ObjectNames.of(bundle) + " " + e.getMessage(),
                    e);
        }
    }

    private Secret named(BackupLocation location, NamedRef ref, String field) {
        if (ref == null) {
            return null;
        }
        refuseUnknownAuthor(location);
        String namespace = location.getMetadata().getNamespace();
        Secret secret =
                client.secrets().inNamespace(namespace).withName(ref.name).get();
        if (secret == null) {
            throw missing(location, field, "Secret " + namespace + "/" + ref.name + " does not exist");
        }
        LocationSecrets.objection(secret).ifPresent(o -> {
            throw missing(location, field, o);
        });
        return secret;
    }

    /** The Secret with the credentials; null for a location that needs none. */
    static NamedRef credentialsRef(BackupLocationSpec spec) {
        if (spec.azureBlob != null) {
            return spec.azureBlob.credentialsSecretRef;
        }
        return spec.s3 == null ? null : spec.s3.credentialsSecretRef;
    }

    /**
     * A location from a time without the webhook could name a Secret that its author may not read. The gateway does not have the
     * key of the stamps, and serves only movers that the operator started.
     */
    private void refuseUnknownAuthor(BackupLocation location) {
        if (config.role() != BreakwaterConfig.Role.gateway) {
            authors.unknown(location).ifPresent(objection -> {
                throw BreakwaterException.permanent(Reason.AuthorLacksRight, objection.message());
            });
        }
    }

    private ObjectStore allowed(BackupLocation location, Secret secret, EndpointRules rules) {
        ObjectStore store = new KeyedStore(make(location, secret, rules), documents(location));
        return location.getSpec().accessMode == AccessMode.ReadOnly
                ? new ReadOnlyStore(store, ObjectNames.qualified(location))
                : store;
    }

    private ObjectStore make(BackupLocation location, Secret secret, EndpointRules rules) {
        BackupLocationSpec spec = location.getSpec();
        if (spec.filesystem != null) {
            return new FilesystemStore(directory(location), clock, limits(), calls.of(location));
        }
        if (secret == null && !config.namespace().equals(location.getMetadata().getNamespace())) {
            throw BreakwaterException.permanent(
                    Reason.InvalidSpec,
                    ObjectNames.of(location)
                            + ": workloadIdentity is Breakwater's own identity, so it is allowed in the operator's"
                            + " namespace "
                            + config.namespace() + " only; use credentialsSecretRef");
        }
        return spec.s3 != null ? s3(location, secret, rules) : azure(location, secret, rules);
    }

    private ListingLimits limits() {
        return new ListingLimits(
                config.store().maxObjects(), config.store().maxGathered(), ListingLimits.DEFAULT.time());
    }

    private ObjectStore azure(BackupLocation location, Secret secret, EndpointRules rules) {
        String key = value(secret, "accountKey");
        String sas = value(secret, "sasToken");
        if (secret != null && (key == null) == (sas == null)) {
            throw missing(
                    location,
                    "credentialsSecretRef",
                    ObjectNames.of(secret) + " must have exactly one of the keys accountKey and sasToken");
        }
        return AzureBlobStore.open(
                location.getSpec().azureBlob,
                key,
                sas,
                ObjectLock.of(location.getSpec(), clock),
                removals(location),
                limits(),
                rules,
                calls.of(location));
    }

    private ObjectStore s3(BackupLocation location, Secret secret, EndpointRules rules) {
        String id = value(secret, "accessKeyId");
        String key = value(secret, "secretAccessKey");
        if (secret != null && (id == null || key == null)) {
            throw missing(
                    location,
                    "credentialsSecretRef",
                    ObjectNames.of(secret) + " must have the keys accessKeyId and secretAccessKey");
        }
        return S3Store.open(
                location.getSpec().s3,
                id,
                key,
                ObjectLock.of(location.getSpec(), clock),
                removals(location),
                limits(),
                rules,
                calls.of(location));
    }

    /** Signs the deletions of Breakwater in a location with locks; null for other locations. */
    private DeletionSigner removals(BackupLocation location) {
        return location.getSpec().immutability == null ? null : new DeletionSigner(() -> signingKeys(location), clock);
    }

    private DocumentSigner documents(BackupLocation location) {
        return signers.computeIfAbsent(
                location.getMetadata().getUid(), uid -> new DocumentSigner(() -> signingKeys(location), site));
    }

    private SigningKeys signingKeys(BackupLocation location) {
        LocationKeys keys = new LocationKeys(client);
        BackupLocation now = client.resource(location).get();
        boolean same = now != null
                && now.getMetadata().getUid().equals(location.getMetadata().getUid());
        BackupLocation known = same ? now : location;
        KeyRing ring = keys.ring(known);
        String accepted = known.getStatus() == null ? null : known.getStatus().keyId;
        return ring.signingKeys(
                keys.writing(known, ring), accepted == null || ring.has(accepted), SitePins.keys(known));
    }

    private Path directory(BackupLocation location) {
        if (!config.namespace().equals(location.getMetadata().getNamespace())) {
            throw BreakwaterException.permanent(
                    Reason.InvalidSpec,
                    ObjectNames.of(location) + ": a filesystem location is allowed in the operator's namespace "
                            + config.namespace() + " only, since all of them share one mount");
        }
        Path root = config.gateway()
                .filesystemRoot()
                .orElseThrow(() -> BreakwaterException.permanent(
                        Reason.InvalidSpec,
                        ObjectNames.of(location)
                                + ": this installation has no mount for filesystem locations; set the Helm"
                                + " value gateway.filesystem"));
        return root.resolve(location.getSpec().filesystem.path);
    }

    private static String value(Secret secret, String key) {
        String encoded = secret == null || secret.getData() == null
                ? null
                : secret.getData().get(key);
        return encoded == null ? null : new String(Base64.getDecoder().decode(encoded), StandardCharsets.UTF_8).strip();
    }

    private static BreakwaterException missing(BackupLocation location, String field, String what) {
        return BreakwaterException.permanent(Reason.SecretNotFound, field(location, field) + what);
    }

    /** The location and a field of its store, as the start of a message. */
    private static String field(BackupLocation location, String name) {
        return ObjectNames.of(location) + ", spec." + (location.getSpec().s3 == null ? "azureBlob" : "s3") + "." + name
                + ": ";
    }
}
