package io.breakwater.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.breakwater.capture.CaptureScrapes;
import io.breakwater.cleanup.PruneScrapes;
import io.breakwater.failover.FailoverScrapes;
import io.breakwater.gateway.GatewayScrapes;
import io.breakwater.location.LocationScrapes;
import io.breakwater.observe.ProcessScrapes;
import io.breakwater.policy.PolicyScrapes;
import io.breakwater.policy.template.CoverageScrapes;
import io.breakwater.replication.CopyScrapes;
import io.breakwater.restore.RestoreScrapes;
import io.breakwater.steps.BudgetScrapes;
import io.breakwater.testing.DashboardProof;
import io.breakwater.verify.VerifyScrapes;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The dashboard of the fleet, with the scrapes of the real controllers. */
class DashboardTest {
    private static final Path FILE = Path.of("deploy/helm/breakwater/dashboards/fleet.json");

    @TempDir
    Path directory;

    @Test
    void showsOnlyWhatTheProductExports() throws Exception {
        List<String> locations = LocationScrapes.usableAndNot();
        new DashboardProof()
                .during(List.of(
                        PolicyScrapes.late(),
                        CoverageScrapes.counted(),
                        CaptureScrapes.ended(),
                        BudgetScrapes.idle(),
                        PruneScrapes.interrupted(),
                        locations.getFirst(),
                        LocationScrapes.storeCalls(),
                        GatewayScrapes.refused(directory),
                        CopyScrapes.copied()))
                .during(List.of(
                        locations.getLast(),
                        VerifyScrapes.failed(),
                        RestoreScrapes.completed(),
                        FailoverScrapes.afterFailover(directory),
                        ProcessScrapes.ofController(),
                        ProcessScrapes.ofMemory()))
                .during(List.of(FailoverScrapes.stalled(directory)))
                .check();
    }

    @Test
    void definesTheVariablesThatItUses() {
        assertThat(DashboardProof.variables()).containsExactlyInAnyOrderElementsOf(DashboardProof.usedVariables());
    }

    /** Without a value for all, a list of names that is empty selects nothing, and all panels are empty. */
    @Test
    void selectsEverythingByDefault() throws IOException {
        JsonNode variables = new ObjectMapper().readTree(Files.readString(FILE)).at("/templating/list");
        assertThat(variables)
                .filteredOn(v -> v.path("type").asText().equals("query"))
                .hasSize(2)
                .allSatisfy(v -> assertThat(v.path("allValue").asText()).isEqualTo(".*"))
                .allSatisfy(v -> assertThat(v.at("/current/value/0").asText()).isEqualTo("$__all"));
    }

    @Test
    void hasARowForEachPartOfTheFleet() {
        assertThat(DashboardProof.rows())
                .containsExactly(
                        "Objectives",
                        "Captures",
                        "Queues, budgets and waits",
                        "Locations and store calls",
                        "Movers",
                        "Replication",
                        "Verification",
                        "Failover",
                        "Controllers",
                        "Memory");
    }

    /** Grafana refuses a dashboard whose panels share an id, and draws panels over each other that share a place. */
    @Test
    void placesEachPanelOnce() throws IOException {
        JsonNode panels = new ObjectMapper().readTree(Files.readString(FILE)).path("panels");
        assertThat(panels).extracting(p -> p.path("id").asInt()).doesNotHaveDuplicates();
        assertThat(panels)
                .extracting(p ->
                        p.path("gridPos").path("x") + " " + p.path("gridPos").path("y"))
                .doesNotHaveDuplicates();
        assertThat(panels)
                .filteredOn(p -> !p.path("type").asText().equals("row"))
                .allSatisfy(p -> assertThat(p.path("description").asText()).endsWith("."));
    }

    @Test
    void rendersTheConfigMapOnlyOnRequest() throws IOException {
        assertThat(ChartTest.render()).doesNotContainKey("ConfigMap/breakwater-dashboard");
        Map<String, JsonNode> objects = ChartTest.render(
                "metrics.dashboard.enabled=true", "metrics.dashboard.annotations.grafana_folder=Backup");
        JsonNode map = objects.get("ConfigMap/breakwater-dashboard");
        assertThat(map.at("/metadata/labels/grafana_dashboard").asText()).isEqualTo("1");
        assertThat(map.at("/metadata/annotations/grafana_folder").asText()).isEqualTo("Backup");
        assertThat(new ObjectMapper()
                        .readTree(map.at("/data/breakwater-fleet.json").asText()))
                .isEqualTo(new ObjectMapper().readTree(Files.readString(FILE)));
    }

    @Test
    void passesTheSeriesOfPoliciesToEachProcess() throws IOException {
        assertThat(ChartTest.render("metrics.policies=false")
                        .get("Deployment/breakwater-operator")
                        .toString())
                .contains("{\"name\":\"BREAKWATER_METRICS_POLICIES\",\"value\":\"false\"}");
    }
}
