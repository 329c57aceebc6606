package io.breakwater.failover;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.datatype.jsr310.JavaTimeModule;
import io.breakwater.admission.InMemoryApiServer;
import io.breakwater.api.Condition;
import io.breakwater.api.FailoverPlan;
import io.breakwater.api.FailoverPlanSpec;
import io.breakwater.api.FailoverPlanStatus;
import io.breakwater.api.FailoverRequest;
import io.breakwater.api.FailoverRequestSpec;
import io.breakwater.api.NamedRef;
import io.breakwater.api.Restore;
import io.breakwater.api.RestorePoint;
import io.breakwater.api.RestoreStatus;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.config.TestConfig;
import io.breakwater.gate.NamespaceGate;
import io.breakwater.lease.DirectCalls;
import io.breakwater.lease.FaultyStore;
import io.breakwater.lease.Lease;
import io.breakwater.lease.LeaseCounter;
import io.breakwater.lease.LeaseMemory;
import io.breakwater.lease.LeaseStore;
import io.breakwater.observe.Events;
import io.breakwater.observe.Meters;
import io.breakwater.observe.StatusWriter;
import io.breakwater.observe.TestEvents;
import io.breakwater.points.TestIndex;
import io.breakwater.store.ObjectStore;
import io.breakwater.store.TestSite;
import io.breakwater.store.TestStores;
import io.breakwater.watch.SharedInformers;
import io.breakwater.watch.TestObjects;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.NodeBuilder;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.coordination.v1.LeaseBuilder;
import io.fabric8.kubernetes.client.CustomResource;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.NonDeletingOperation;
import io.fabric8.kubernetes.client.utils.Serialization;
import io.micrometer.prometheus.PrometheusConfig;
import io.micrometer.prometheus.PrometheusMeterRegistry;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * Two clusters, each with the real controller of plans, and a real store in a directory for both. {@link
 * SimulatedControllers} succeed at once with captures, copies, catalog sync and restores.
 */
@SuppressWarnings("deprecation") // Quarkus has this registry, and no newer one
final class TwoSites implements AutoCloseable {
    static final String NS = "shop";
    private static final String LEASE = "breakwater/plans/shop/shop/lease.json";

    /** Thrown to simulate the death of a process. */
    static final class Killed extends RuntimeException {
        private static final long serialVersionUID = 1;
    }

    final Cluster east;
    final Cluster west;
    private final Path directory;
    private final List<Cluster> others = new CopyOnWriteArrayList<>();
    /** How far the monotonic clocks of both sites are ahead of the one of this process. */
    private final AtomicLong ahead = new AtomicLong();

    TwoSites(Path directory) {
        this.directory = directory;
        this.east = new Cluster("east", "c-east");
        this.west = new Cluster("west", "c-west");
    }

    /** One site: its cluster, and its present operator process. */
    final class Cluster {
        final String site;
        final InMemoryApiServer api = new InMemoryApiServer();
        final FaultyStore store;
        boolean down;
        /** Runs before each reconciliation of this cluster, as a loop in the cluster does. */
        Runnable loops = () -> {};
        /** Value of spec.lease.onLoss in Git. */
        FailoverPlanSpec.OnLoss inGit = FailoverPlanSpec.OnLoss.Gate;

        boolean copies = true;
        /** The cause with which Restores of this cluster fail; null for success. */
        String refuses;
        /** Whether Restores of this cluster end. */
        boolean restores = true;
        /** Whether Restores of this cluster wait for a webhook of the application. */
        boolean defersObjects;
        /** What Restores of this cluster report about the point. */
        RestoreStatus.History history;

        /** Problems of BackupLocations in this cluster, by name. */
        final Map<String, String> locationProblems = new ConcurrentHashMap<>();

        volatile Runnable opened = () -> {};
        /** Whether this cluster has recorded the sites of the rendezvous. */
        boolean recorded = true;
        /** Runs before each heartbeat of this site. */
        volatile Runnable beats = () -> {};
        /** Grace periods with which an open gate was closed; empty for the pods' own. */
        final List<Optional<Duration>> graces = new CopyOnWriteArrayList<>();

        /** What Prometheus scrapes from the present process. */
        PrometheusMeterRegistry metrics;

        NamespaceGate gate;
        PlanRoles roles;
        StartupGate startupGate;
        LeaseKeepers keepers;
        private FailoverPlanReconciler reconciler;
        private FailoverRequestReconciler requests;
        private Runnable touched = () -> {};

        Cluster(String site, String uid) {
            this.site = site;
            this.store = new FaultyStore(new TestSite(site, uid).view(TestStores.filesystem(directory), Map.of()));
            client().resource(new NamespaceBuilder()
                            .withNewMetadata()
                            .withName(NS)
                            .endMetadata()
                            .build())
                    .create();
            client().resource(manifest("east")).create();
            store.touched = () -> touched.run();
            startProcess();
        }

        KubernetesClient client() {
            return api.client();
        }

        /** Starts a new process, without memory. */
        void startProcess() {
            if (keepers != null) {
                keepers.stopAll();
            }
            metrics = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
            BreakwaterConfig config = TestConfig.of(Map.of("breakwater.site", site));
            Clock clock = Clock.systemUTC();
            StatusWriter writer = new TestWriter(client(), () -> touched.run());
            Events events = TestEvents.of(client(), clock);
            gate = new NamespaceGate(client(), config) {
                @Override
                public void close(String namespace, String holder, Duration grace) {
                    if (!closedBy(namespace, holder)) {
                        graces.add(Optional.ofNullable(grace));
                    }
                    super.close(namespace, holder, grace);
                }
            };
            keepers = new LeaseKeepers(clock);
            roles = new PlanRoles(TestObjects.of(client()), new SharedInformers(client()), config, clock);
            LeaseMemories memories = new LeaseMemories(() -> System.nanoTime() + ahead.get());
            PlanSites sites = new PlanSites(config, null, null, null) {
                @Override
                PlanSite open(FailoverPlan plan) {
                    memories.acceptFor(plan);
                    return PlanSite.of(plan, site, rendezvous(plan));
                }

                @Override
                Optional<String> problemOf(FailoverPlan plan, NamedRef ref) {
                    return Optional.ofNullable(locationProblems.get(ref.name));
                }

                @Override
                boolean mayBeat(FailoverPlan plan) {
                    return recorded;
                }

                @Override
                LeaseStore rendezvous(FailoverPlan plan) {
                    opened.run();
                    return new LeaseStore(
                            store, new DirectCalls(), NS, plan.getMetadata().getName(), memories.of(plan)) {
                        @Override
                        public void heartbeat(String by) {
                            beats.run();
                            super.heartbeat(by);
                        }
                    };
                }
            };
            LeaseSupervisor supervisor = new LeaseSupervisor(client(), sites, gate, keepers, events, clock);
            RequestAges ages = new RequestAges(clock);
            requests = new FailoverRequestReconciler(
                    TestObjects.of(client()), supervisor, writer, events, config, ages, clock);
            startupGate = new StartupGate(client(), supervisor, config);
            reconciler = new FailoverPlanReconciler(
                    client(),
                    sites,
                    gate,
                    keepers,
                    supervisor,
                    writer,
                    events,
                    new Meters(metrics, clock),
                    TestIndex.empty(client()),
                    TestObjects.of(client()),
                    ages,
                    clock);
        }

        void kill() {
            keepers.stopAll();
            down = true;
        }

        /** Kills the operator at its n-th access to the store or to a status from now. */
        void killAt(int n) {
            int[] left = {n};
            Thread reconciling = Thread.currentThread();
            touched = () -> {
                if (Thread.currentThread() == reconciling && --left[0] == 0) {
                    throw new Killed();
                }
            };
        }

        /** Starts the deletion of the namespace, which its finalizer delays. */
        void deleteNamespace() {
            client().namespaces()
                    .withName(NS)
                    .edit(namespace -> new NamespaceBuilder(namespace)
                            .editMetadata()
                            .addToFinalizers("example.com/content")
                            .endMetadata()
                            .build());
            client().namespaces().withName(NS).delete();
        }

        /** Ends the deletion of the namespace, and creates it and the plan again as Git has them. */
        void recreateNamespace() {
            client().namespaces()
                    .withName(NS)
                    .edit(namespace -> new NamespaceBuilder(namespace)
                            .editMetadata()
                            .withFinalizers(List.of())
                            .endMetadata()
                            .build());
            client().resource(new NamespaceBuilder()
                            .withNewMetadata()
                            .withName(NS)
                            .endMetadata()
                            .build())
                    .create();
            forget();
            startProcess();
        }

        /** Deletes the plan as a user does; returns whether it is gone. */
        boolean remove() {
            return reconciler.cleanup(plan(), null).isRemoveFinalizer();
        }

        FailoverPlan plan() {
            return client().resources(FailoverPlan.class)
                    .inNamespace(NS)
                    .withName("shop")
                    .get();
        }

        FailoverPlanStatus status() {
            FailoverPlanStatus s = plan().getStatus();
            return s == null ? new FailoverPlanStatus() : s;
        }

        void reconcile() {
            try {
                reconciler.reconcilePlan(plan());
            } catch (Killed e) {
                touched = () -> {};
                startProcess();
            }
        }

        /** Creates a FailoverRequest as a user does. */
        void request(String name, Consumer<FailoverRequestSpec> change) {
            FailoverRequest request = new FailoverRequest();
            request.setMetadata(new ObjectMetaBuilder()
                    .withName(name)
                    .withNamespace(NS)
                    .withUid(UUID.randomUUID().toString())
                    .withCreationTimestamp(Instant.now().toString())
                    .build());
            request.setSpec(new FailoverRequestSpec());
            request.getSpec().planRef = new NamedRef("shop");
            request.getSpec().site = site;
            change.accept(request.getSpec());
            client().resource(request).create();
        }

        FailoverRequest request(String name) {
            return client().resources(FailoverRequest.class)
                    .inNamespace(NS)
                    .withName(name)
                    .get();
        }

        void reconcileRequests() {
            client().resources(FailoverRequest.class)
                    .inNamespace(NS)
                    .list()
                    .getItems()
                    .forEach(requests::advance);
        }

        /** Reconciles the plan as a cache has it that is behind. */
        void reconcile(FailoverPlan earlier) {
            reconciler.reconcilePlan(earlier);
        }

        /** Makes the last renewal that the status shows older. */
        void ageStatus(Duration time) {
            FailoverPlan plan = plan();
            plan.getStatus().leaseRenewedAt = Instant.now().minus(time).toString();
            client().resource(plan).update();
        }

        /** Moves the deadline of the run into the past. */
        void passDeadline() {
            FailoverPlan plan = plan();
            assertThat(plan.getStatus().run.deadline)
                    .as("deadline of the run of " + site)
                    .isNotNull();
            plan.getStatus().run.deadline = Instant.now().minusSeconds(1).toString();
            client().resource(plan).update();
        }

        /** Has the status of another cluster, as after a restore of its etcd. */
        void remember(Cluster other) {
            FailoverPlan plan = plan();
            plan.setStatus(other.status());
            client().resource(plan).update();
        }

        /** Sets an annotation of the plan as a user does. */
        void annotate(String key, String value) {
            FailoverPlan plan = plan();
            plan.getMetadata().setAnnotations(Map.of(key, value));
            client().resource(plan).update();
        }

        /** Rebuilds the cluster: the plan comes from Git, without a status. */
        void forget() {
            FailoverPlan plan = plan();
            plan.setStatus(null);
            client().resource(plan).update();
        }

        /** Applies the manifest from Git, with east as the active site. It changes the generation only if the spec differs. */
        void applyManifest() {
            FailoverPlan plan = plan();
            FailoverPlanSpec spec = manifest("east").getSpec();
            spec.lease.onLoss = inGit;
            if (!Serialization.asJson(plan.getSpec()).equals(Serialization.asJson(spec))) {
                plan.setSpec(spec);
                plan.getMetadata().setGeneration(plan.getMetadata().getGeneration() + 1);
                client().resource(plan).update();
            }
        }

        /** Changes the spec as a user does. */
        void edit(Consumer<FailoverPlanSpec> change) {
            FailoverPlan plan = plan();
            change.accept(plan.getSpec());
            Long generation = plan.getMetadata().getGeneration();
            plan.getMetadata().setGeneration(generation == null ? 2 : generation + 1);
            client().resource(plan).update();
        }

        boolean runs() {
            return !client().pods().inNamespace(NS).list().getItems().isEmpty();
        }

        boolean gated() {
            return gate.closedBy(NS, "failoverplan/shop");
        }

        void startPod() {
            client().resource(new PodBuilder()
                            .withNewMetadata()
                            .withName("web")
                            .withNamespace(NS)
                            .endMetadata()
                            .withNewSpec()
                            .endSpec()
                            .withNewStatus()
                            .withPhase("Running")
                            .endStatus()
                            .build())
                    .create();
        }

        /** Adds a pod on a node, whose container started at a moment. */
        void startPod(String name, Instant started) {
            client().resource(new PodBuilder()
                            .withNewMetadata()
                            .withName(name)
                            .withNamespace(NS)
                            .endMetadata()
                            .withNewSpec()
                            .withNodeName("n2")
                            .endSpec()
                            .withNewStatus()
                            .withPhase("Running")
                            .addNewContainerStatus()
                            .withNewState()
                            .withNewRunning()
                            .withStartedAt(started.toString())
                            .endRunning()
                            .endState()
                            .endContainerStatus()
                            .endStatus()
                            .build())
                    .create();
        }

        /** The node of {@link #startPod(String, Instant)} renews its Lease once. */
        void beatNode() {
            client().resource(new LeaseBuilder()
                            .withNewMetadata()
                            .withName("n2")
                            .withNamespace("kube-node-lease")
                            .endMetadata()
                            .withNewSpec()
                            .withRenewTime(ZonedDateTime.now(ZoneOffset.UTC))
                            .endSpec()
                            .build())
                    .createOr(NonDeletingOperation::update);
        }

        /** Adds a pod that ran to its end. */
        void finishPod(String name) {
            client().resource(new PodBuilder()
                            .withNewMetadata()
                            .withName(name)
                            .withNamespace(NS)
                            .endMetadata()
                            .withNewSpec()
                            .withNodeName("n1")
                            .endSpec()
                            .withNewStatus()
                            .withPhase("Succeeded")
                            .endStatus()
                            .build())
                    .create();
        }

        /** Adds a pod whose node does not answer. */
        void loseNode() {
            client().resource(new NodeBuilder()
                            .withNewMetadata()
                            .withName("n1")
                            .endMetadata()
                            .withNewStatus()
                            .addNewCondition()
                            .withType("Ready")
                            .withStatus("Unknown")
                            .endCondition()
                            .endStatus()
                            .build())
                    .create();
            client().resource(new PodBuilder()
                            .withNewMetadata()
                            .withName("stuck")
                            .withNamespace(NS)
                            .endMetadata()
                            .withNewSpec()
                            .withNodeName("n1")
                            .endSpec()
                            .build())
                    .create();
        }

        List<RestorePoint> points() {
            return client().resources(RestorePoint.class).inNamespace(NS).list().getItems();
        }

        List<String> pointNames() {
            return points().stream().map(point -> point.getMetadata().getName()).toList();
        }

        List<Restore> restores() {
            return client().resources(Restore.class).inNamespace(NS).list().getItems();
        }

        Lease lease() {
            return new LeaseStore(
                            TestStores.filesystem(directory),
                            new DirectCalls(),
                            NS,
                            "shop",
                            new LeaseMemory(LeaseCounter.NONE))
                    .read()
                    .orElseThrow()
                    .lease();
        }
    }

    /** Runs both operators and the simulated controllers until a condition holds. */
    void until(String what, BooleanSupplier reached) {
        Instant deadline = Instant.now().plusSeconds(180);
        while (!reached.getAsBoolean()) {
            if (Instant.now().isAfter(deadline)) {
                throw new AssertionError(what + " did not happen; east " + show(east) + ", west " + show(west));
            }
            for (Cluster c : all()) {
                if (!c.down) {
                    c.loops.run();
                    c.reconcile();
                    c.reconcileRequests();
                    SimulatedControllers.run(c, peer(c));
                }
            }
        }
    }

    /** Another cluster that has the name of site east. */
    Cluster secondEast(String uid) {
        Cluster second = new Cluster("east", uid);
        others.add(second);
        return second;
    }

    void untilActive(Cluster c) {
        until(c.site + " is active", () -> c.status().role == FailoverPlanStatus.Role.Active && !c.gated());
    }

    void untilPassive(Cluster c) {
        until(c.site + " is passive", () -> c.status().role == FailoverPlanStatus.Role.Passive && c.gated());
    }

    /** Waits until east is active with a running pod, and west is on standby. */
    TwoSites settled() {
        east.startPod();
        untilActive(east);
        untilPassive(west);
        return this;
    }

    /** Makes all objects in the store older, as if no site had written for this time, which both sites have watched. */
    void silence(Duration time) {
        all().stream().filter(c -> !c.down).forEach(Cluster::reconcile);
        ahead.addAndGet(time.toNanos());
        jumpClock(time);
    }

    /** The clock of the store jumps ahead: all objects seem older. */
    void jumpClock(Duration time) {
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path f : files.filter(Files::isRegularFile).toList()) {
                FileTime t = Files.getLastModifiedTime(f);
                Files.setLastModifiedTime(f, FileTime.from(t.toInstant().minus(time)));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Removes the lease from the store. */
    void loseLease() {
        TestStores.filesystem(directory).delete(LEASE);
    }

    /** Writes a lease as someone does who has the credentials of the store, but no master key. */
    void forgeLease(Lease lease) {
        try {
            byte[] json = JsonMapper.builder()
                    .addModule(new JavaTimeModule())
                    .disable(SerializationFeature.WRITE_DATES_AS_TIMESTAMPS)
                    .build()
                    .writeValueAsBytes(lease);
            TestStores.filesystem(directory).write(LEASE, json, ObjectStore.Precondition.NONE);
        } catch (JsonProcessingException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Writes a lease as someone does who has the master key, in place of the present one. */
    void replaceLease(Lease lease) {
        LeaseStore store = new LeaseStore(
                TestStores.filesystem(directory), new DirectCalls(), NS, "shop", new LeaseMemory(LeaseCounter.NONE));
        store.write(lease, store.read());
    }

    /** The bytes of the lease in the store. */
    byte[] storedLease() {
        return TestStores.filesystem(directory).read(LEASE).orElseThrow().content();
    }

    /** Puts an earlier version of the lease back. */
    void replayLease(byte[] stored) {
        TestStores.filesystem(directory).write(LEASE, stored, ObjectStore.Precondition.NONE);
    }

    /** Creates a point like a scheduled one of the policy, captured this time ago. */
    void scheduledPoint(Cluster c, String name, Duration ago) {
        SimulatedControllers.scheduledPoint(c, peer(c), name, Instant.now().minus(ago));
    }

    private Cluster peer(Cluster c) {
        return c.site.equals("east") ? west : east;
    }

    private List<Cluster> all() {
        return Stream.concat(Stream.of(east, west), others.stream()).toList();
    }

    List<String> journal() {
        try (Stream<Path> files = Files.walk(directory)) {
            return files.filter(Files::isRegularFile)
                    .filter(f -> f.toString().contains("/journal/"))
                    .map(f -> f.getParent().getFileName() + "/" + f.getFileName())
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static FailoverPlan manifest(String active) {
        FailoverPlan plan = new FailoverPlan();
        plan.setMetadata(new ObjectMetaBuilder()
                .withName("shop")
                .withNamespace(NS)
                .withGeneration(1L)
                .build());
        plan.setSpec(new FailoverPlanSpec());
        plan.getSpec().sites = List.of(part("east"), part("west"));
        plan.getSpec().activeSite = active;
        plan.getSpec().rendezvousRef = new NamedRef("north");
        plan.getSpec().policyRef = new NamedRef("shop");
        plan.getSpec().maxDataLoss = "0s";
        plan.getSpec().lease = new FailoverPlanSpec.Lease();
        plan.getSpec().lease.duration = "30s";
        plan.getSpec().lease.onLoss = FailoverPlanSpec.OnLoss.Gate;
        return plan;
    }

    private static FailoverPlanSpec.Site part(String name) {
        FailoverPlanSpec.Site s = new FailoverPlanSpec.Site();
        s.name = name;
        s.locationRef = new NamedRef("near-" + name);
        return s;
    }

    private static String show(Cluster c) {
        FailoverPlanStatus s = c.status();
        return s.role + " " + s.condition(Condition.READY).map(x -> x.message).orElse("");
    }

    /** Writes statuses without server-side apply, which the API server in memory does not support. */
    private static final class TestWriter extends StatusWriter {
        private final KubernetesClient client;
        private final Runnable touched;

        TestWriter(KubernetesClient client, Runnable touched) {
            super(client);
            this.client = client;
            this.touched = touched;
        }

        @Override
        @SuppressWarnings("unchecked")
        public <S, T extends CustomResource<?, S>> boolean update(T resource, Class<S> type, Consumer<S> change) {
            touched.run();
            S status = resource.getStatus();
            change.accept(status);
            T fresh = (T) client.resource(resource).get();
            fresh.setStatus(status);
            client.resource(fresh).update();
            touched.run();
            return true;
        }
    }

    @Override
    public void close() {
        all().forEach(Cluster::kill);
        all().forEach(c -> c.api.close());
    }
}
