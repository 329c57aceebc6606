package io.breakwater.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.breakwater.api.Api;
import io.breakwater.api.BackupPolicy;
import io.breakwater.api.FailoverPlan;
import io.breakwater.api.FailoverPlanStatus.Role;
import io.breakwater.api.RestorePoint;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Secret;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.extension.ExtendWith;

/** The procedures of docs/uninstall.md on a passive site: the chart is removed by force, and then the rest as documented. */
@ExtendWith(RigExtension.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class LeavingIT {
    private static final String NAMESPACE = "leaving";
    private static final String PLAN = "leaving";
    private static final String POINT = "kept";
    private static final String FILES = "/leaving";
    private static final String CHECK = "breakwater-uninstall-check";
    private static final Duration SOON = Duration.ofMinutes(1);

    private final Rig rig;
    private final Site east;
    private final Site west;

    LeavingIT(Rig rig) {
        this.rig = rig;
        this.east = rig.east();
        this.west = rig.west();
    }

    @BeforeAll
    void protect() throws IOException {
        BackupPolicy policy = Examples.policy(NAMESPACE, "shop", "blob-east");
        FailoverPlan plan = Examples.read("failoverplan.yaml", FailoverPlan.class);
        plan.getMetadata().setNamespace(NAMESPACE);
        plan.getMetadata().setName(PLAN);
        removeGatedNamespacesOfOtherTests();
        for (Site site : rig.sites()) {
            site.cluster().createNamespace(NAMESPACE);
            site.client().resource(policy).serverSideApply();
            site.client().resource(plan).serverSideApply();
        }
        east.awaitRole(NAMESPACE, PLAN, Role.Active, SOON);
        west.awaitRole(NAMESPACE, PLAN, Role.Passive, SOON);
        west.cluster().apply(NAMESPACE, pod("passive"));
        assertThat(phase("passive")).isEqualTo("Pending");
        // A point that fails has the finalizer too.
        west.createPoint(NAMESPACE, POINT, "absent");
        rig.progress()
                .await(
                        "point " + POINT + " has a finalizer",
                        SOON,
                        () -> west.describe(RestorePoint.class, NAMESPACE, POINT),
                        () -> west.get(RestorePoint.class, NAMESPACE, POINT)
                                .map(p -> p.getMetadata().getFinalizers().contains(Api.FINALIZER)));
        west.cluster().write(FILES, "uninstall", Files.readString(Path.of("deploy/uninstall")));
    }

    /** The other tests have finished. The command would ask for the confirmation of what they left. */
    private void removeGatedNamespacesOfOtherTests() {
        west.client().namespaces().withLabel(Api.STANDBY, "true").list().getItems().stream()
                .map(n -> n.getMetadata().getName())
                .filter(name -> !name.equals(NAMESPACE))
                .forEach(name -> west.cluster().deleteNamespace(name, rig.progress()));
    }

    @AfterAll
    void installAgain() {
        rig.sites()
                .forEach(site -> site.client().namespaces().withName(NAMESPACE).delete());
        rig.install(west.cluster());
        west.awaitLocation(Rig.SYSTEM, "blob-west");
    }

    @Test
    @Order(1)
    void theHookRefusesAndNamesWhatIsAffected() {
        west.cluster().kubectlWith(hook(), "apply", "-f", "-");
        west.cluster().kubectl("wait", "job/" + CHECK, "-n", Rig.SYSTEM, "--for=condition=Failed", "--timeout=120s");

        String log = west.cluster().kubectl("logs", "job/" + CHECK, "-n", Rig.SYSTEM);
        assertThat(log)
                .contains("namespace " + NAMESPACE + " is gated by failoverplan/" + PLAN)
                .contains("RestorePoint/" + POINT)
                .contains("--confirm " + west.cluster().uid());
        assertThat(log).contains("To remove all of it");
        assertThat(west.guardPod()).as("nothing was removed").isNotBlank();
        west.cluster().kubectl("delete", "job", CHECK, "-n", Rig.SYSTEM);
    }

    /**
     * The manifest of the hook in the release, as Helm runs it before it deletes anything. The Helm library cannot run it: it gives
     * a hook no time.
     */
    private String hook() {
        Secret release =
                west.client().secrets().inNamespace(Rig.SYSTEM).withLabel("owner", "helm").list().getItems().stream()
                        .filter(s ->
                                "deployed".equals(s.getMetadata().getLabels().get("status")))
                        .findFirst()
                        .orElseThrow();
        byte[] packed = Base64.getDecoder()
                .decode(new String(
                        Base64.getDecoder().decode(release.getData().get("release")), StandardCharsets.US_ASCII));
        try (InputStream json = new GZIPInputStream(new ByteArrayInputStream(packed))) {
            List<JsonNode> hooks = new ArrayList<>();
            new ObjectMapper().readTree(json).path("hooks").forEach(hooks::add);
            assertThat(hooks)
                    .singleElement()
                    .satisfies(h -> assertThat(h.path("events").get(0).asText()).isEqualTo("pre-delete"));
            return hooks.getFirst().path("manifest").asText();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    @Order(2)
    void aRemovalByForceOpensNoGateAndAffectsNoOtherNamespace() {
        rig.uninstall(west.cluster());

        rig.progress()
                .await(
                        "the pods of Breakwater are gone",
                        SOON,
                        () -> "some run",
                        () -> Optional.of(west.client()
                                .pods()
                                .inNamespace(Rig.SYSTEM)
                                .withLabel("app.kubernetes.io/name", "breakwater")
                                .list()
                                .getItems()
                                .isEmpty()));
        assertThatThrownBy(() -> west.cluster().apply(NAMESPACE, pod("second")))
                .hasMessageContaining("hold-back.breakwater.io");
        assertThatThrownBy(() -> west.cluster().kubectl("label", "namespace", NAMESPACE, Api.STANDBY + "-"))
                .hasMessageContaining("namespaces.breakwater.io");
        west.cluster().kubectl("label", "namespace", NAMESPACE, "team=a");
        west.cluster().apply("default", pod("elsewhere"));
        west.cluster().kubectl("delete", "pod", "elsewhere", "-n", "default", "--grace-period=1");
        assertThat(phase("passive")).isEqualTo("Pending");
    }

    @Test
    @Order(3)
    void theCommandRefusesWithoutTheNamespaceAndRemovesTheRestWithIt() {
        String refused = uninstall("--confirm", west.cluster().uid());
        assertThat(refused).contains("the pods of namespaces " + NAMESPACE).contains("nothing was changed");
        assertThat(phase("passive")).isEqualTo("Pending");

        String done = uninstall("--confirm", west.cluster().uid(), "--start-pods", NAMESPACE);

        assertThat(done).contains("done; remove the chart now");
        west.cluster().kubectl("wait", "pod/passive", "-n", NAMESPACE, "--for=condition=Ready", "--timeout=120s");
        for (String kind : List.of("mutatingwebhookconfigurations", "validatingwebhookconfigurations")) {
            assertThat(west.cluster().kubectl("get", kind, "-o", "name")).doesNotContain("/breakwater");
        }
        assertThat(west.cluster().kubectl("get", "clusterroles", "-o", "name")).doesNotContain("breakwater-uninstall");
        west.cluster().deleteNamespace(NAMESPACE, rig.progress());
    }

    /** What the script prints; its exit code may show a refusal. */
    private String uninstall(String... arguments) {
        return west.cluster()
                .shell(
                        FILES,
                        "sh uninstall --image " + Rig.environment("BREAKWATER_IMAGE") + " "
                                + String.join(" ", arguments) + " 2>&1 || true");
    }

    private String phase(String pod) {
        Pod found = west.client().pods().inNamespace(NAMESPACE).withName(pod).get();
        return found.getStatus().getPhase();
    }

    private static String pod(String name) {
        return """
            apiVersion: v1
            kind: Pod
            metadata: {name: NAME}
            spec:
              terminationGracePeriodSeconds: 1
              containers:
              - name: main
                image: IMAGE
                imagePullPolicy: IfNotPresent
                command: [sleep, "3600"]
            """.replace("NAME", name).replace("IMAGE", Rig.environment("BREAKWATER_SHOP_IMAGE"));
    }
}
