package io.breakwater.admission;

import io.breakwater.api.BackupLocation;
import io.breakwater.api.BackupLocationSpec.Namespaces;
import io.breakwater.api.EscrowKey;
import io.breakwater.api.NamedRef;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.nio.charset.StandardCharsets;
import java.util.Base64;

/**
 * Looks at the objects that others name. One that is missing draws a warning only, since it may be the next line of the same
 * apply.
 */
final class ReferenceCheck {
    private final KubernetesClient client;
    private final String ownNamespace;

    ReferenceCheck(KubernetesClient client, String ownNamespace) {
        this.client = client;
        this.ownNamespace = ownNamespace;
    }

    /** A BackupLocation of the namespace, or a shared one of the operator's namespace. */
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

    /** A BackupLocation that the operator's namespace shares. */
    void shared(String field, NamedRef ref, CheckFindings findings) {
        BackupLocation shared = location(ownNamespace, ref.name);
        if (shared == null) {
            findings.warn(field, "BackupLocation '" + ref.name + "' is not in namespace " + ownNamespace + " yet");
        } else if (isPrivate(shared)) {
            findings.warn(
                    field,
                    "BackupLocation '" + ref.name + "' in namespace " + ownNamespace
                            + " is not shared: its spec.usagePolicy.namespaces would have to say Selector or All");
        }
    }

    /** Refuses a new location that would take the place of a shared one for the policies and points of its namespace. */
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
                            + ", and one of that name here would take its place for the policies and points of this"
                            + " namespace; give it another name");
        }
    }

    /** The Secret with the public key for escrow; one that can never be used is refused. */
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

    /** An object of the given kind in the namespace. */
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
