package io.breakwater.failover;

import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.api.FailoverPlan;
import io.breakwater.api.FailoverPlanSpec;
import io.breakwater.api.NamedRef;
import io.breakwater.lease.LeaseTiming;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class SharedBeatsTest {
    private long nanos = 1;
    private final SharedBeats beats = new SharedBeats(() -> nanos);

    @Test
    void writesOneHeartbeatForAllPlansOfARendezvous() {
        assertThat(beats.isDue(plan("one", "near"))).isTrue();
        beats.wrote(plan("one", "near"));

        assertThat(beats.isDue(plan("two", "near"))).isFalse();
        assertThat(beats.isDue(plan("two", "far"))).as("another rendezvous").isTrue();
        nanos += Duration.ofSeconds(3).toNanos();
        assertThat(beats.isDue(plan("two", "near"))).isFalse();
        nanos += Duration.ofSeconds(1).toNanos();
        assertThat(beats.isDue(plan("two", "near"))).isTrue();
    }

    private static PlanSite plan(String name, String rendezvous) {
        FailoverPlan plan = new FailoverPlan();
        plan.getMetadata().setNamespace("shop");
        plan.getMetadata().setName(name);
        plan.setSpec(new FailoverPlanSpec());
        plan.getSpec().rendezvousRef = new NamedRef(rendezvous);
        return new PlanSite(
                plan, "east", "west", "near", "far", LeaseTiming.of(Duration.ofSeconds(60)), null, new Intent.None());
    }
}
