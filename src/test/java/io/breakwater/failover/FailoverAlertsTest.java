package io.breakwater.failover;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.breakwater.api.Condition;
import io.breakwater.api.FailoverPlanSpec.OnLoss;
import io.breakwater.observe.LabelValues;
import io.breakwater.observe.MeterName;
import io.breakwater.testing.AlertProof;
import io.breakwater.testing.ProvesAlerts;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The alerts on plans, from what the real controllers of two sites export. */
class FailoverAlertsTest {
    private static final Duration FIVE_MINUTES = Duration.ofMinutes(5);

    @TempDir
    Path directory;

    private TwoSites sites;

    @BeforeEach
    void start() {
        sites = new TwoSites(directory);
        sites.settled();
    }

    @AfterEach
    void stop() {
        sites.close();
    }

    @Test
    @ProvesAlerts({"BreakwaterLeaseAge", "BreakwaterPlanStalled"})
    void reportsALeaseThatEndedAndAPlanThatWaitsForAUser() {
        AlertProof age = AlertProof.of("BreakwaterLeaseAge").quiet(scrape(sites.west));
        AlertProof stalled = AlertProof.of("BreakwaterPlanStalled").quiet(scrape(sites.west));
        loseEast("50s");
        sites.until("west refuses", () -> sites.west.status().holds(Condition.STALLED));

        age.firing(scrape(sites.west));
        stalled.firing(scrape(sites.west));
        sites.west.startProcess();
        sites.silence(FIVE_MINUTES);
        sites.west.reconcile();
        age.restarted(scrape(sites.west));
        stalled.restarted(scrape(sites.west));
        sites.until("the plan is removed", sites.west::remove);

        age.over(scrape(sites.west)).check();
        stalled.over(scrape(sites.west)).check();
    }

    @Test
    @ProvesAlerts("BreakwaterLeaseAtRisk")
    void reportsALeaseThatCannotBeRenewedWhileTheApplicationRuns() {
        sites.east.edit(spec -> spec.lease.onLoss = OnLoss.KeepServing);
        sites.until("east has recorded the lease", () -> sites.east.status().onLoss == OnLoss.KeepServing);
        AlertProof proof = AlertProof.of("BreakwaterLeaseAtRisk").quiet(scrape(sites.east));
        sites.east.store.away = true;
        await().atMost(Duration.ofMinutes(2))
                .until(() -> sites.east.keepers.risk("shop/shop").isPresent());
        sites.east.reconcile();
        String firing = scrape(sites.east);
        sites.east.store.away = false;
        await().atMost(Duration.ofMinutes(2))
                .until(() -> sites.east.keepers.risk("shop/shop").isEmpty());
        sites.east.reconcile();

        proof.firing(firing).over(scrape(sites.east)).check();
    }

    @Test
    @ProvesAlerts("BreakwaterDivergentData")
    void reportsDivergentData() {
        AlertProof proof = AlertProof.of("BreakwaterDivergentData").quiet(scrape(sites.east));
        loseEast("10m");
        sites.untilActive(sites.west);
        sites.east.down = false;
        sites.east.startProcess();
        sites.untilPassive(sites.east);

        proof.firing(scrape(sites.east)).over(scrape(sites.east)).check();
    }

    @Test
    @ProvesAlerts({"BreakwaterFailoverFailed", "BreakwaterFailoverSlow"})
    void reportsAFailoverThatWaitsAndIsRolledBack() {
        AlertProof failed = AlertProof.of("BreakwaterFailoverFailed").quiet(scrape(sites.west));
        AlertProof slow = AlertProof.of("BreakwaterFailoverSlow").quiet(scrape(sites.west));
        sites.east.copies = false;
        sites.west.edit(s -> s.activeSite = "west");
        sites.until("east waits for the copy", () -> sites.east.pointNames().contains("shop-e1-final"));
        var plan = sites.west.plan();
        plan.getStatus().run.startedAt =
                Instant.now().minus(Duration.ofMinutes(31)).toString();
        sites.west.client().resource(plan).update();
        sites.west.reconcile();
        slow.firing(scrape(sites.west));
        sites.west.startProcess();
        sites.west.reconcile();
        slow.restarted(scrape(sites.west));

        sites.west.edit(s -> s.activeSite = "east");
        sites.untilActive(sites.east);
        String west = scrape(sites.west);
        slow.over(west).check();
        failed.firing(west).over(west).check();
    }

    @Test
    @ProvesAlerts({"BreakwaterStandby", "BreakwaterTwoActiveSites"})
    void reportsRoles() {
        String east = scrape(sites.east);
        AlertProof two = AlertProof.of("BreakwaterTwoActiveSites").quiet(east, scrape(sites.west));
        AlertProof standby = AlertProof.of("BreakwaterStandby").quiet(east).firing(scrape(sites.west));

        sites.west.edit(s -> s.activeSite = "west");
        sites.untilActive(sites.west);

        String west = scrape(sites.west);
        standby.over(west).check();
        two.firing(east, west) // The scrape of east is from before the failover.
                .over(scrape(sites.east), west)
                .check();
    }

    @Test
    void countsTheResultsAndKindsThatAlertsSelect() {
        assertThat(LabelValues.of(MeterName.FAILOVERS, "result").orElseThrow())
                .containsExactlyInAnyOrderElementsOf(
                        Stream.of(FailoverResult.values()).map(Enum::name).toList());
        assertThat(scrape(sites.west)).contains("kind=\"" + FailoverStep.Divergent + "\"");
    }

    private void loseEast(String maxDataLoss) {
        sites.scheduledPoint(sites.east, "p1", FIVE_MINUTES.plusSeconds(60));
        sites.east.kill();
        sites.silence(FIVE_MINUTES);
        sites.west.edit(s -> {
            s.activeSite = "west";
            s.maxDataLoss = maxDataLoss;
        });
    }

    private static String scrape(TwoSites.Cluster site) {
        return site.metrics.scrape();
    }
}
