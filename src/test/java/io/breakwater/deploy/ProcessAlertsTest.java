package io.breakwater.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.breakwater.testing.AlertProof;
import io.breakwater.testing.ProvesAlerts;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * The alerts on processes that Prometheus does not reach, from the targets that it discovers in the rendered chart. A process that
 * does not answer has the value 0; the series of a pod that is gone ends.
 */
class ProcessAlertsTest {
    private List<String> targets;

    @BeforeEach
    void discover() throws IOException {
        Map<String, JsonNode> objects =
                ChartTest.render("metrics.serviceMonitor.enabled=true", "gateway.embedded=false");
        JsonNode service = objects.get("Service/breakwater-metrics");
        String port = service.at("/spec/ports/0/targetPort").asText();
        targets = objects.values().stream()
                .filter(o -> o.path("kind").asText().equals("Deployment"))
                .map(d -> d.at("/spec/template"))
                .filter(pod -> isSelected(pod, service))
                .map(pod -> target(service, container(pod, port)))
                .toList();
        assertThat(targets).hasSize(3);
    }

    @Test
    @ProvesAlerts({"BreakwaterGuardAbsent", "BreakwaterOperatorAbsent"})
    void reportsOneMissingProcess() {
        for (String process : List.of("guard", "operator")) {
            String name = Character.toUpperCase(process.charAt(0)) + process.substring(1);
            AlertProof.of("Breakwater" + name + "Absent")
                    .quiet(up(""))
                    .firing(up("").replace("container=\"" + process + "\"} 1", "container=\"" + process + "\"} 0"))
                    .restarted(up(process))
                    .over(up(""))
                    .check();
        }
    }

    @Test
    @ProvesAlerts("BreakwaterAbsent")
    void reportsThatAllProcessesAreMissing() {
        AlertProof.of("BreakwaterAbsent")
                .quiet(up(""))
                .firing(up("").replace("} 1", "} 0"))
                .restarted("")
                .over(up(""))
                .check();
    }

    /** A pod that is gone is in no discovery, so its series ends. */
    private String up(String without) {
        return targets.stream()
                .filter(t -> without.isEmpty() || !t.contains("container=\"" + without + "\""))
                .collect(Collectors.joining());
    }

    private static boolean isSelected(JsonNode pod, JsonNode service) {
        return service.at("/spec/selector")
                .propertyStream()
                .allMatch(l -> l.getValue().equals(pod.at("/metadata/labels").path(l.getKey())));
    }

    private static String container(JsonNode pod, String port) {
        return pod.at("/spec/containers")
                .valueStream()
                .filter(c -> c.path("ports").findValuesAsText("name").contains(port))
                .map(c -> c.path("name").asText())
                .findFirst()
                .orElseThrow();
    }

    /** The labels that the operator of Prometheus gives to a target. */
    private static String target(JsonNode service, String container) {
        return "up{job=\"" + service.at("/metadata/name").asText() + "\",container=\"" + container + "\"} 1\n";
    }
}
