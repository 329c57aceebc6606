package io.breakwater.policy.template;

import com.fasterxml.jackson.databind.JsonNode;
import io.breakwater.api.Api;
import io.breakwater.api.BackupPolicy;
import io.breakwater.api.BackupPolicySpec.NamespaceSelection;
import io.breakwater.api.BackupPolicyStatus;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.api.Texts;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.observe.MeterName;
import io.breakwater.observe.Meters;
import io.breakwater.observe.StatusWriter;
import io.breakwater.resource.ApiKind;
import io.breakwater.resource.ApiServer;
import io.breakwater.resource.CaptureRules;
import io.breakwater.resource.PagedList;
import io.breakwater.steps.PeriodicWork;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SortedSet;
import org.jboss.logging.Logger;

/**
 * Counts the namespaces with claims that no policy covers, for the metric and for the status of every template. One count is three
 * paged lists for the complete cluster: the metadata of claims and of namespaces, and the policies. Memory holds one object at a
 * time, and the names of the namespaces.
 */
@ApplicationScoped
public class CoverageSurvey {
    private static final Logger LOG = Logger.getLogger(CoverageSurvey.class);
    private static final KubernetesSerialization JSON = new KubernetesSerialization();
    private static final int LISTED = 5;
    private static final ApiKind CLAIMS =
            new ApiKind("", "v1", "PersistentVolumeClaim", "persistentvolumeclaims", true, Set.of());
    private static final String NAMESPACES = "/api/v1/namespaces";
    private static final String POLICIES = "/apis/" + Api.GROUP + "/" + Api.VERSION + "/backuppolicies";

    private final KubernetesClient client;
    private final BreakwaterConfig config;
    private final StatusWriter writer;
    private final Meters meters;
    private final PeriodicWork work;
    private volatile Optional<NamespaceCoverage> latest = Optional.empty();

    public CoverageSurvey(KubernetesClient client, BreakwaterConfig config, StatusWriter writer, Meters meters) {
        this.client = client;
        this.config = config;
        this.writer = writer;
        this.meters = meters;
        this.work = new PeriodicWork(
                "count the namespaces without a policy", config.coverage().interval(), this::survey);
    }

    void start(@Observes StartupEvent event) {
        if (config.role() == BreakwaterConfig.Role.operator) {
            work.start();
        }
    }

    void stop(@Observes ShutdownEvent event) {
        work.stop();
    }

    /** The last count; empty before the first one, and after one that failed. */
    Optional<NamespaceCoverage> latest() {
        return latest;
    }

    /** Counts, and reports the result. After an error there is no metric, because a number of an earlier time may be wrong. */
    void survey() {
        SortedSet<String> before = latest.map(NamespaceCoverage::uncovered).orElseGet(Collections::emptySortedSet);
        try {
            latest = Optional.of(count());
        } catch (ApiServer.Refused e) {
            forget();
            throw BreakwaterException.retryable(
                    Reason.Forbidden, "the API server refused a list: " + e.getMessage(), e);
        } catch (RuntimeException e) {
            forget();
            throw e;
        }
        NamespaceCoverage found = latest.get();
        gauge("covered", found.covered().size());
        gauge("uncovered", found.uncovered().size());
        gauge("excluded", found.excluded().size());
        if (!found.uncovered().isEmpty() && !found.uncovered().equals(before)) {
            LOG.infof(
                    "namespaces with PersistentVolumeClaims and without a BackupPolicy: %s",
                    Texts.first(found.uncovered(), LISTED));
        }
        report(found);
    }

    private void forget() {
        latest = Optional.empty();
        meters.removeIf((name, labels) -> name == MeterName.COVERAGE_NAMESPACES);
    }

    /** A policy that is created during the count covers its namespace, because policies are read last. */
    private NamespaceCoverage count() throws ApiServer.Refused {
        ApiServer server = new ApiServer(client);
        PagedList metadata = new PagedList(server, PagedList.METADATA);
        Set<String> withClaims = new HashSet<>();
        metadata.each("/api/v1/" + CLAIMS.resource(), "", claim -> {
            if (CaptureRules.object(CLAIMS, claim)) {
                withClaims.add(claim.at("/metadata/namespace").asText());
            }
        });
        List<Namespace> namespaces = new ArrayList<>();
        metadata.each(NAMESPACES, "", namespace -> {
            if (withClaims.contains(namespace.at("/metadata/name").asText())) {
                namespaces.add(new NamespaceBuilder()
                        .withMetadata(JSON.convertValue(namespace.path("metadata"), ObjectMeta.class))
                        .build());
            }
        });
        NamespaceCoverage.Policies policies = new NamespaceCoverage.Policies(new HashSet<>(), new ArrayList<>());
        new PagedList(server, PagedList.OBJECTS).each(POLICIES, "", policy -> add(policies, policy));
        return NamespaceCoverage.of(
                namespaces, policies, config.coverage().exclude().orElse(List.of()), config.namespace());
    }

    /** A template outside the operator's namespace captures nothing, so it covers nothing. */
    private void add(NamespaceCoverage.Policies policies, JsonNode policy) {
        String namespace = policy.at("/metadata/namespace").asText();
        JsonNode selection = policy.at("/spec/source/namespaces");
        if (policy.path("metadata").has("deletionTimestamp")) {
            return;
        }
        if (!selection.isObject()) {
            policies.namespaces().add(namespace);
        } else if (namespace.equals(config.namespace())) {
            policies.templates().add(JSON.convertValue(selection, NamespaceSelection.class));
        }
    }

    private void gauge(String state, int namespaces) {
        meters.set(MeterName.COVERAGE_NAMESPACES, namespaces, "state", state);
    }

    private void report(NamespaceCoverage found) {
        for (BackupPolicy policy : client.resources(BackupPolicy.class)
                .inNamespace(config.namespace())
                .list()
                .getItems()) {
            if (policy.template() && policy.getStatus() != null && policy.getStatus().namespaces != null) {
                writer.update(policy, BackupPolicyStatus.class, status -> {
                    if (status.namespaces != null) {
                        found.setIn(status.namespaces);
                    }
                });
            }
        }
    }
}
