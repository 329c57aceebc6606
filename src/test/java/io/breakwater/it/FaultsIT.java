package io.breakwater.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.breakwater.api.Api;
import io.breakwater.api.BackupLocation;
import io.breakwater.api.BackupLocationSpec;
import io.breakwater.api.BackupPolicy;
import io.breakwater.api.Condition;
import io.breakwater.api.ConditionedStatus;
import io.breakwater.api.FailoverPlan;
import io.breakwater.api.NamedRef;
import io.breakwater.api.Reason;
import io.breakwater.api.RestorePoint;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.fabric8.kubernetes.client.CustomResource;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.api.extension.ExtendWith;

/** Bad input is refused at apply, or ends in a condition with the problem and the action that helps. */
@ExtendWith(RigExtension.class)
class FaultsIT {
    private static final Duration SOON = Duration.ofMinutes(1);

    private final Rig rig;
    private final Site site;
    private String namespace;

    FaultsIT(Rig rig) {
        this.rig = rig;
        this.site = rig.west();
    }

    @BeforeEach
    void newNamespace(TestInfo test) {
        namespace = "faults-"
                + Integer.toHexString(
                        test.getTestMethod().orElseThrow().getName().hashCode());
        site.cluster().createNamespace(namespace);
    }

    @AfterEach
    void removeNamespace() {
        site.client().namespaces().withName(namespace).delete();
    }

    @Test
    void reportsAnInvalidCron() {
        BackupPolicy policy = policy("wrong-cron");
        policy.getSpec().schedule.cron = "61 25 * * *";
        refusedOrReported(policy, Condition.READY, "cron", Reason.InvalidSchedule);
    }

    @Test
    void reportsAnInvalidTimeZone() {
        BackupPolicy policy = policy("wrong-zone");
        policy.getSpec().schedule.timeZone = "Mars/Olympus_Mons";
        refusedOrReported(policy, Condition.READY, "Mars/Olympus_Mons", Reason.InvalidSchedule);
    }

    @Test
    void reportsAnUnknownLocation() {
        BackupPolicy policy = policy("unknown-location");
        policy.getSpec().locationRef = new NamedRef("nowhere");
        refusedOrReported(policy, Condition.READY, "nowhere", Reason.LocationNotFound);
    }

    @Test
    void reportsASecretWithoutTheKey() {
        BackupLocation location = location("keyless");
        site.client()
                .resource(new SecretBuilder()
                        .withNewMetadata()
                        .withNamespace(namespace)
                        .withName("keyless")
                        .addToLabels("breakwater.io/location-credentials", "true")
                        .endMetadata()
                        .addToStringData("password", "this key is not read")
                        .build())
                .create();
        refusedOrReported(location, Condition.READY, "keyless", Reason.SecretNotFound);
    }

    @Test
    void reportsAMissingSecret() {
        refusedOrReported(location("absent"), Condition.READY, "absent", Reason.SecretNotFound);
    }

    @Test
    void reportsAnUnreachableStore() {
        BackupLocation location = location("unreachable");
        location.getSpec().azureBlob.endpoint = closedPort(location.getSpec().azureBlob.endpoint);
        site.client()
                .resource(new SecretBuilder()
                        .withNewMetadata()
                        .withNamespace(namespace)
                        .withName("unreachable")
                        .addToLabels("breakwater.io/location-credentials", "true")
                        .endMetadata()
                        .addToStringData("accountKey", "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=")
                        .build())
                .create();
        refusedOrReported(location, Condition.READY, "no connection", Reason.StoreUnavailable);
    }

    /** A port of the store's container without a listener. */
    private static String closedPort(String endpoint) {
        return endpoint.replaceFirst(":[0-9]+/", ":9/");
    }

    @Test
    void connectsToNoAddressOfTheCluster() {
        BackupLocation location = location("inside");
        // The installation allows the network of the node, but no address of the cluster.
        location.getSpec().azureBlob.endpoint = "https://" + nodeAddress() + "/inside";
        credentials("inside");
        refusedOrReported(location, Condition.READY, "an address of this cluster", Reason.InvalidSpec);
    }

    @Test
    void connectsToNoHostThatTheInstallationDoesNotAllow() {
        BackupLocation location = location("foreign");
        location.getSpec().azureBlob.endpoint = "https://kubernetes.default.svc/foreign";
        credentials("foreign");
        refusedOrReported(location, Condition.READY, "kubernetes.default.svc is not in", Reason.InvalidSpec);
    }

    private String nodeAddress() {
        return site.client().nodes().list().getItems().getFirst().getStatus().getAddresses().stream()
                .filter(a -> a.getType().equals("InternalIP"))
                .findFirst()
                .orElseThrow()
                .getAddress();
    }

    @Test
    void refusesAnotherEndpointForALocation() {
        BackupLocation location = location("moved");
        credentials("moved");
        site.client().resource(location).create();
        assertThatThrownBy(() -> site.client().resource(location).edit(l -> {
                    l.getSpec().azureBlob.endpoint = closedPort(l.getSpec().azureBlob.endpoint);
                    return l;
                }))
                .hasMessageContaining("endpoint are immutable");
    }

    @Test
    void usesNoSecretWithoutTheLabel() {
        credentials("unlabelled");
        site.client()
                .secrets()
                .inNamespace(namespace)
                .withName("unlabelled")
                .edit(s -> new SecretBuilder(s)
                        .editMetadata()
                        .removeFromLabels(Api.LOCATION_CREDENTIALS)
                        .endMetadata()
                        .build());
        refusedOrReported(location("unlabelled"), Condition.READY, Api.LOCATION_CREDENTIALS, Reason.SecretNotFound);
    }

    private void credentials(String name) {
        site.client()
                .resource(new SecretBuilder()
                        .withNewMetadata()
                        .withNamespace(namespace)
                        .withName(name)
                        .addToLabels(Api.LOCATION_CREDENTIALS, "true")
                        .endMetadata()
                        .addToStringData("accountKey", "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=")
                        .build())
                .create();
    }

    @Test
    void refusesLocksInADirectoryOrUnderOneDay() {
        BackupLocation directory = location("directory");
        directory.getSpec().azureBlob = null;
        directory.getSpec().filesystem = new BackupLocationSpec.Filesystem();
        directory.getSpec().filesystem.path = "directory";
        directory.getSpec().immutability = immutability("30d");
        assertThat(refusal(directory))
                .hasValueSatisfying(message -> assertThat(message).contains("spec.immutability", "directory"));
        for (String period : List.of("23h", "0d", "5m", "1")) {
            BackupLocation brief = location("brief");
            brief.getSpec().immutability = immutability(period);
            assertThat(refusal(brief))
                    .as(period)
                    .hasValueSatisfying(message -> assertThat(message).contains("period"));
        }
    }

    /** The store of the rig has no locks, as far as Breakwater can detect. */
    @Test
    void reportsAStoreWithoutObjectLocks() {
        BackupLocation location = rig.location(Rig.WEST);
        location.getMetadata().setNamespace(Rig.SYSTEM);
        location.getMetadata().setName("lockless");
        location.getSpec().azureBlob.prefix = "lockless";
        location.getSpec().immutability = immutability("24h");
        try {
            rig.locate();
            site.client().resource(location).create();
            Condition condition = rig.progress()
                    .awaitValue(
                            "the location reports that locks are missing",
                            SOON,
                            () -> site.describe(BackupLocation.class, Rig.SYSTEM, "lockless"),
                            () -> site.get(BackupLocation.class, Rig.SYSTEM, "lockless")
                                    .map(CustomResource::getStatus)
                                    .flatMap(s -> s.condition(Condition.READY))
                                    .filter(c -> "False".equals(c.status)));
            assertThat(condition.reason).as(condition.message).isEqualTo(Reason.NoObjectLock.name());
            assertThat(condition.message).contains("spec.immutability");
        } finally {
            site.client().resource(location).delete();
        }
    }

    private static BackupLocationSpec.Immutability immutability(String period) {
        BackupLocationSpec.Immutability immutability = new BackupLocationSpec.Immutability();
        immutability.mode = BackupLocationSpec.Immutability.Mode.Governance;
        immutability.period = period;
        return immutability;
    }

    @Test
    void reportsAVolumeWithoutASnapshotClass() {
        BackupPolicy policy = policy("nosnap");
        policy.getSpec().databases = null;
        site.client().resource(policy).create();
        site.cluster().apply(namespace, WRITER.replace("IMAGE", Rig.environment("BREAKWATER_SHOP_IMAGE")));
        site.cluster().kubectl("wait", "pod/writer", "-n", namespace, "--for=condition=Ready", "--timeout=120s");
        RestorePoint point = site.createPoint(namespace, "nosnap", "nosnap");
        reported(point, Condition.SUCCEEDED, "unsnappable", Reason.VolumeUnprotectable);
    }

    @Test
    void reportsTwoPoliciesForOneVolume() {
        site.client().resource(policy("one")).create();
        refusedOrReported(policy("two"), Condition.READY, "one", Reason.PolicyConflict);
    }

    @Test
    void reportsAPlanWithUnknownSites() {
        site.client().resource(policy("shop")).create();
        FailoverPlan plan = plan();
        plan.getSpec().sites.get(0).name = "north";
        plan.getSpec().sites.get(1).name = "south";
        plan.getSpec().activeSite = "north";
        refusedOrReported(plan, Condition.READY, "west", Reason.UnknownSite);
    }

    @Test
    void refusesAPlanWithAForeignActiveSite() {
        FailoverPlan plan = plan();
        plan.getSpec().activeSite = "elsewhere";
        assertThat(refusal(plan))
                .hasValueSatisfying(message -> assertThat(message).contains("activeSite"));
    }

    private BackupPolicy policy(String name) {
        BackupPolicy policy = Examples.read("backuppolicy.yaml", BackupPolicy.class);
        policy.getMetadata().setNamespace(namespace);
        policy.getMetadata().setName(name);
        policy.getSpec().schedule.cron = "0 3 1 1 *";
        return policy;
    }

    /** A location in the test's own namespace. */
    private BackupLocation location(String name) {
        BackupLocation location = rig.location(Rig.WEST);
        location.getMetadata().setNamespace(namespace);
        location.getMetadata().setName(name);
        location.getSpec().azureBlob.prefix = namespace;
        location.getSpec().azureBlob.credentialsSecretRef = new NamedRef(name);
        return location;
    }

    private FailoverPlan plan() {
        FailoverPlan plan = Examples.read("failoverplan.yaml", FailoverPlan.class);
        plan.getMetadata().setNamespace(namespace);
        return plan;
    }

    /** The message with which the API server refuses the object; empty if it accepts it. */
    private Optional<String> refusal(CustomResource<?, ?> object) {
        try {
            site.client().resource(object).create();
            return Optional.empty();
        } catch (KubernetesClientException e) {
            assertThat(e.getCode())
                    .as("the refusal has a code of a client error: %s", e.getMessage())
                    .isBetween(400, 499);
            return Optional.of(e.getMessage());
        }
    }

    private <T extends CustomResource<?, ? extends ConditionedStatus>> void refusedOrReported(
            T object, String condition, String named, Reason reason) {
        Optional<String> refusal = refusal(object);
        if (refusal.isPresent()) {
            assertThat(refusal.get()).contains(named);
            forPeople(refusal.get());
        } else {
            reported(object, condition, named, reason);
        }
    }

    /** The condition turns False with this reason and a message with the problem. */
    @SuppressWarnings("unchecked")
    private <T extends CustomResource<?, ? extends ConditionedStatus>> void reported(
            T object, String type, String named, Reason reason) {
        Class<T> kind = (Class<T>) object.getClass();
        String name = object.getMetadata().getName();
        Condition condition = rig.progress()
                .awaitValue(
                        "%s %s reports the problem".formatted(kind.getSimpleName(), name),
                        SOON,
                        () -> site.describe(kind, namespace, name),
                        () -> site.get(kind, namespace, name)
                                .map(CustomResource::getStatus)
                                .flatMap(s -> s.condition(type))
                                .filter(c -> "False".equals(c.status))
                                .filter(c -> !List.of(Reason.InProgress.name(), Reason.Pending.name())
                                        .contains(c.reason)));
        assertThat(condition.reason).as(condition.message).isEqualTo(reason.name());
        assertThat(condition.message).contains(named);
        forPeople(condition.message);
    }

    private static void forPeople(String message) {
        assertThat(message).doesNotContain("\tat ").doesNotContain("java.lang.").doesNotContain("NullPointer");
    }

    private static final String WRITER = """
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: {name: unsnappable}
        spec:
          storageClassName: csidir-nosnap
          accessModes: [ReadWriteOnce]
          resources: {requests: {storage: 1Gi}}
        ---
        apiVersion: v1
        kind: Pod
        metadata: {name: writer}
        spec:
          terminationGracePeriodSeconds: 1
          containers:
          - name: writer
            image: IMAGE
            imagePullPolicy: IfNotPresent
            command: [sleep, "3600"]
            volumeMounts: [{name: data, mountPath: /data}]
          volumes: [{name: data, persistentVolumeClaim: {claimName: unsnappable}}]
        """;
}
