package io.breakwater.uninstall;

import io.breakwater.api.Api;
import io.breakwater.api.FailoverPlan;
import io.breakwater.api.ObjectNames;
import io.breakwater.gate.GateRules;
import io.breakwater.gate.NamespaceGate;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.net.HttpURLConnection;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/**
 * Removes an installation from a cluster. The order never opens a gate by accident: plans end while the guard runs, so that a lease
 * is retired. Then the processes stop, so that they restore nothing. The gates open at the end, one namespace after the other, and their
 * registration is deleted last. If the removal is interrupted, gates that it has not opened stay closed, and it can be repeated. It
 * deletes nothing in a store.
 */
final class InstallationRemoval {
    private static final String NAME = "breakwater";
    private static final String GATE = NAME + "-gate";
    private static final List<String> PROCESSES = List.of(NAME + "-operator", NAME + "-guard", NAME + "-gateway");
    private static final long PAUSE_MILLIS = 500;

    private final KubernetesClient client;
    private final String ownNamespace;
    private final Duration patience;
    private final Consumer<String> log;

    /**
     * @param ownNamespace namespace of the installation
     * @param patience time in which plans end and processes stop
     * @param log gets a line for each step
     */
    InstallationRemoval(KubernetesClient client, String ownNamespace, Duration patience, Consumer<String> log) {
        this.client = client;
        this.ownNamespace = ownNamespace;
        this.patience = patience;
        this.log = log;
    }

    /**
     * Removes everything, and opens the gates of these namespaces.
     *
     * @throws IllegalStateException when processes do not stop, or objects get their finalizer again; nothing was opened then
     */
    void run(Set<String> open) {
        endPlans();
        stop();
        unregister(NAME);
        removeFinalizers();
        client.admissionRegistration()
                .v1()
                .validatingWebhookConfigurations()
                .withName(GATE)
                .delete();
        requireOnly(open);
        new TreeSet<>(open).forEach(this::clearGate);
        unregister(GATE);
        open.forEach(this::release);
    }

    private void endPlans() {
        for (FailoverPlan plan : InstallationSurvey.list(client, FailoverPlan.class, p -> true)) {
            client.resource(plan).delete();
        }
        BooleanSupplier gone = () ->
                InstallationSurvey.list(client, FailoverPlan.class, p -> true).isEmpty();
        boolean ended = runs(NAME + "-guard") ? await(gone) : gone.getAsBoolean();
        log.accept(
                ended
                        ? "FailoverPlans are deleted"
                        : "FailoverPlans did not end within " + patience.toSeconds() + "s, because no guard runs or it"
                                + " cannot write to the rendezvous; they are removed without it, so their leases are not"
                                + " retired but expire");
    }

    private void stop() {
        for (String process : PROCESSES) {
            var deployment =
                    client.apps().deployments().inNamespace(ownNamespace).withName(process);
            if (deployment.get() != null) {
                deployment.edit(d -> {
                    d.getSpec().setReplicas(0);
                    return d;
                });
            }
        }
        boolean stopped = await(() -> PROCESSES.stream().noneMatch(this::runs));
        if (!stopped) {
            throw new IllegalStateException("pods of Breakwater in namespace " + ownNamespace
                    + " still run; if a GitOps tool manages the Deployments, pause it, then repeat the command");
        }
        log.accept("operator, guard and gateway are stopped");
    }

    private boolean runs(String process) {
        return !client.pods()
                .inNamespace(ownNamespace)
                .withLabel("app.kubernetes.io/name", NAME)
                .withLabel("app.kubernetes.io/component", process.substring(NAME.length() + 1))
                .list()
                .getItems()
                .isEmpty();
    }

    private void unregister(String name) {
        client.admissionRegistration()
                .v1()
                .mutatingWebhookConfigurations()
                .withName(name)
                .delete();
        client.admissionRegistration()
                .v1()
                .validatingWebhookConfigurations()
                .withName(name)
                .delete();
        log.accept("webhook registration " + name + " is deleted");
    }

    private void removeFinalizers() {
        for (Class<? extends HasMetadata> kind : InstallationSurvey.KINDS) {
            List<? extends HasMetadata> kept = InstallationSurvey.list(client, kind, InstallationSurvey::isKept);
            kept.forEach(this::removeFinalizer);
            if (!kept.isEmpty()) {
                log.accept(kept.size() + " objects of kind " + kept.getFirst().getKind()
                        + " have no finalizer any more; their data stays in the stores");
            }
        }
        List<HasMetadata> left = InstallationSurvey.read(client).kept();
        if (!left.isEmpty()) {
            throw new IllegalStateException(
                    ObjectNames.of(left.getFirst()) + " and " + (left.size() - 1)
                            + " more objects have their finalizer again, so an operator runs; stop it, then repeat the command");
        }
    }

    private void removeFinalizer(HasMetadata object) {
        try {
            client.resource(object).edit(o -> {
                o.getMetadata().getFinalizers().remove(Api.FINALIZER);
                return o;
            });
        } catch (KubernetesClientException e) {
            if (e.getCode() != HttpURLConnection.HTTP_NOT_FOUND) {
                throw e;
            }
        }
    }

    /** A namespace may have been gated since the user confirmed the others. */
    private void requireOnly(Set<String> open) {
        Set<String> others =
                new TreeSet<>(InstallationSurvey.read(client).gated().keySet());
        others.removeAll(open);
        if (!others.isEmpty()) {
            throw new IllegalStateException("namespaces " + String.join(", ", others)
                    + " have been gated meanwhile, so no gate was opened; repeat the command and confirm them");
        }
    }

    private void clearGate(String name) {
        Namespace namespace = client.namespaces().withName(name).get();
        if (namespace != null && GateRules.isStandby(namespace)) {
            client.resource(namespace)
                    .edit(n -> new NamespaceBuilder(n)
                            .editMetadata()
                            .removeFromLabels(Api.STANDBY)
                            // Without it, pods wait until a guard has proof that this site is active.
                            .removeFromLabels(Api.PLAN)
                            .removeFromLabels(Api.ACTIVE)
                            .removeFromAnnotations(Api.GATED_BY)
                            .removeFromAnnotations(Api.GATED_ONLY)
                            .removeFromAnnotations(Api.FINAL_CUT)
                            .removeFromAnnotations(Api.POD_SEEN)
                            .endMetadata()
                            .build());
        }
    }

    private void release(String name) {
        NamespaceGate.of(client, ownNamespace).open(name, "uninstall");
        log.accept("namespace " + name + ": the gate is open, and its pods start");
    }

    private boolean await(BooleanSupplier done) {
        long end = System.nanoTime() + patience.toNanos();
        while (!done.getAsBoolean()) {
            if (System.nanoTime() - end > 0) {
                return false;
            }
            try {
                Thread.sleep(PAUSE_MILLIS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return false;
            }
        }
        return true;
    }
}
