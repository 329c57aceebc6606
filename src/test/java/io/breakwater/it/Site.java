package io.breakwater.it;

import io.breakwater.api.Api;
import io.breakwater.api.BackupLocation;
import io.breakwater.api.Condition;
import io.breakwater.api.ConditionedStatus;
import io.breakwater.api.FailoverPlan;
import io.breakwater.api.FailoverPlanStatus;
import io.breakwater.api.NamedRef;
import io.breakwater.api.Restore;
import io.breakwater.api.RestorePoint;
import io.breakwater.api.RestorePointSpec;
import io.breakwater.api.RestoreSpec;
import io.breakwater.api.Verification;
import io.breakwater.api.VerificationSpec;
import io.breakwater.store.CapturedNamespace;
import io.breakwater.testing.AlertProof;
import io.breakwater.testing.DashboardProof;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.client.CustomResource;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/**
 * Breakwater on one of the clusters, from the view of its users: custom resources to write, and statuses to wait for.
 */
record Site(Cluster cluster, Progress progress) {
    private static final Duration RUN = Duration.ofMinutes(5);

    KubernetesClient client() {
        return cluster.client();
    }

    /** Creates a RestorePoint by hand. */
    RestorePoint createPoint(String namespace, String name, String policy) {
        var point = new RestorePoint();
        point.setMetadata(
                new ObjectMetaBuilder().withNamespace(namespace).withName(name).build());
        point.setSpec(new RestorePointSpec());
        point.getSpec().policyRef = new NamedRef(policy);
        return client().resource(point).create();
    }

    /** The identity of a namespace that exists. */
    CapturedNamespace identity(String namespace) {
        return new CapturedNamespace(cluster.name(), namespace, uid("kube-system"), uid(namespace));
    }

    private String uid(String namespace) {
        return client().namespaces().withName(namespace).get().getMetadata().getUid();
    }

    /** Waits until a RestorePoint is sealed. */
    RestorePoint awaitPoint(String namespace, String name) {
        return awaitSuccess(RestorePoint.class, namespace, name);
    }

    /** Waits until a point is complete in another location. */
    RestorePoint awaitCopy(String namespace, String name, String location) {
        return progress.awaitValue(
                "RestorePoint %s is copied to %s".formatted(name, location),
                RUN,
                () -> describe(RestorePoint.class, namespace, name),
                () -> get(RestorePoint.class, namespace, name)
                        .filter(p -> p.getStatus() != null && p.getStatus().copies != null)
                        .filter(p -> p.getStatus().copies.stream()
                                .anyMatch(c -> c.location.equals(location) && c.completedAt != null)));
    }

    /** Waits until the catalog of this site lists a point of any site and time. */
    RestorePoint awaitListed(String inNamespace, String site, String capturedNamespace, String point) {
        return progress.awaitValue(
                "%s lists point %s of %s/%s in %s"
                        .formatted(cluster.name(), point, site, capturedNamespace, inNamespace),
                Duration.ofMinutes(2),
                () -> client().resources(RestorePoint.class).inNamespace(inNamespace).list().getItems().stream()
                        .map(p -> p.getMetadata().getName())
                        .collect(Collectors.joining(", ", "listed: ", "")),
                () -> client().resources(RestorePoint.class).inNamespace(inNamespace).list().getItems().stream()
                        .filter(p -> p.getStatus() != null
                                && point.equals(p.getStatus().point)
                                && site.equals(p.getStatus().site)
                                && capturedNamespace.equals(p.getStatus().namespace))
                        .filter(p -> p.getStatus().holds(Condition.SUCCEEDED))
                        .findFirst());
    }

    /** Restores, and waits for the end. */
    Restore restore(String namespace, String name, String point, String target, RestoreSpec.OnConflict onConflict) {
        createRestore(namespace, name, point, target, onConflict);
        return awaitSuccess(Restore.class, namespace, name);
    }

    Restore createRestore(
            String namespace, String name, String point, String target, RestoreSpec.OnConflict onConflict) {
        return createRestore(namespace, name, point, target, onConflict, spec -> {});
    }

    Restore createRestore(
            String namespace,
            String name,
            String point,
            String target,
            RestoreSpec.OnConflict onConflict,
            Consumer<RestoreSpec> more) {
        var restore = new Restore();
        restore.setMetadata(
                new ObjectMetaBuilder().withNamespace(namespace).withName(name).build());
        restore.setSpec(new RestoreSpec());
        restore.getSpec().restorePointRef = new NamedRef(point);
        restore.getSpec().targetNamespace = target;
        restore.getSpec().onConflict = onConflict;
        more.accept(restore.getSpec());
        return client().resource(restore).create();
    }

    /**
     * Creates a Verification.
     *
     * @param point null for the newest one of the policy
     */
    void createVerification(String namespace, String name, String policy, String point, VerificationSpec.Level level) {
        var verification = new Verification();
        verification.setMetadata(
                new ObjectMetaBuilder().withNamespace(namespace).withName(name).build());
        verification.setSpec(new VerificationSpec());
        verification.getSpec().policyRef = new NamedRef(policy);
        verification.getSpec().restorePointRef = point == null ? null : new NamedRef(point);
        verification.getSpec().level = level;
        client().resource(verification).create();
    }

    /** Waits until a run succeeds; fails at once if the run has failed and is not retried. */
    <T extends CustomResource<?, ? extends ConditionedStatus>> T awaitSuccess(
            Class<T> kind, String namespace, String name) {
        return progress.awaitValue(
                "%s %s/%s succeeds".formatted(kind.getSimpleName(), namespace, name),
                RUN,
                () -> describe(kind, namespace, name),
                () -> {
                    Optional<T> object = get(kind, namespace, name);
                    object.map(CustomResource::getStatus)
                            .filter(s -> s.holds(Condition.STALLED))
                            .ifPresent(s -> {
                                throw new AssertionError("%s %s/%s failed: %s"
                                        .formatted(
                                                kind.getSimpleName(),
                                                namespace,
                                                name,
                                                describe(kind, namespace, name)));
                            });
                    return object.filter(
                            o -> o.getStatus() != null && o.getStatus().holds(Condition.SUCCEEDED));
                });
    }

    /** Waits until a run has failed and is not retried. */
    <T extends CustomResource<?, ? extends ConditionedStatus>> T awaitFailure(
            Class<T> kind, String namespace, String name) {
        return progress.awaitValue(
                "%s %s/%s fails".formatted(kind.getSimpleName(), namespace, name),
                RUN,
                () -> describe(kind, namespace, name),
                () -> get(kind, namespace, name)
                        .filter(o -> o.getStatus() != null && o.getStatus().holds(Condition.STALLED)));
    }

    /** Waits until a probe of a location succeeded. */
    BackupLocation awaitLocation(String namespace, String name) {
        return progress.awaitValue(
                "BackupLocation %s on %s is ready".formatted(name, cluster.name()),
                Duration.ofMinutes(2),
                () -> describe(BackupLocation.class, namespace, name),
                () -> get(BackupLocation.class, namespace, name)
                        .filter(l -> l.getStatus() != null && l.getStatus().holds(Condition.READY)));
    }

    /** Waits until the status of a plan on this site meets a test. */
    FailoverPlanStatus awaitPlan(
            String namespace, String name, String what, Duration limit, Predicate<FailoverPlanStatus> test) {
        return progress.awaitValue(
                "plan %s on %s: %s".formatted(name, cluster.name(), what),
                limit,
                () -> describe(FailoverPlan.class, namespace, name),
                () -> get(FailoverPlan.class, namespace, name)
                        .map(CustomResource::getStatus)
                        .filter(test));
    }

    FailoverPlanStatus awaitRole(String namespace, String name, FailoverPlanStatus.Role role, Duration limit) {
        return awaitPlan(namespace, name, "becomes " + role, limit, s -> s.role == role);
    }

    /** Requests a site as active: the one line of a failover, sent as {@code kubectl patch} sends it. */
    void requestActive(String namespace, String plan, String activeSite, String maxDataLoss) {
        client().resources(FailoverPlan.class)
                .inNamespace(namespace)
                .withName(plan)
                .patch(
                        PatchContext.of(PatchType.JSON_MERGE),
                        "{\"spec\":{\"activeSite\":\"%s\",\"maxDataLoss\":\"%s\"}}".formatted(activeSite, maxDataLoss));
    }

    <T extends CustomResource<?, ?>> Optional<T> get(Class<T> kind, String namespace, String name) {
        return Optional.ofNullable(
                client().resources(kind).inNamespace(namespace).withName(name).get());
    }

    /** Progress and conditions of an object in one line. */
    <T extends CustomResource<?, ? extends ConditionedStatus>> String describe(
            Class<T> kind, String namespace, String name) {
        Optional<T> object = get(kind, namespace, name);
        if (object.isEmpty()) {
            return "it does not exist";
        }
        ConditionedStatus status = object.get().getStatus();
        if (status == null) {
            return "no status yet";
        }
        return status.conditions().stream()
                .map(c -> "%s=%s %s: %s".formatted(c.type, c.status, c.reason, c.message))
                .collect(Collectors.joining("; "));
    }

    /** Name of the operator's pod. */
    String operatorPod() {
        return pod("operator");
    }

    /** Name of the pod of the guard that leads, as soon as one does. */
    String guardPod() {
        return progress.awaitValue(
                "a guard of %s leads".formatted(cluster.name()),
                Duration.ofMinutes(2),
                () -> "no guard leads",
                this::leadingGuard);
    }

    private Optional<String> leadingGuard() {
        return Optional.ofNullable(client().leases()
                        .inNamespace(Rig.SYSTEM)
                        .withName("breakwater-guard")
                        .get())
                .map(lease -> lease.getSpec().getHolderIdentity())
                .map(name ->
                        client().pods().inNamespace(Rig.SYSTEM).withName(name).get())
                .filter(pod -> pod.getMetadata().getDeletionTimestamp() == null)
                .map(pod -> pod.getMetadata().getName());
    }

    private String pod(String component) {
        return client()
                .pods()
                .inNamespace(Rig.SYSTEM)
                .withLabel("app.kubernetes.io/component", component)
                .list()
                .getItems()
                .stream()
                .filter(p -> p.getMetadata().getDeletionTimestamp() == null)
                .findFirst()
                .orElseThrow(() -> new IllegalStateException("no %s pod on %s".formatted(component, cluster.name())))
                .getMetadata()
                .getName();
    }

    /** Kills the operator's process without a grace period. Its Deployment starts another one. */
    void killOperator() {
        kill(operatorPod());
    }

    /** Kills the process of the guard that leads, without a grace period. */
    void killGuard() {
        kill(guardPod());
    }

    private void kill(String pod) {
        cluster.kubectl("delete", "pod", pod, "-n", Rig.SYSTEM, "--grace-period=0", "--force", "--wait=false");
        progress.print("killed %s on %s", pod, cluster.name());
    }

    /** The value of a metric of the operator with all given labels; absent if there is none. */
    Optional<Double> metric(String name, String... labels) {
        return scrape(operatorPod())
                .lines()
                .filter(line -> line.startsWith(name + "{"))
                .filter(line -> java.util.Arrays.stream(labels).allMatch(line::contains))
                .map(line -> Double.valueOf(line.substring(line.lastIndexOf(' ') + 1)))
                .findFirst();
    }

    private String scrape(String pod) {
        return client().raw("/api/v1/namespaces/%s/pods/%s:8080/proxy/q/metrics".formatted(Rig.SYSTEM, pod));
    }

    /** Waits until operator and guard export each series, with the labels, that these alerts of the chart select. */
    void awaitSeriesOf(String... alerts) {
        awaitSeries(String.join(", ", alerts), scrapes -> {
            for (String alert : alerts) {
                AlertProof.requireSeries(alert, scrapes);
            }
        });
    }

    /** Waits until operator and guard export each series, with the labels, that these rows of the dashboard select. */
    void awaitSeriesOfDashboard(String... rows) {
        awaitSeries(
                "rows " + String.join(", ", rows) + " of the dashboard",
                scrapes -> DashboardProof.requireSeries(Set.of(rows), scrapes));
    }

    private void awaitSeries(String what, Consumer<String[]> check) {
        AtomicReference<String> missing = new AtomicReference<>("no scrape yet");
        progress.await(
                "%s exports the series of %s".formatted(cluster.name(), what),
                Duration.ofMinutes(2),
                missing::get,
                () -> {
                    String[] scrapes = {scrape(operatorPod()), scrape(guardPod())};
                    try {
                        check.accept(scrapes);
                        return Optional.of(true);
                    } catch (AssertionError e) {
                        missing.set(e.getMessage());
                        return Optional.of(false);
                    }
                });
    }

    /** Finds the divergent point that this site made for a plan. */
    Optional<RestorePoint> divergentPoint(String namespace) {
        return client().resources(RestorePoint.class).inNamespace(namespace).list().getItems().stream()
                .filter(p -> p.getSpec().trigger == RestorePointSpec.Trigger.Divergent)
                .filter(p -> p.getMetadata().getLabels() == null
                        || !p.getMetadata().getLabels().containsKey(Api.ORIGIN_SITE))
                .findFirst();
    }
}
