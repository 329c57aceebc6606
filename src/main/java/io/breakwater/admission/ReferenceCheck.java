package io.breakwater.admission;

import io.breakwater.api.BackupLocation;
import io.breakwater.api.BackupLocationSpec;
import io.breakwater.api.BackupLocationSpec.Namespaces;
import io.breakwater.api.EscrowKey;
import io.breakwater.api.LocationSecrets;
import io.breakwater.api.NamedRef;
import io.breakwater.store.endpoint.CaBundle;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Optional;

/**
 * Checks the objects that other objects name. A missing object causes only a warning, since the same command may create it
 * next.
 */
final class ReferenceCheck {
    private final KubernetesClient client;
    private final String ownNamespace;

    ReferenceCheck(KubernetesClient client, String ownNamespace) {
        this.client = client;
        this.ownNamespace = ownNamespace;
    }

    /** Checks a BackupLocation of the namespace, or a shared one of the operator's namespace. */
    void location(String namespace, String field, NamedRef ref, CheckFindings findings) {
        if (location(namespace, ref.name) != null) {
            return;
        }
        if (location(ownNamespace, ref.name) == null) {
            findings.warn(
                    field,
                    "BackupLocation '" + ref.name + "' is neither in namespace " + namespace + " nor shared from "
                            + ownNamespace + " yet");
        } else {
            shared(field, ref, findings);
        }
    }

    /** Checks the location of a lease, which must be a shared one of the operator's namespace. */
    void rendezvous(String namespace, String field, NamedRef ref, CheckFindings findings) {
        if (location(namespace, ref.name) != null) {
            findings.refuse(
                    field,
                    "BackupLocation '" + ref.name + "' is in namespace " + namespace
                            + ", but a lease must be in a location of namespace " + ownNamespace
                            + "; share one from there with spec.usagePolicy");
        } else {
            shared(field, ref, findings);
        }
    }

    /** Checks a BackupLocation that the operator's namespace shares. */
    void shared(String field, NamedRef ref, CheckFindings findings) {
        BackupLocation shared = location(ownNamespace, ref.name);
        if (shared == null) {
            findings.warn(field, "BackupLocation '" + ref.name + "' is not in namespace " + ownNamespace + " yet");
        } else if (isPrivate(shared)) {
            findings.warn(
                    field,
                    "BackupLocation '" + ref.name + "' in namespace " + ownNamespace
                            + " is not shared; set its spec.usagePolicy.namespaces to Selector or All");
        }
    }

    /** Refuses a new location that would replace a shared one for the policies and points of its namespace. */
    void shadowing(BackupLocation location, CheckFindings findings) {
        String name = location.getMetadata().getName();
        if (location.getMetadata().getNamespace().equals(ownNamespace)) {
            return;
        }
        BackupLocation shared = location(ownNamespace, name);
        if (shared != null && !isPrivate(shared)) {
            findings.refuse(
                    "metadata.name",
                    "BackupLocation '" + name + "' is shared from namespace " + ownNamespace
                            + ", and a location of the same name here would replace it for the policies and points"
                            + " of this namespace; use another name");
        }
    }

    /** Checks the Secrets that a location names: without the label, no location may use a Secret. */
    void secrets(BackupLocation location, CheckFindings findings) {
        BackupLocationSpec spec = location.getSpec();
        if (spec.azureBlob != null) {
            secret(location, "spec.azureBlob.credentialsSecretRef", spec.azureBlob.credentialsSecretRef, findings);
            secret(location, "spec.azureBlob.caBundleSecretRef", spec.azureBlob.caBundleSecretRef, findings);
        }
        if (spec.s3 != null) {
            secret(location, "spec.s3.credentialsSecretRef", spec.s3.credentialsSecretRef, findings);
            secret(location, "spec.s3.caBundleSecretRef", spec.s3.caBundleSecretRef, findings);
        }
        if (spec.encryption != null) {
            secret(location, "spec.encryption.passwordSecretRef", spec.encryption.passwordSecretRef, findings);
            secret(location, "spec.encryption.escrowSecretRef", spec.encryption.escrowSecretRef, findings);
        }
    }

    private void secret(BackupLocation location, String field, NamedRef ref, CheckFindings findings) {
        if (ref != null) {
            Optional.ofNullable(client.secrets()
                            .inNamespace(location.getMetadata().getNamespace())
                            .withName(ref.name)
                            .get())
                    .flatMap(LocationSecrets::objection)
                    .ifPresent(objection -> findings.refuse(field, objection));
        }
    }

    /** Refuses a bundle of certificates that no connection could use. A Secret that does not exist yet is a warning. */
    void authorities(BackupLocation location, CheckFindings findings) {
        NamedRef ref = location.getSpec().caBundleSecretRef();
        if (ref == null) {
            return;
        }
        String field = location.getSpec().s3 == null ? "spec.azureBlob" : "spec.s3";
        String namespace = location.getMetadata().getNamespace();
        Secret secret =
                client.secrets().inNamespace(namespace).withName(ref.name).get();
        if (secret == null) {
            findings.warn(
                    field + ".caBundleSecretRef",
                    "Secret '" + ref.name + "' is not in namespace " + namespace + " yet");
            return;
        }
        CaBundle.objection(secret.getData())
                .ifPresent(o -> findings.refuse(
                        field + ".caBundleSecretRef", "Secret " + namespace + "/" + ref.name + " " + o));
    }

    /** Checks the Secret with the public key for escrow; refuses a key that can never be used. */
    void escrow(BackupLocation location, CheckFindings findings) {
        var encryption = location.getSpec().encryption;
        if (encryption == null || encryption.escrowSecretRef == null) {
            return;
        }
        String field = "spec.encryption.escrowSecretRef";
        String name = encryption.escrowSecretRef.name;
        Secret secret = client.secrets()
                .inNamespace(location.getMetadata().getNamespace())
                .withName(name)
                .get();
        String encoded = secret == null || secret.getData() == null
                ? null
                : secret.getData().get(EscrowKey.ENTRY);
        if (encoded == null) {
            findings.warn(
                    field,
                    "Secret '" + name + "' with the key " + EscrowKey.ENTRY + " is not in namespace "
                            + location.getMetadata().getNamespace() + " yet");
            return;
        }
        try {
            EscrowKey.of(new String(Base64.getDecoder().decode(encoded), StandardCharsets.US_ASCII));
        } catch (IllegalArgumentException e) {
            findings.refuse(field, "key " + EscrowKey.ENTRY + " of Secret '" + name + "': " + e.getMessage());
        }
    }

    /** Checks an object of the given kind in the namespace. */
    <T extends HasMetadata> void object(
            Class<T> type, String namespace, String field, NamedRef ref, CheckFindings findings) {
        if (client.resources(type).inNamespace(namespace).withName(ref.name).get() == null) {
            findings.warn(
                    field, type.getSimpleName() + " '" + ref.name + "' is not in namespace " + namespace + " yet");
        }
    }

    private BackupLocation location(String namespace, String name) {
        return client.resources(BackupLocation.class)
                .inNamespace(namespace)
                .withName(name)
                .get();
    }

    private static boolean isPrivate(BackupLocation location) {
        var usage = location.getSpec().usagePolicy;
        return usage == null || usage.namespaces == Namespaces.Same;
    }
}
