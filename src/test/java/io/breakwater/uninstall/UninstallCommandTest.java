package io.breakwater.uninstall;

import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.admission.InMemoryApiServer;
import io.breakwater.api.Api;
import io.breakwater.api.BackupPolicy;
import io.breakwater.api.FailoverPlan;
import io.breakwater.api.Restore;
import io.breakwater.api.RestorePoint;
import io.breakwater.api.Verification;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.admissionregistration.v1.MutatingWebhookConfigurationBuilder;
import io.fabric8.kubernetes.api.model.admissionregistration.v1.ValidatingWebhookConfigurationBuilder;
import io.fabric8.kubernetes.api.model.apps.DeploymentBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class UninstallCommandTest {
    private static final String OWN = "breakwater-system";

    private final InMemoryApiServer server = new InMemoryApiServer();
    private final KubernetesClient client = server.client();
    private String printed;
    private String cluster;

    @BeforeEach
    void start() {
        server.add(namespace("kube-system", Map.of()), namespace("blog", Map.of()));
        cluster =
                client.namespaces().withName("kube-system").get().getMetadata().getUid();
        for (String name : List.of("breakwater", "breakwater-gate")) {
            server.add(new MutatingWebhookConfigurationBuilder()
                    .withNewMetadata()
                    .withName(name)
                    .endMetadata()
                    .build());
            server.add(new ValidatingWebhookConfigurationBuilder()
                    .withNewMetadata()
                    .withName(name)
                    .endMetadata()
                    .build());
        }
        for (String process : List.of("operator", "guard")) {
            server.add(new DeploymentBuilder()
                    .withNewMetadata()
                    .withNamespace(OWN)
                    .withName("breakwater-" + process)
                    .endMetadata()
                    .withNewSpec()
                    .withReplicas(1)
                    .endSpec()
                    .build());
        }
    }

    @AfterEach
    void close() {
        server.close();
    }

    @Test
    void reportsNothingForAClusterThatIsNotAffected() {
        assertThat(run()).isZero();
        assertThat(printed).contains("no namespace of this cluster is gated");
    }

    @Test
    void refusesTheRemovalOfTheChartWithTheListOfWhatItAffects() {
        protect();

        assertThat(run()).isEqualTo(3);

        assertThat(printed)
                .contains("namespace shop is gated by failoverplan/shop: 1 pods wait")
                .contains("FailoverPlan shop/shop has a lease")
                .contains("namespace blog cannot be deleted without Breakwater, because of the finalizers of 2 objects:"
                        + " Restore/back, RestorePoint/first")
                .contains("deploy/uninstall --confirm " + cluster + " --start-pods shop");
        assertUnchanged();
    }

    @Test
    void changesNothingWithoutAnExactConfirmation() {
        protect();
        for (List<String> arguments : List.of(
                List.of("--confirm", "another", "--start-pods", "shop"),
                List.of("--confirm", cluster),
                List.of("--confirm", cluster, "--start-pods", "shop", "--start-pods", "blog"),
                List.of("--start-pods", "shop"))) {
            assertThat(run(arguments.toArray(String[]::new)))
                    .as("%s", arguments)
                    .isEqualTo(3);
            assertUnchanged();
        }
        assertThat(run("--confirm")).isEqualTo(2);
        assertThat(run("shop", "blog")).isEqualTo(2);
        assertUnchanged();
    }

    @Test
    void removesFinalizersAndRegistrationsAndStartsThePodsOfTheConfirmedNamespaces() {
        protect();

        assertThat(run("--confirm", cluster, "--start-pods", "shop"))
                .as(printed)
                .isZero();

        assertThat(get(FailoverPlan.class, "shop", "shop")).isNull();
        assertThat(get(RestorePoint.class, "blog", "first").getMetadata().getFinalizers())
                .containsExactly("example.com/other");
        assertThat(get(Restore.class, "blog", "back").getMetadata().getFinalizers())
                .isEmpty();
        assertThat(get(BackupPolicy.class, "blog", "daily")).isNotNull();
        assertThat(registrations()).isZero();
        Namespace shop = client.namespaces().withName("shop").get();
        assertThat(shop.getMetadata().getLabels())
                .doesNotContainKey(Api.STANDBY)
                .containsKey("team");
        assertThat(shop.getMetadata().getAnnotations()).isNullOrEmpty();
        Pod pod = client.pods().inNamespace("shop").withName("web").get();
        assertThat(pod.getSpec().getSchedulingGates()).isNullOrEmpty();
        for (String process : List.of("operator", "guard")) {
            assertThat(replicas(process)).isZero();
        }
        assertThat(run()).as("the hook of the chart agrees now").isZero();
    }

    /** What the operator would restore must not be removed while it runs. */
    @Test
    void opensNoGateWhileAProcessRuns() {
        protect();
        server.add(new PodBuilder()
                .withNewMetadata()
                .withNamespace(OWN)
                .withName("guard-1")
                .withLabels(Map.of("app.kubernetes.io/name", "breakwater", "app.kubernetes.io/component", "guard"))
                .endMetadata()
                .withNewSpec()
                .endSpec()
                .build());

        assertThat(run("--confirm", cluster, "--start-pods", "shop")).isEqualTo(1);

        assertThat(printed).contains("still run; if a GitOps tool manages the Deployments");
        assertGateClosed();
        assertThat(registrations()).isEqualTo(4);
        assertThat(get(RestorePoint.class, "blog", "first").getMetadata().getFinalizers())
                .contains(Api.FINALIZER);
    }

    @Test
    void worksAfterTheChartIsGone() {
        protect();
        client.apps().deployments().inNamespace(OWN).delete();
        client.admissionRegistration()
                .v1()
                .mutatingWebhookConfigurations()
                .withName("breakwater")
                .delete();
        client.admissionRegistration()
                .v1()
                .validatingWebhookConfigurations()
                .withName("breakwater")
                .delete();

        assertThat(run("--confirm", cluster, "--start-pods", "shop")).isZero();

        assertThat(get(FailoverPlan.class, "shop", "shop")).isNull();
        assertThat(registrations()).isZero();
        assertThat(printed).contains("their leases are not retired");
    }

    private void protect() {
        server.add(new NamespaceBuilder(namespace("shop", Map.of(Api.STANDBY, "true", Api.PLAN, "shop", "team", "a")))
                .editMetadata()
                .addToAnnotations(Api.GATED_BY, "failoverplan/shop")
                .endMetadata()
                .build());
        server.add(new PodBuilder()
                .withNewMetadata()
                .withNamespace("shop")
                .withName("web")
                .addToLabels(Api.STANDBY, "true")
                .endMetadata()
                .withNewSpec()
                .addNewSchedulingGate(Api.STANDBY)
                .endSpec()
                .build());
        add(new FailoverPlan(), "shop", "shop", Api.FINALIZER);
        add(new RestorePoint(), "blog", "first", Api.FINALIZER, "example.com/other");
        add(new Restore(), "blog", "back", Api.FINALIZER);
        add(new Verification(), "blog", "proof");
        add(new BackupPolicy(), "blog", "daily");
    }

    private void add(HasMetadata object, String namespace, String name, String... finalizers) {
        object.getMetadata().setNamespace(namespace);
        object.getMetadata().setName(name);
        object.getMetadata().setFinalizers(List.of(finalizers));
        server.add(object);
    }

    private void assertUnchanged() {
        assertGateClosed();
        assertThat(get(FailoverPlan.class, "shop", "shop")).isNotNull();
        assertThat(get(FailoverPlan.class, "shop", "shop").getMetadata().getDeletionTimestamp())
                .isNull();
        assertThat(get(RestorePoint.class, "blog", "first").getMetadata().getFinalizers())
                .hasSize(2);
        assertThat(registrations()).isEqualTo(4);
        assertThat(replicas("operator")).isEqualTo(1);
    }

    private void assertGateClosed() {
        assertThat(client.namespaces().withName("shop").get().getMetadata().getLabels())
                .containsEntry(Api.STANDBY, "true");
        assertThat(client.pods()
                        .inNamespace("shop")
                        .withName("web")
                        .get()
                        .getSpec()
                        .getSchedulingGates())
                .hasSize(1);
    }

    private int registrations() {
        return client.admissionRegistration()
                        .v1()
                        .mutatingWebhookConfigurations()
                        .list()
                        .getItems()
                        .size()
                + client.admissionRegistration()
                        .v1()
                        .validatingWebhookConfigurations()
                        .list()
                        .getItems()
                        .size();
    }

    private int replicas(String process) {
        return client.apps()
                .deployments()
                .inNamespace(OWN)
                .withName("breakwater-" + process)
                .get()
                .getSpec()
                .getReplicas();
    }

    private <T extends HasMetadata> T get(Class<T> kind, String namespace, String name) {
        return client.resources(kind).inNamespace(namespace).withName(name).get();
    }

    private int run(String... arguments) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        int code = UninstallCommand.run(
                List.of(arguments),
                client,
                OWN,
                Duration.ofMillis(50),
                new PrintStream(out, true, StandardCharsets.UTF_8));
        printed = out.toString(StandardCharsets.UTF_8);
        return code;
    }

    private static Namespace namespace(String name, Map<String, String> labels) {
        return new NamespaceBuilder()
                .withNewMetadata()
                .withName(name)
                .withLabels(labels)
                .endMetadata()
                .build();
    }
}
