package io.breakwater.election;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.breakwater.admission.InMemoryApiServer;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.config.TestConfig;
import io.breakwater.observe.Meters;
import io.breakwater.testing.AlertProof;
import io.breakwater.testing.ProvesAlerts;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.coordination.v1.Lease;
import io.fabric8.kubernetes.client.KubernetesClientException;
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
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

@SuppressWarnings("deprecation") // Quarkus has this registry, and no newer one
class LeaderElectionTest {
    private static final String NS = "breakwater-system";
    private static final Instant NOW = Instant.parse("2026-11-30T12:00:00Z");

    private final InMemoryApiServer api = new InMemoryApiServer();
    private final AtomicLong nanos = new AtomicLong(1);
    private final LeaderLease one = lease("one", Duration.ZERO);
    private final LeaderLease two = lease("two", Duration.ZERO);

    @BeforeEach
    void startPods() {
        startPod("one");
        startPod("two");
    }

    @AfterEach
    void stop() {
        api.close();
    }

    @Test
    void choosesOneOfTwo() {
        assertThat(one.attempt()).contains("one");
        assertThat(two.attempt()).contains("one");
        assertThat(one.attempt()).contains("one");
        assertThat(stored().getSpec().getLeaseTransitions()).isEqualTo(1);
    }

    @Test
    void replacesALeaderThatDoesNotRenewForTheDuration() {
        one.attempt();
        two.attempt();

        pass(LeaderLease.DURATION);
        assertThat(two.attempt()).contains("one");
        pass(Duration.ofMillis(1));
        assertThat(two.attempt()).contains("two");

        assertThat(stored().getSpec().getLeaseTransitions()).isEqualTo(2);
        assertThat(one.attempt()).contains("two");
    }

    @Test
    void countsTheDurationFromTheLastRenewalThatItSaw() {
        one.attempt();
        two.attempt();
        pass(LeaderLease.DURATION);
        lease("one", Duration.ofSeconds(10)).attempt();
        pass(Duration.ofSeconds(1));

        assertThat(two.attempt()).contains("one");
        pass(LeaderLease.DURATION);
        assertThat(two.attempt()).contains("one");
    }

    @Test
    void believesNoClockOfAnotherNode() {
        LeaderLease behind = lease("one", Duration.ofDays(-1));
        behind.attempt();

        assertThat(two.attempt()).contains("one");
        assertThat(two.attempt()).contains("one");

        LeaderLease ahead = lease("one", Duration.ofDays(1));
        ahead.attempt();
        two.attempt();
        pass(LeaderLease.DURATION.plusMillis(1));
        assertThat(two.attempt()).contains("two");
    }

    @Test
    void believesNoDurationWithoutABound() {
        one.attempt();
        Lease lease = stored();
        lease.getSpec().setLeaseDurationSeconds(Integer.MAX_VALUE);
        api.client().resource(lease).update();
        two.attempt();

        pass(Duration.ofMinutes(1).plusMillis(1));

        assertThat(two.attempt()).contains("two");
    }

    @Test
    void waitsForALeaderThatWroteNoTime() {
        one.attempt();
        Lease lease = stored();
        lease.getSpec().setRenewTime(null);
        api.client().resource(lease).update();
        two.attempt();
        assertThat(two.attempt()).contains("one");

        pass(LeaderLease.DURATION.plusMillis(1));

        assertThat(two.attempt()).contains("two");
    }

    /** The chart creates the Lease. */
    @Test
    void takesALeaseThatHasNeverBeenWritten() {
        Lease empty = new Lease();
        empty.setMetadata(new ObjectMetaBuilder()
                .withName("breakwater-guard")
                .withNamespace(NS)
                .build());
        api.client().resource(empty).create();

        assertThat(one.attempt()).contains("one");
        assertThat(two.attempt()).contains("one");
    }

    @Test
    void replacesALeaderWhosePodIsGone() {
        one.attempt();
        two.attempt();
        api.client().pods().inNamespace(NS).withName("one").delete();

        assertThat(two.attempt()).contains("two");
    }

    @Test
    void takesALeaseThatWasGivenBack() {
        one.attempt();
        two.attempt();
        two.release();
        assertThat(two.attempt()).contains("one");

        one.release();

        assertThat(two.attempt()).contains("two");
    }

    @Test
    void leadsAgainAtOnceInTheSamePod() {
        one.attempt();

        assertThat(lease("one", Duration.ZERO).attempt()).contains("one");
        assertThat(stored().getSpec().getLeaseTransitions()).isEqualTo(1);
    }

    @Test
    void beginsOnce() throws InterruptedException {
        LeaderElection election = new LeaderElection(one, "one");
        List<String> calls = new ArrayList<>();
        CountDownLatch begun = new CountDownLatch(1);
        LeaderElection.Duties duties = duties(calls, begun);

        assertThat(election.round(duties)).isTrue();
        assertThat(election.round(duties)).isTrue();
        begun.await();

        assertThat(election.leads()).isTrue();
        assertThat(calls).containsExactly("begin");
    }

    @Test
    void endsWhenAnotherPodLeadsInItsPlace() throws InterruptedException {
        LeaderElection election = new LeaderElection(one, "one");
        List<String> calls = new ArrayList<>();
        CountDownLatch begun = new CountDownLatch(1);
        LeaderElection.Duties duties = duties(calls, begun);
        election.round(duties);
        begun.await();
        two.attempt();
        pass(LeaderLease.DURATION.plusMillis(1));
        two.attempt();

        assertThat(election.round(duties)).isFalse();
        assertThat(calls).containsExactly("begin", "end");
    }

    @Test
    void leadsOnWithoutTheApiServer() throws InterruptedException {
        LeaderElection election = new LeaderElection(one, "one");
        List<String> calls = new ArrayList<>();
        CountDownLatch begun = new CountDownLatch(1);
        LeaderElection.Duties duties = duties(calls, begun);
        election.round(duties);
        begun.await();
        api.refuse("GET", "/leases/", 500, "etcd has no leader");
        pass(Duration.ofHours(1));

        assertThatThrownBy(() -> election.round(duties)).isInstanceOf(KubernetesClientException.class);

        assertThat(election.leads()).isTrue();
        assertThat(calls).containsExactly("begin");
    }

    @Test
    void beginsAtOnceWithoutCompetitors() {
        LeaderElection election = new LeaderElection(null, "alone");
        List<String> calls = new ArrayList<>();

        election.start(() -> calls.add("begin"));
        election.stop();

        assertThat(election.leads()).isTrue();
        assertThat(calls).containsExactly("begin");
    }

    @Test
    @ProvesAlerts("BreakwaterGuardsWait")
    void reportsThatNoneLeads() {
        two.attempt();
        PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
        BreakwaterConfig config = TestConfig.of(
                Map.of("breakwater.role", "guard", "breakwater.namespace", NS, "breakwater.election.identity", "one"));
        Clock clock = Clock.fixed(NOW, ZoneOffset.UTC);
        LeaderElection election = new LeaderElection(api.client(), config, new Meters(registry, clock), clock);
        election.round(duties(new ArrayList<>(), new CountDownLatch(1)));
        String waits = registry.scrape();
        two.release();
        election.round(duties(new ArrayList<>(), new CountDownLatch(1)));
        String leads = registry.scrape();

        AlertProof.of("BreakwaterGuardsWait")
                .quiet(waits, leads)
                .firing(waits, waits)
                .over(leads, waits)
                .check();
    }

    private static LeaderElection.Duties duties(List<String> calls, CountDownLatch begun) {
        return new LeaderElection.Duties() {
            @Override
            public void begin() {
                calls.add("begin");
                begun.countDown();
            }

            @Override
            public void end() {
                calls.add("end");
            }
        };
    }

    private LeaderLease lease(String pod, Duration ahead) {
        Clock clock = Clock.offset(Clock.fixed(NOW, ZoneOffset.UTC), ahead);
        return new LeaderLease(api.client(), NS, "breakwater-guard", pod, clock, nanos::get);
    }

    private void pass(Duration time) {
        nanos.addAndGet(time.toNanos());
    }

    private void startPod(String name) {
        api.client()
                .resource(new PodBuilder()
                        .withNewMetadata()
                        .withName(name)
                        .withNamespace(NS)
                        .endMetadata()
                        .build())
                .create();
    }

    private Lease stored() {
        return Optional.ofNullable(api.client()
                        .leases()
                        .inNamespace(NS)
                        .withName("breakwater-guard")
                        .get())
                .orElseThrow();
    }
}
