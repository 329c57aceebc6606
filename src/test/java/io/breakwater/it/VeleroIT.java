package io.breakwater.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.annotation.JsonAnySetter;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.breakwater.api.BackupLocation;
import io.breakwater.api.BackupLocationSpec;
import io.breakwater.api.BackupPolicy;
import io.breakwater.api.Condition;
import io.breakwater.api.Restore;
import io.breakwater.api.RestorePoint;
import io.breakwater.api.RestorePointSpec;
import io.breakwater.api.RestoreSpec;
import io.breakwater.api.RestoreSpec.OnConflict;
import io.breakwater.api.RestoreStatus;
import io.breakwater.velero.BackupObjects;
import io.breakwater.velero.model.Backup;
import io.breakwater.velero.model.BackupRepository;
import io.breakwater.velero.model.BackupStorageLocation;
import io.breakwater.velero.model.DataDownload;
import io.breakwater.velero.model.DataUpload;
import io.breakwater.velero.model.DeleteBackupRequest;
import io.breakwater.velero.model.DownloadRequest;
import io.breakwater.velero.model.PodVolumeBackup;
import io.breakwater.velero.model.PodVolumeRestore;
import io.breakwater.velero.model.Schedule;
import io.breakwater.velero.model.ServerStatusRequest;
import io.breakwater.velero.model.UnknownFields;
import io.breakwater.velero.model.VolumeSnapshotLocation;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinition;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.base.ResourceDefinitionContext;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;

/** A real Velero next to Breakwater: each reads the backups of the other. */
@ExtendWith(RigExtension.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class VeleroIT {
    private static final String NS = "neighbours";
    private static final String BACK = "neighbours-back";
    /** Name and prefix of a location whose points Velero can read. */
    private static final String READABLE = "readable";

    private static final String IMPORTED = "neighbours-imported";

    private final Rig rig;
    private final Site site;
    private Velero velero;

    VeleroIT(Rig rig) {
        this.rig = rig;
        this.site = rig.west();
    }

    @BeforeAll
    void prepare() {
        site.cluster().apply("default", DEFINITION);
        site.cluster().kubectl("wait", "crd/widgets.example.org", "--for=condition=Established", "--timeout=30s");
        site.cluster().createNamespace(NS);
        site.cluster().apply(NS, APPLICATION);
        String many = IntStream.range(0, 40)
                .mapToObj(i ->
                        "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: setting-%d}\ndata: {number: \"%d\"}\n"
                                .formatted(i, i))
                .reduce("", String::concat);
        site.cluster().apply(NS, many);
        site.client().resource(readableLocation()).serverSideApply();
        site.awaitLocation(Rig.SYSTEM, READABLE);
        BackupPolicy policy = Examples.policy(NS, "shop", READABLE);
        site.client().resource(policy).serverSideApply();
        velero = Velero.install(rig, site);
    }

    @AfterAll
    void clean() {
        site.client().resource(veleroLocation()).delete();
        site.client().resource(readableLocation()).delete();
        site.client().namespaces().withName(BACK).delete();
        site.client().namespaces().withName(IMPORTED).delete();
        site.client().namespaces().withName(NS).delete();
        site.client().namespaces().withName(Velero.NAMESPACE).delete();
        site.cluster().kubectl("delete", "crd/widgets.example.org", "--wait=false");
    }

    @Test
    void restoresABreakwaterPointWithVelero() {
        site.createPoint(NS, "first", "shop");
        RestorePoint first = site.awaitPoint(NS, "first");
        int captured = first.getStatus().resourceCount;

        velero.location("breakwater", Rig.EAST, READABLE + "/velero", "ReadOnly");
        String backup = BackupObjects.name(
                site.identity(NS), "first", first.getMetadata().getUid());
        GenericKubernetesResource seen = velero.awaitSynced(backup);
        assertThat((Integer) seen.get("status", "progress", "itemsBackedUp")).isEqualTo(captured);

        GenericKubernetesResource restore = velero.restore("back", backup, NS, BACK);

        assertThat(Velero.phase(restore)).as(String.valueOf(restore)).isEqualTo("Completed");
        assertThat((Integer) restore.get("status", "errors")).isNull();
        assertSame(BACK);
    }

    @Test
    void restoresAVeleroBackupWithBreakwater() {
        velero.location("own", Rig.EAST, "old", "ReadWrite");
        assertThat(Velero.phase(velero.backup("nightly", NS, "own"))).isEqualTo("Completed");

        site.client().resource(veleroLocation()).serverSideApply();
        RestorePoint point = site.awaitListed(Rig.SYSTEM, "velero-old", NS, "nightly");
        assertThat(point.getSpec().trigger).isEqualTo(RestorePointSpec.Trigger.Imported);
        assertThat(point.getStatus().warnings).anyMatch(w -> w.contains("the data of claims data is in Velero's own"));
        String listed = point.getMetadata().getName();

        Restore refused = site.createRestore(Rig.SYSTEM, "with-data", listed, IMPORTED, OnConflict.Fail);
        RestoreStatus told = site.awaitFailure(
                        Restore.class, Rig.SYSTEM, refused.getMetadata().getName())
                .getStatus();
        assertThat(told.condition(Condition.STALLED)).hasValueSatisfying(c -> {
            assertThat(c.reason).isEqualTo("VolumeDataAbsent");
            assertThat(c.message).contains("(data)", "spec.volumes to Skip");
        });

        site.createRestore(
                Rig.SYSTEM,
                "without-data",
                listed,
                IMPORTED,
                OnConflict.Fail,
                r -> r.volumes = RestoreSpec.Volumes.Skip);
        site.awaitSuccess(Restore.class, Rig.SYSTEM, "without-data");
        assertSame(IMPORTED);
    }

    @Test
    void convertsVeleroSchedulesIntoAcceptedPolicies() {
        velero.location("primary", Rig.EAST, "cluster-1", "ReadWrite");
        site.cluster().apply(Velero.NAMESPACE, """
            apiVersion: velero.io/v1
            kind: Schedule
            metadata: {name: nightly}
            spec:
              schedule: 0 3 * * *
              template:
                includedNamespaces: [%s]
                excludedResources: [events]
                storageLocation: primary
                ttl: 240h0m0s
            ---
            apiVersion: velero.io/v1
            kind: Schedule
            metadata: {name: everything}
            spec:
              schedule: 0 4 * * *
              template:
                includedNamespaces: ["*"]
                excludedNamespaces: ["kube-*"]
                includeClusterResources: true
                storageLocation: primary
                ttl: 240h0m0s
            """.formatted(NS));
        String objects = site.cluster()
                .kubectl(
                        "get",
                        "schedules.velero.io,backupstoragelocations.velero.io",
                        "-n",
                        Velero.NAMESPACE,
                        "-o",
                        "yaml");

        String made = site.cluster()
                .kubectlWith(objects, "exec", "-i", "-n", Rig.SYSTEM, site.operatorPod(), "--", "convert-velero");
        site.client().resources(BackupPolicy.class).inNamespace(NS).delete();
        String applied = site.cluster()
                .kubectlWith(made, "apply", "--server-side", "--validate=strict", "--dry-run=server", "-f", "-");

        assertThat(applied)
                .contains(
                        "backuppolicy.breakwater.io/nightly serverside-applied",
                        "backuppolicy.breakwater.io/everything serverside-applied",
                        "backuppolicy.breakwater.io/everything-cluster serverside-applied")
                .doesNotContain("backuplocation"); // the rig's own provider is not azure or aws
        assertThat(made).contains("keepLast: 10");
    }

    @Test
    void coversEveryFieldOfEveryVeleroKind() throws IOException {
        List<Class<? extends HasMetadata>> models = List.of(
                Backup.class,
                BackupRepository.class,
                BackupStorageLocation.class,
                DataDownload.class,
                DataUpload.class,
                DeleteBackupRequest.class,
                DownloadRequest.class,
                PodVolumeBackup.class,
                PodVolumeRestore.class,
                io.breakwater.velero.model.Restore.class,
                Schedule.class,
                ServerStatusRequest.class,
                VolumeSnapshotLocation.class);
        ObjectMapper strict = new ObjectMapper().addMixIn(UnknownFields.class, KnownFieldsOnly.class);
        List<CustomResourceDefinition> definitions =
                site.client().apiextensions().v1().customResourceDefinitions().list().getItems().stream()
                        .filter(d -> d.getSpec().getGroup().equals("velero.io"))
                        .toList();
        assertThat(definitions).hasSameSizeAs(models);
        for (CustomResourceDefinition definition : definitions) {
            JsonNode sample = SchemaSample.of(definition);
            Class<? extends HasMetadata> model = models.stream()
                    .filter(m -> m.getSimpleName()
                            .equals(definition.getSpec().getNames().getKind()))
                    .findFirst()
                    .orElseThrow();
            JsonNode back = strict.readTree(strict.writeValueAsString(strict.treeToValue(sample, model)));
            assertThat(back).as(model.getSimpleName()).isEqualTo(sample);
        }
    }

    /** Refuses fields without a member in the model. */
    private abstract static class KnownFieldsOnly {
        @JsonAnySetter(enabled = false)
        abstract void put(String field, Object value);
    }

    /** Velero restores Secrets too, so their values are in clear in this location. */
    private BackupLocation readableLocation() {
        BackupLocation location = rig.location(Rig.EAST);
        location.getMetadata().setName(READABLE);
        location.getSpec().azureBlob.prefix = READABLE;
        location.getSpec().archives = new BackupLocationSpec.Archives();
        location.getSpec().archives.velero = BackupLocationSpec.VeleroLayout.WithSecrets;
        return location;
    }

    private BackupLocation veleroLocation() {
        BackupLocation location = Examples.read("backuplocation-velero.yaml", BackupLocation.class);
        BackupLocation east = rig.location(Rig.EAST);
        location.getMetadata().setNamespace(Rig.SYSTEM);
        location.getMetadata().setName("old");
        location.getSpec().azureBlob = east.getSpec().azureBlob;
        location.getSpec().azureBlob.prefix = "old";
        return location;
    }

    /** All objects of a user, in the other namespace. */
    private void assertSame(String namespace) {
        KubernetesClient client = site.client();
        assertThat(settings(namespace)).isEqualTo(settings(NS)).hasSize(41);
        Secret secret =
                client.secrets().inNamespace(namespace).withName("password").get();
        assertThat(secret.getData())
                .isEqualTo(client.secrets()
                        .inNamespace(NS)
                        .withName("password")
                        .get()
                        .getData());
        Service service =
                client.services().inNamespace(namespace).withName("web").get();
        assertThat(service.getSpec().getPorts())
                .isEqualTo(client.services()
                        .inNamespace(NS)
                        .withName("web")
                        .get()
                        .getSpec()
                        .getPorts());
        assertThat(service.getSpec().getSelector()).isEqualTo(Map.of("app", "web"));
        Deployment deployment = client.apps()
                .deployments()
                .inNamespace(namespace)
                .withName("web")
                .get();
        assertThat(deployment.getSpec())
                .isEqualTo(client.apps()
                        .deployments()
                        .inNamespace(NS)
                        .withName("web")
                        .get()
                        .getSpec());
        PersistentVolumeClaim claim = client.persistentVolumeClaims()
                .inNamespace(namespace)
                .withName("data")
                .get();
        assertThat(claim.getSpec().getResources().getRequests().get("storage").toString())
                .isEqualTo("16Mi");
        List<GenericKubernetesResource> widgets = client.genericKubernetesResources(WIDGETS)
                .inNamespace(namespace)
                .list()
                .getItems();
        assertThat(widgets).hasSize(1);
        assertThat((Integer) widgets.getFirst().get("spec", "size")).isEqualTo(7);
    }

    private Map<String, Map<String, String>> settings(String namespace) {
        return site.client().configMaps().inNamespace(namespace).list().getItems().stream()
                .filter(c -> !c.getMetadata().getName().equals("kube-root-ca.crt"))
                .collect(java.util.stream.Collectors.toMap(c -> c.getMetadata().getName(), ConfigMap::getData));
    }

    private static final ResourceDefinitionContext WIDGETS = new ResourceDefinitionContext.Builder()
            .withGroup("example.org")
            .withVersion("v1")
            .withKind("Widget")
            .withPlural("widgets")
            .withNamespaced(true)
            .build();

    private static final String DEFINITION = """
        apiVersion: apiextensions.k8s.io/v1
        kind: CustomResourceDefinition
        metadata: {name: widgets.example.org}
        spec:
          group: example.org
          scope: Namespaced
          names: {kind: Widget, plural: widgets, singular: widget}
          versions:
            - name: v1
              served: true
              storage: true
              schema:
                openAPIV3Schema:
                  type: object
                  properties:
                    spec: {type: object, properties: {size: {type: integer}}}
        """;

    private static final String APPLICATION = """
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: settings}
        data: {color: green, umlaut.txt: "zwölf"}
        ---
        apiVersion: v1
        kind: Secret
        metadata: {name: password}
        stringData: {password: correct horse}
        ---
        apiVersion: v1
        kind: ServiceAccount
        metadata: {name: web}
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: web}
        spec: {selector: {app: web}, ports: [{name: http, port: 80, targetPort: 8080}]}
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web}
        spec:
          replicas: 0
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
            spec:
              serviceAccountName: web
              containers: [{name: web, image: example.org/web, envFrom: [{configMapRef: {name: settings}}]}]
        ---
        apiVersion: v1
        kind: PersistentVolumeClaim
        metadata: {name: data}
        spec:
          accessModes: [ReadWriteOnce]
          resources: {requests: {storage: 16Mi}}
        ---
        apiVersion: example.org/v1
        kind: Widget
        metadata: {name: one}
        spec: {size: 7}
        """;
}
