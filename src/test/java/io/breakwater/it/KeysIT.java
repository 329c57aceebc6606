package io.breakwater.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.breakwater.api.BackupLocation;
import io.breakwater.api.BackupLocationSpec;
import io.breakwater.api.BackupLocationStatus;
import io.breakwater.api.Condition;
import io.breakwater.api.NamedRef;
import io.breakwater.api.Reason;
import io.breakwater.api.RestorePoint;
import io.breakwater.api.RestoreSpec.OnConflict;
import io.breakwater.store.ObjectStore;
import io.breakwater.store.StoreLayout;
import io.breakwater.store.TestStores;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/**
 * The procedures of docs/keys.md on two clusters: change the master key, remove the old one, lose all clusters,
 * recover.
 */
@ExtendWith(RigExtension.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
@Tag("long")
class KeysIT {
    private static final String NAMESPACE = "keys";
    private static final String LOCATION = "vault";
    private static final String SECRET = "breakwater-master-key";
    private static final Duration SOON = Duration.ofMinutes(2);

    @TempDir
    static Path files;

    private final Rig rig;
    private final Site east;
    private final Site west;
    private ObjectStore store;
    private Secret first;
    private String firstId;
    private String secondId;

    KeysIT(Rig rig) {
        this.rig = rig;
        this.east = rig.east();
        this.west = rig.west();
    }

    @BeforeAll
    void start() throws Exception {
        rig.locate();
        openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:3072", "-out", file("escrow.pem"));
        openssl("pkey", "-in", file("escrow.pem"), "-pubout", "-out", file("escrow.pub.pem"));
        for (Site site : List.of(east, west)) {
            prepare(site);
        }
        installAtOnce();
        firstId = await(west, "is ready", s -> s.holds(Condition.READY)).keyId;
        store = storeFromHere();
        workload();
    }

    /** Both clusters get the location at the same moment. One of them creates the key, and the other one waits for a copy. */
    private void installAtOnce() {
        List.of(east, west).forEach(site -> site.client().resource(location()).create());
        Site holder = rig.progress()
                .awaitValue(
                        "one cluster creates the master key",
                        SOON,
                        () -> east.describe(BackupLocation.class, NAMESPACE, LOCATION),
                        () -> List.of(east, west).stream()
                                .filter(site -> site.client()
                                                .secrets()
                                                .inNamespace(NAMESPACE)
                                                .withName(SECRET)
                                                .get()
                                        != null)
                                .findFirst());
        Site other = holder == east ? west : east;
        await(holder, "is ready", s -> s.holds(Condition.READY));
        Condition waiting = awaitCondition(
                other, Condition.READY, c -> c.reason.equals(Reason.SecretNotFound.name()) && !c.holds());
        assertThat(waiting.message).contains("deploy/keys-copy --from", "was set up by site");
        assertThat(other.client()
                        .secrets()
                        .inNamespace(NAMESPACE)
                        .withName(SECRET)
                        .get())
                .as("the cluster that waits creates no key")
                .isNull();
        first = merged(holder);
        give(other, first);
        await(east, "is ready", s -> s.holds(Condition.READY));
    }

    /** The command that deploy/keys-copy runs, in the operator's container. */
    private Secret merged(Site holder) {
        String present = holder.cluster().kubectl("get", "secret", SECRET, "-n", NAMESPACE, "-o", "json");
        String merged = holder.cluster()
                .kubectlWith(present, "exec", "-i", "-n", Rig.SYSTEM, holder.operatorPod(), "--", "merge-master-keys");
        return holder.client().getKubernetesSerialization().unmarshal(merged, Secret.class);
    }

    @AfterAll
    void remove() {
        for (Site site : List.of(east, west)) {
            site.client().namespaces().withName(NAMESPACE).delete();
        }
    }

    @Test
    @Order(1)
    void anEscrowKeyThatIsTooShortIsRefused() throws Exception {
        openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", file("short.pem"));
        openssl("pkey", "-in", file("short.pem"), "-pubout", "-out", file("short.pub.pem"));
        east.client().resource(publicKey("short", "short.pub.pem")).create();
        BackupLocation bad = location();
        bad.getMetadata().setName("bad");
        bad.getSpec().encryption.escrowSecretRef = new NamedRef("short");

        assertThatThrownBy(() -> east.client().resource(bad).create())
                .hasMessageContaining("spec.encryption.escrowSecretRef")
                .hasMessageContaining("2048 bits");
        bad.getSpec().encryption.escrowSecretRef = new NamedRef(SECRET);
        assertThatThrownBy(() -> east.client().resource(bad).create())
                .hasMessageContaining("must not name the Secret with the master key");
    }

    @Test
    @Order(2)
    void usesTheOldKeyUntilEverySiteHasBoth() {
        write("A");
        point("before");
        Secret rotated = rotated();

        give(east, rotated);
        poke(east);
        Condition waiting = awaitCondition(
                east, Condition.ROTATED, c -> c.message.contains("these sites have another current key: west"));
        assertThat(waiting.status).isEqualTo("False");
        assertThat(waiting.reason).isEqualTo(Reason.KeyMismatch.name());
        point("between");
        west.awaitListed(NAMESPACE, "east", NAMESPACE, "between");

        give(west, rotated);
        poke(west);
        secondId = await(east, "turns", s -> s.keyId != null && !s.keyId.equals(firstId)).keyId;
    }

    @Test
    @Order(3)
    void reportsWhenTheOldKeyCanBeRemoved() {
        write("B");
        point("after");
        Condition done = awaitCondition(
                east, Condition.ROTATED, c -> c.message.contains("these keys can be removed from it: " + firstId));
        assertThat(done.status).isEqualTo("True");
        awaitCondition(west, Condition.ROTATED, c -> c.holds() && c.message.contains(firstId));
        assertThat(marks()).containsExactly("breakwater-" + secondId);

        restored("one", "before", "A");
        restored("two", "after", "B");
    }

    @Test
    @Order(4)
    void restoresAllPointsWithoutTheOldKey() {
        for (Site site : List.of(east, west)) {
            site.cluster()
                    .kubectl(
                            "patch",
                            "secret",
                            SECRET,
                            "-n",
                            NAMESPACE,
                            "--type=json",
                            "-p",
                            "[{\"op\": \"remove\", \"path\": \"/data/masterKey." + firstId + "\"}]");
            poke(site);
        }
        await(
                east,
                "knows one key only",
                s -> s.keys != null
                        && s.keys.size() == 1
                        && s.keys.getFirst().id.equals(secondId));
        assertThat(awaitCondition(east, Condition.READABLE, Condition::holds).message)
                .contains("can be decrypted with the keys in the Secret");

        restored("three", "before", "A");
        west.awaitListed(NAMESPACE, "east", NAMESPACE, "after");
    }

    @Test
    @Order(5)
    void reportsAnOutdatedSecretUntilItIsReplaced() {
        Secret now = secret(west);
        west.client().secrets().inNamespace(NAMESPACE).withName(SECRET).delete();
        give(west, first);
        poke(west);

        Condition refused = awaitCondition(west, Condition.READY, c -> c.reason.equals(Reason.KeyMismatch.name()));
        assertThat(refused.message).contains("masterKey." + secondId, NAMESPACE + "/" + SECRET);

        west.client().secrets().inNamespace(NAMESPACE).withName(SECRET).delete();
        give(west, now);
        awaitCondition(west, Condition.READY, Condition::holds);
    }

    /** Both clusters and all Secrets are lost; the store and the private key are available. */
    @Test
    @Order(6)
    void recoversAllPointsFromEscrowOnANewCluster() throws Exception {
        assertThat(awaitCondition(west, Condition.ESCROWED, Condition::holds).message)
                .contains(secondId);
        west.awaitSeriesOf("BreakwaterNotEscrowed", "BreakwaterKeyMissing");
        for (Site site : List.of(east, west)) {
            site.cluster().deleteNamespace(NAMESPACE, rig.progress());
        }
        prepare(west);
        west.client().resource(location()).create();
        Condition lost = awaitCondition(west, Condition.READY, c -> c.reason.equals(Reason.SecretNotFound.name()));
        assertThat(lost.message).contains("deploy/keys-copy --from", "from escrow, see docs/keys.md");

        List<String> wrapped = new ArrayList<>();
        store.list("breakwater/escrow/" + secondId + ".", o -> wrapped.add(o.key()));
        String key =
                wrapped.stream().filter(k -> k.endsWith(".rsa")).findFirst().orElseThrow();
        Files.write(files.resolve("wrapped.rsa"), store.read(key).orElseThrow().content());
        openssl(
                "pkeyutl",
                "-decrypt",
                "-inkey",
                file("escrow.pem"),
                "-pkeyopt",
                "rsa_padding_mode:oaep",
                "-pkeyopt",
                "rsa_oaep_md:sha256",
                "-in",
                file("wrapped.rsa"),
                "-out",
                file("masterKey"));
        west.cluster()
                .kubectlWith(
                        Files.readString(files.resolve("masterKey")),
                        "create",
                        "secret",
                        "generic",
                        SECRET,
                        "-n",
                        NAMESPACE,
                        "--from-file=masterKey=/dev/stdin");

        awaitCondition(west, Condition.READY, Condition::holds);
        Map<String, String> listed = new HashMap<>();
        for (String point : List.of("before", "between", "after")) {
            RestorePoint found = west.awaitListed(NAMESPACE, "east", NAMESPACE, point);
            listed.put(point, found.getMetadata().getName());
        }
        west.restore(NAMESPACE, "recovered", listed.get("before"), null, OnConflict.Skip);
        assertThat(note(west)).isEqualTo("A");
        west.restore(NAMESPACE, "recovered-after", listed.get("after"), null, OnConflict.Replace);
        assertThat(note(west)).isEqualTo("B");
    }

    private void prepare(Site site) throws Exception {
        site.cluster().createNamespace(NAMESPACE);
        site.client()
                .resource(new SecretBuilder()
                        .withNewMetadata()
                        .withNamespace(NAMESPACE)
                        .withName("blob")
                        .addToLabels("breakwater.io/location-credentials", "true")
                        .endMetadata()
                        .addToStringData("accountKey", rig.accountKey(Rig.WEST))
                        .build())
                .serverSideApply();
        site.client().resource(publicKey("escrow", "escrow.pub.pem")).serverSideApply();
    }

    private BackupLocation location() {
        BackupLocation location = rig.location(Rig.WEST);
        location.getMetadata().setNamespace(NAMESPACE);
        location.getMetadata().setName(LOCATION);
        location.getSpec().azureBlob.container = "vault";
        location.getSpec().azureBlob.credentialsSecretRef = new NamedRef("blob");
        location.getSpec().usagePolicy = null;
        location.getSpec().encryption = new BackupLocationSpec.Encryption();
        location.getSpec().encryption.escrowSecretRef = new NamedRef("escrow");
        return location;
    }

    private ObjectStore storeFromHere() {
        BackupLocationSpec.AzureBlob spec = location().getSpec().azureBlob;
        spec.endpoint = rig.reachedFromHere(Rig.WEST);
        return TestStores.azure(spec, rig.accountKey(Rig.WEST));
    }

    private void workload() {
        east.cluster().apply(NAMESPACE, TamperingIT.NOTE.replace("IMAGE", Rig.environment("BREAKWATER_SHOP_IMAGE")));
        east.cluster().kubectl("wait", "pod/writer", "-n", NAMESPACE, "--for=condition=Ready", "--timeout=120s");
        east.client().resource(Examples.policy(NAMESPACE, "note", LOCATION)).create();
    }

    /** The documented command, in the operator's container. */
    private Secret rotated() {
        String before = east.cluster().kubectl("get", "secret", SECRET, "-n", NAMESPACE, "-o", "yaml");
        String after = east.cluster()
                .kubectlWith(before, "exec", "-i", "-n", Rig.SYSTEM, east.operatorPod(), "--", "rotate-master-key");
        return east.client().getKubernetesSerialization().unmarshal(after, Secret.class);
    }

    private void give(Site site, Secret secret) {
        site.client()
                .resource(new SecretBuilder()
                        .withNewMetadata()
                        .withNamespace(NAMESPACE)
                        .withName(SECRET)
                        .endMetadata()
                        .withData(secret.getData())
                        .build())
                .forceConflicts()
                .serverSideApply();
    }

    private Secret secret(Site site) {
        return site.client().secrets().inNamespace(NAMESPACE).withName(SECRET).require();
    }

    private Secret publicKey(String name, String file) throws Exception {
        return new SecretBuilder()
                .withNewMetadata()
                .withNamespace(NAMESPACE)
                .withName(name)
                .addToLabels("breakwater.io/location-credentials", "true")
                .endMetadata()
                .addToData("publicKey", Base64.getEncoder().encodeToString(Files.readAllBytes(files.resolve(file))))
                .build();
    }

    /** A change of the spec is processed now, not within a minute. */
    private void poke(Site site) {
        site.client()
                .resources(BackupLocation.class)
                .inNamespace(NAMESPACE)
                .withName(LOCATION)
                .edit(l -> {
                    boolean all = l.getSpec().usagePolicy != null
                            && l.getSpec().usagePolicy.namespaces == BackupLocationSpec.Namespaces.All;
                    l.getSpec().usagePolicy = new BackupLocationSpec.UsagePolicy();
                    l.getSpec().usagePolicy.namespaces =
                            all ? BackupLocationSpec.Namespaces.Same : BackupLocationSpec.Namespaces.All;
                    return l;
                });
    }

    private void point(String name) {
        east.createPoint(NAMESPACE, name, "note");
        east.awaitPoint(NAMESPACE, name);
    }

    private void write(String text) {
        east.cluster()
                .kubectl("exec", "writer", "-n", NAMESPACE, "--", "sh", "-c", "printf " + text + " > /data/note; sync");
    }

    private void restored(String restore, String point, String content) {
        east.restore(NAMESPACE, restore, point, null, OnConflict.Replace);
        assertThat(note(east)).as(point).isEqualTo(content);
    }

    private static String note(Site site) {
        site.cluster().kubectl("wait", "pod/writer", "-n", NAMESPACE, "--for=condition=Ready", "--timeout=120s");
        return site.cluster().kubectl("exec", "writer", "-n", NAMESPACE, "--", "cat", "/data/note");
    }

    /** Names of the machines in the existing key files of the repository. */
    private List<String> marks() {
        String id = StoredRepository.id(store, east.identity(NAMESPACE));
        String prefix = StoreLayout.repository(id) + "keys/";
        List<String> marks = new ArrayList<>();
        store.list(prefix, o -> {
            if (store.head("breakwater/tombstones/repos/" + id + "/" + o.key()).isEmpty()) {
                String text = new String(store.read(o.key()).orElseThrow().content(), StandardCharsets.UTF_8);
                marks.add(text.replaceFirst("(?s).*\"hostname\":\"([^\"]*)\".*", "$1"));
            }
        });
        return marks;
    }

    private BackupLocationStatus await(Site site, String what, Predicate<BackupLocationStatus> holds) {
        return rig.progress()
                .awaitValue(
                        "location " + LOCATION + " of " + site.cluster().name() + " " + what,
                        SOON,
                        () -> site.describe(BackupLocation.class, NAMESPACE, LOCATION),
                        () -> site.get(BackupLocation.class, NAMESPACE, LOCATION)
                                .flatMap(l -> Optional.ofNullable(l.getStatus()))
                                .filter(holds));
    }

    private Condition awaitCondition(Site site, String type, Predicate<Condition> holds) {
        return await(
                        site,
                        "reports " + type,
                        s -> s.condition(type).filter(holds).isPresent())
                .condition(type)
                .orElseThrow();
    }

    private static String file(String name) {
        return files.resolve(name).toString();
    }

    private static void openssl(String... arguments) {
        List<String> command = new ArrayList<>(List.of("openssl"));
        command.addAll(List.of(arguments));
        HostCommands.run("", command);
    }
}
