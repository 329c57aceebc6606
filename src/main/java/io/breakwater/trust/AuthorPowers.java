package io.breakwater.trust;

import io.breakwater.api.Api;
import io.breakwater.api.BackupLocation;
import io.breakwater.api.BackupLocationSpec;
import io.breakwater.api.BackupPolicy;
import io.breakwater.api.BackupPolicySpec;
import io.breakwater.api.FailoverPlan;
import io.breakwater.api.FailoverPlanSpec;
import io.breakwater.api.NamedRef;
import io.breakwater.api.Restore;
import io.breakwater.api.Verification;
import io.fabric8.kubernetes.api.model.HasMetadata;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The powers of an object: the fields that make Breakwater do something that their author may do, but not everyone who can write
 * the object. A stamp covers them, so a change of them by others ends the stamp. Some need a right at the moment of the change.
 * Powers are read from the typed object on both sides. New fields of the API that have a default would end existing stamps of
 * Restores and Verifications, which are short-lived.
 */
public final class AuthorPowers {
    /** The Secret with the master key, for a location that names none. */
    private static final String DEFAULT_MASTER_KEY = "breakwater-master-key";

    /**
     * A right that the author needs in the namespace of the object, and the field that needs it.
     *
     * @param group empty for the core group
     * @param subresource empty for the object itself
     * @param name empty for all objects
     */
    public record NeededRight(
            String field, String verb, String group, String resource, String subresource, String name) {
        /** The namespace to ask about: to adopt data of any namespace is a right in all namespaces. */
        String scope(String namespace) {
            return verb.equals(Api.ADOPT_VERB) ? "" : namespace;
        }

        /** The right in words, with the namespace. */
        public String text(String namespace) {
            return text() + (scope(namespace).isEmpty() ? " in all namespaces" : " in namespace " + namespace);
        }

        /** The right in words, such as {@code get secrets/keys}. */
        public String text() {
            return verb + " " + resource + (subresource.isEmpty() ? "" : "/" + subresource)
                    + (name.isEmpty() ? "" : "/" + name);
        }
    }

    private AuthorPowers() {}

    /** What the stamp of an object covers. */
    public static Object of(HasMetadata object) {
        return switch (object) {
            case BackupPolicy policy -> of(policy.getSpec());
            case BackupLocation location -> of(location.getSpec());
            case Restore restore -> restore.getSpec();
            case Verification verification -> verification.getSpec();
            case FailoverPlan plan -> of(plan.getSpec());
            default -> throw new IllegalArgumentException(object.getKind() + " has no author");
        };
    }

    /** The rights that the author of an object needs. */
    public static List<NeededRight> needs(HasMetadata object) {
        return switch (object) {
            case BackupPolicy policy -> needs(policy.getSpec());
            case BackupLocation location -> needs(location.getSpec());
            // A plan gives its namespace the points of the namespaces of the same name on its sites.
            case FailoverPlan plan ->
                List.of(new NeededRight("spec.sites", Api.ADOPT_VERB, Api.GROUP, "restorepoints", "", ""));
            default -> List.of();
        };
    }

    private static Map<String, Object> of(BackupPolicySpec spec) {
        Map<String, Object> powers = new LinkedHashMap<>();
        powers.put("hooks", spec.hooks);
        powers.put("databases", spec.databases);
        powers.put("verification", spec.verification);
        return powers;
    }

    /** The store belongs to the powers, since its endpoint receives the credentials. */
    private static Map<String, Object> of(BackupLocationSpec spec) {
        Map<String, Object> powers = new LinkedHashMap<>();
        powers.put("azureBlob", spec.azureBlob);
        powers.put("s3", spec.s3);
        powers.put("encryption", spec.encryption);
        return powers;
    }

    /** The sites and the policy decide which points a failover restores. The active site is a right of its own. */
    private static Map<String, Object> of(FailoverPlanSpec spec) {
        Map<String, Object> powers = new LinkedHashMap<>();
        powers.put("sites", spec.sites);
        powers.put("rendezvousRef", spec.rendezvousRef);
        powers.put("policyRef", spec.policyRef);
        return powers;
    }

    private static List<NeededRight> needs(BackupPolicySpec spec) {
        List<NeededRight> needs = new ArrayList<>();
        if (spec.hooks != null) {
            command("spec.hooks.pre", spec.hooks.pre, needs);
            command("spec.hooks.post", spec.hooks.post, needs);
        }
        command("spec.databases", spec.databases, needs);
        if (spec.verification != null) {
            command("spec.verification.checks", spec.verification.checks, needs);
        }
        return needs;
    }

    private static void command(String field, List<?> commands, List<NeededRight> needs) {
        if (commands != null && !commands.isEmpty()) {
            needs.add(new NeededRight(field, "create", "", "pods", "exec", ""));
        }
    }

    private static List<NeededRight> needs(BackupLocationSpec spec) {
        List<NeededRight> needs = new ArrayList<>();
        if (spec.azureBlob != null) {
            secret("spec.azureBlob.credentialsSecretRef", spec.azureBlob.credentialsSecretRef, needs);
            secret("spec.azureBlob.caBundleSecretRef", spec.azureBlob.caBundleSecretRef, needs);
        }
        if (spec.s3 != null) {
            secret("spec.s3.credentialsSecretRef", spec.s3.credentialsSecretRef, needs);
            secret("spec.s3.caBundleSecretRef", spec.s3.caBundleSecretRef, needs);
        }
        if (spec.encryption != null) {
            secret("spec.encryption.passwordSecretRef", spec.encryption.passwordSecretRef, needs);
            if (spec.encryption.escrowSecretRef != null) {
                secret("spec.encryption.escrowSecretRef", spec.encryption.escrowSecretRef, needs);
                // The owner of the escrow key can read the master key.
                NamedRef master = spec.encryption.passwordSecretRef;
                secret(
                        "spec.encryption.escrowSecretRef",
                        master == null ? new NamedRef(DEFAULT_MASTER_KEY) : master,
                        needs);
            }
        }
        return needs;
    }

    private static void secret(String field, NamedRef secret, List<NeededRight> needs) {
        if (secret != null) {
            needs.add(new NeededRight(field, "get", "", "secrets", "", secret.name));
        }
    }
}
