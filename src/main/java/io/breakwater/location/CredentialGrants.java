package io.breakwater.location;

import io.breakwater.api.Api;
import io.breakwater.api.BackupLocation;
import io.breakwater.api.NamedRef;
import io.breakwater.api.ServerMessage;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.location.keys.LocationKeys;
import io.breakwater.trust.AuthorReview;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.rbac.Role;
import io.fabric8.kubernetes.api.model.rbac.RoleBinding;
import io.fabric8.kubernetes.api.model.rbac.RoleBindingBuilder;
import io.fabric8.kubernetes.api.model.rbac.RoleBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jboss.logging.Logger;

/**
 * Lets a separate gateway read the credentials of locations, and no other Secret. In each namespace with locations, a Role names
 * exactly the Secrets that they reference, and a RoleBinding gives it to the account of the gateway. Both are checked every ten
 * seconds, and deleted with the last location of the namespace. An embedded gateway needs none of them.
 */
@ApplicationScoped
class CredentialGrants {
    /** Name of the Role and the RoleBinding. */
    static final String NAME = "breakwater-gateway-credentials";

    /** ServiceAccount of a separate gateway. */
    static final String ACCOUNT = "breakwater-gateway";

    private static final Logger LOG = Logger.getLogger(CredentialGrants.class);
    private static final Duration INTERVAL = Duration.ofSeconds(10);
    private static final Map<String, String> LABELS = Map.of(Api.COMPONENT, "gateway-credentials");

    private final KubernetesClient client;
    private final BreakwaterConfig config;
    private final AuthorReview authors;
    private volatile Thread loop;

    CredentialGrants(KubernetesClient client, BreakwaterConfig config, AuthorReview authors) {
        this.client = client;
        this.config = config;
        this.authors = authors;
    }

    void start(@Observes StartupEvent event) {
        if (config.role() == BreakwaterConfig.Role.operator) {
            loop = Thread.ofVirtual().name("credential-grants").start(this::maintainUntilStopped);
        }
    }

    void stop(@Observes ShutdownEvent event) {
        if (loop != null) {
            loop.interrupt();
        }
    }

    private void maintainUntilStopped() {
        while (!Thread.currentThread().isInterrupted()) {
            try {
                maintain();
            } catch (RuntimeException e) {
                LOG.warnf("could not update the rights of the gateway, will retry: %s", ServerMessage.of(e));
            }
            if (config.gateway().embedded()) {
                return; // a separate gateway of the past may have left its rights
            }
            try {
                Thread.sleep(INTERVAL);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** Makes the Roles and RoleBindings of all namespaces follow the locations. */
    void maintain() {
        Map<String, TreeSet<String>> wanted = wanted();
        Map<String, Role> roles = byNamespace(
                client.rbac().roles().inAnyNamespace().withLabels(LABELS).list().getItems());
        Map<String, RoleBinding> bindings = byNamespace(client.rbac()
                .roleBindings()
                .inAnyNamespace()
                .withLabels(LABELS)
                .list()
                .getItems());
        wanted.forEach((namespace, secrets) -> {
            try {
                grant(namespace, secrets, roles.get(namespace), bindings.get(namespace));
            } catch (KubernetesClientException e) {
                // A namespace that is being deleted refuses new objects. The others must not wait for it.
                LOG.warnf("namespace %s: the gateway gets no rights, will retry: %s", namespace, ServerMessage.of(e));
            }
        });
        bindings.forEach((namespace, binding) -> delete(binding, wanted));
        roles.forEach((namespace, role) -> delete(role, wanted));
    }

    private void grant(String namespace, TreeSet<String> secrets, Role present, RoleBinding bound) {
        Role role = role(namespace, List.copyOf(secrets));
        if (present == null || !present.getRules().equals(role.getRules())) {
            write(role);
        }
        RoleBinding binding = binding(namespace);
        boolean sameRole = bound != null && bound.getRoleRef().equals(binding.getRoleRef());
        if (bound != null && !sameRole) {
            client.resource(bound).delete(); // the API server permits no change of a roleRef
        }
        if (!sameRole || !bound.getSubjects().equals(binding.getSubjects())) {
            write(binding);
        }
    }

    /** The Secrets that the gateway reads, by namespace. */
    private Map<String, TreeSet<String>> wanted() {
        Map<String, TreeSet<String>> wanted = new TreeMap<>();
        if (config.gateway().embedded()) {
            return wanted;
        }
        for (BackupLocation location :
                client.resources(BackupLocation.class).inAnyNamespace().list().getItems()) {
            if (authors.unknown(location).isPresent()) {
                continue; // Its author may have named a Secret of others.
            }
            TreeSet<String> secrets = new TreeSet<>();
            NamedRef credentials = Stores.credentialsRef(location.getSpec());
            if (credentials != null) {
                secrets.add(credentials.name);
            }
            NamedRef authorities = location.getSpec().caBundleSecretRef();
            if (authorities != null) {
                secrets.add(authorities.name);
            }
            if (!location.getSpec().hasVeleroLayout()) {
                secrets.add(LocationKeys.secretName(location)); // tombstones and leases are signed
            }
            if (!secrets.isEmpty()) {
                wanted.computeIfAbsent(location.getMetadata().getNamespace(), n -> new TreeSet<>())
                        .addAll(secrets);
            }
        }
        return wanted;
    }

    private void write(HasMetadata object) {
        client.resource(object).createOr(editable -> editable.update());
        LOG.infof(
                "the gateway may read the credentials of locations in namespace %s",
                object.getMetadata().getNamespace());
    }

    private void delete(HasMetadata object, Map<String, TreeSet<String>> wanted) {
        if (!wanted.containsKey(object.getMetadata().getNamespace())) {
            client.resource(object).delete();
        }
    }

    private static Role role(String namespace, List<String> secrets) {
        return new RoleBuilder()
                .withMetadata(metadata(namespace))
                .addNewRule()
                .withApiGroups("")
                .withResources("secrets")
                .withResourceNames(secrets)
                .withVerbs("get")
                .endRule()
                .build();
    }

    private RoleBinding binding(String namespace) {
        return new RoleBindingBuilder()
                .withMetadata(metadata(namespace))
                .withNewRoleRef("rbac.authorization.k8s.io", "Role", NAME)
                .addNewSubject()
                .withKind("ServiceAccount")
                .withName(ACCOUNT)
                .withNamespace(config.namespace())
                .endSubject()
                .build();
    }

    private static ObjectMeta metadata(String namespace) {
        return new ObjectMetaBuilder()
                .withName(NAME)
                .withNamespace(namespace)
                .withLabels(LABELS)
                .build();
    }

    /** Objects of another name are ignored, whatever labels they have. */
    private static <T extends HasMetadata> Map<String, T> byNamespace(List<T> objects) {
        Map<String, T> found = new TreeMap<>();
        objects.stream()
                .filter(o -> NAME.equals(o.getMetadata().getName()))
                .forEach(o -> found.put(o.getMetadata().getNamespace(), o));
        return found;
    }
}
