package io.breakwater.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.breakwater.api.Api;
import io.breakwater.api.BackupPolicy;
import io.breakwater.api.FailoverPlan;
import io.breakwater.api.FailoverPlanStatus.Role;
import io.breakwater.api.RestorePoint;
import io.fabric8.kubernetes.api.model.Pod;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
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
        assertThatThrownBy(() -> rig.uninstall(west.cluster(), true))
                .isInstanceOf(HostCommands.Failed.class)
                .hasMessageContaining("breakwater-uninstall-check");

        String log = rig.progress()
                .awaitValue(
                        "the check has printed its report",
                        SOON,
                        () -> "no report yet",
                        () -> Optional.of(west.cluster()
                                        .shell(
                                                "/",
                                                "kubectl logs job/breakwater-uninstall-check -n " + Rig.SYSTEM
                                                        + " 2>&1 || true"))
                                .filter(text -> text.contains("To remove all of it")));
        assertThat(log)
                .contains("namespace " + NAMESPACE + " is gated by failoverplan/" + PLAN)
                .contains("RestorePoint/" + POINT)
                .contains("--confirm " + west.cluster().uid());
        assertThat(west.guardPod()).as("nothing was removed").isNotBlank();
    }

    @Test
    @Order(2)
    void aRemovalByForceOpensNoGateAndAffectsNoOtherNamespace() {
        rig.uninstall(west.cluster(), false);

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
