package io.breakwater.policy;

import io.breakwater.admission.InMemoryApiServer;
import io.breakwater.api.BackupLocation;
import io.breakwater.api.BackupLocationSpec;
import io.breakwater.api.BackupLocationStatus;
import io.breakwater.api.BackupPolicy;
import io.breakwater.api.BackupPolicySpec;
import io.breakwater.api.Condition;
import io.breakwater.api.FailoverPlan;
import io.breakwater.api.NamedRef;
import io.breakwater.api.RestorePoint;
import io.breakwater.api.Verification;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.config.TestConfig;
import io.breakwater.failover.PlanRoles;
import io.breakwater.gateway.EpochGuard;
import io.breakwater.gateway.StaleEpochGuard;
import io.breakwater.location.LocationResolver;
import io.breakwater.location.Quotas;
import io.breakwater.location.TestLocations;
import io.breakwater.location.TestRegister;
import io.breakwater.observe.Events;
import io.breakwater.observe.Meters;
import io.breakwater.observe.PlainStatusWriter;
import io.breakwater.observe.StatusWriter;
import io.breakwater.observe.TestEvents;
import io.breakwater.points.PointIndex;
import io.breakwater.points.TestIndex;
import io.breakwater.policy.template.CoverageSurvey;
import io.breakwater.policy.template.TemplateReport;
import io.breakwater.policy.template.TemplateSync;
import io.breakwater.store.MemoryStore;
import io.breakwater.store.TestStores;
import io.breakwater.trust.AdoptionRule;
import io.breakwater.trust.AuthorReport;
import io.breakwater.trust.AuthorReview;
import io.breakwater.trust.IdentityRule;
import io.breakwater.trust.NamespaceIdentities;
import io.breakwater.trust.StampFixture;
import io.breakwater.trust.TestAdoption;
import io.breakwater.watch.ObjectCache;
import io.breakwater.watch.SharedInformers;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.micrometer.prometheus.PrometheusConfig;
import io.micrometer.prometheus.PrometheusMeterRegistry;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/**
 * The controller of policies against an API server in memory. The dates are in the far future, because that server sets
 * creation times by the real clock.
 */
@SuppressWarnings("deprecation") // Quarkus has this registry, and no newer one
abstract class PolicyControllerFixture {
    final InMemoryApiServer cluster = new InMemoryApiServer();
    final KubernetesClient client = cluster.client();
    final BreakwaterConfig config = TestConfig.of(Map.of("breakwater.namespace", "ops"));
    final SharedInformers informers = new SharedInformers(client);
    ObjectCache objects = new ObjectCache(client, informers, new StatusWriter(client));
    final LocationResolver locations = TestLocations.of(objects, config);
    final MemoryStore store = new MemoryStore();
    final Quotas quotas = new Quotas(TestStores.always(store), TestRegister.of(store), config);
    PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    final NamespaceIdentities namespaces = TestAdoption.identities(config.site(), this::allNamespaces);
    String succeeds;
    final AdoptionRule adoption = TestAdoption.rule(namespaces, List.of(), () -> Optional.ofNullable(succeeds));
    final PointIndex index = TestIndex.empty(client);
    boolean active = true;
    Optional<EpochGuard.Guard> guard = Optional.empty();
    final BackupPolicy policy = new BackupPolicy();
    private Meters authorMeters = new Meters(registry, Clock.systemUTC());
    Optional<AuthorReview.Objection> objection = Optional.empty();
    final AuthorReview authors = StampFixture.reviewing(() -> objection);

    @BeforeEach
    void makePolicy() {
        location("a");
        policy.getMetadata().setName("hourly");
        policy.getMetadata().setNamespace("shop");
        policy.getMetadata().setCreationTimestamp("2090-01-05T11:50:00Z");
        policy.setSpec(new BackupPolicySpec());
        policy.getSpec().schedule = CronScheduleTest.schedule("0 * * * *", "Etc/UTC");
        policy.getSpec().locationRef = new NamedRef("a");
        policy.getSpec().objectives = new BackupPolicySpec.Objectives();
        policy.getSpec().objectives.rpo = "2h";
        policy.getSpec().copies = new ArrayList<>();
    }

    @AfterEach
    void close() {
        cluster.close();
    }

    /** Fills the caches by watches, as the controllers do. */
    void watch() {
        TestIndex.fill(index, client);
        List.of(BackupLocation.class, BackupPolicy.class, Verification.class, FailoverPlan.class)
                .forEach(kind -> informers.informer(kind).run());
    }

    /** Replaces the process of the operator by one that has exported nothing yet. */
    void startProcess() {
        registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
        authorMeters = new Meters(registry, Clock.systemUTC());
    }

    List<Namespace> allNamespaces() {
        return TestAdoption.namespaces("new-", "shop", "kube-system");
    }

    Duration reconcile(String time) {
        return reconcileAt(Instant.parse("2090-01-05T" + time + "Z"));
    }

    Duration reconcileAt(Instant now) {
        Clock clock = Clock.fixed(now, ZoneOffset.UTC);
        if (client.resource(policy).get() == null) {
            client.resource(policy).create();
        }
        StatusWriter writer = new PlainStatusWriter(client);
        PolicyMeters meters = new PolicyMeters(new Meters(registry, clock), clock);
        Events events = TestEvents.of(client, clock);
        Meters counts = new Meters(registry, clock);
        CoverageSurvey coverage = new CoverageSurvey(client, config, writer, counts);
        TemplateReport templates = new TemplateReport(writer, counts, events, coverage, clock);
        return new BackupPolicyReconciler(
                        objects,
                        config,
                        new PolicyPoints(client, index, objects, config),
                        new InheritedPoints(
                                locations,
                                TestRegister.of(store),
                                namespaces,
                                new IdentityRule(config, namespaces, adoption),
                                clock),
                        new PolicyConflictCheck(client, objects),
                        new FixedRoutes(),
                        new TemplateSync(client, objects, config, templates, events, StampFixture.stamps()),
                        new PlanRoles(objects, informers, config, clock),
                        new StaleEpochGuard(),
                        new PolicyReport(
                                locations,
                                quotas,
                                meters,
                                writer,
                                new AuthorReport(authors, events, authorMeters),
                                clock),
                        meters,
                        writer,
                        events,
                        clock)
                .reconcile(policy, null)
                .getScheduleDelay()
                .map(Duration::ofMillis)
                .orElse(null);
    }

    BackupPolicy now() {
        return client.resource(policy).get();
    }

    Condition condition(String type) {
        return now().getStatus().condition(type).orElseThrow();
    }

    List<String> points() {
        return client.resources(RestorePoint.class).inNamespace("shop").list().getItems().stream()
                .map(p -> p.getMetadata().getName())
                .sorted()
                .toList();
    }

    List<String> events() {
        return client.v1().events().inNamespace("shop").list().getItems().stream()
                .map(e -> e.getMessage())
                .toList();
    }

    void add(PointFixtures... points) {
        for (PointFixtures p : points) {
            client.resource(p.get()).create();
        }
    }

    void copy(String location) {
        BackupPolicySpec.Copy copy = new BackupPolicySpec.Copy();
        copy.locationRef = new NamedRef(location);
        policy.getSpec().copies.add(copy);
    }

    void location(String name) {
        BackupLocation location = new BackupLocation();
        location.getMetadata().setName(name);
        location.getMetadata().setNamespace("shop");
        location.setSpec(new BackupLocationSpec());
        location.setStatus(new BackupLocationStatus());
        Condition ready = new Condition();
        ready.type = Condition.READY;
        ready.status = "True";
        location.getStatus().conditions.add(ready);
        client.resource(location).create();
    }

    /** The route that the policy defines, on a site that is active or not. */
    final class FixedRoutes extends PointRoutes {
        FixedRoutes() {
            super(locations, null);
        }

        @Override
        public PointRoute of(BackupPolicy p) {
            return new PointRoute(
                    locations.resolve("shop", p.getSpec().locationRef),
                    Stream.ofNullable(p.getSpec().copies)
                            .flatMap(List::stream)
                            .map(c -> c.locationRef.name)
                            .toList(),
                    0,
                    guard,
                    active);
        }
    }
}
