package io.breakwater.mover;

import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.admission.InMemoryApiServer;
import io.breakwater.api.BackupLocation;
import io.breakwater.api.BackupPolicy;
import io.breakwater.api.BackupPolicySpec;
import io.breakwater.api.MoverSettings;
import io.breakwater.api.NamedRef;
import io.breakwater.gateway.Repositories;
import io.breakwater.store.CapturedNamespace;
import io.breakwater.store.OwnedRepository;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A policy decides about all movers of its namespace. */
class PolicySettingsTest {
    private final InMemoryApiServer cluster = new InMemoryApiServer();

    @AfterEach
    void close() {
        cluster.close();
    }

    @Test
    void usesThePolicyOfThePointInTheFirstNamespace() {
        policy("shop", "pol", "disk", "backup");
        policy("shop", "apol", "disk", "other");

        MoverSettings found = PolicySettings.find(cluster.client(), "pol", "copy", "shop");
        assertThat(found.resources.limits.cpu).isEqualTo("1");
        assertThat(found.nodeSelector).containsEntry("pool", "backup");

        policy("copy", "pol", "disk", "of the copy");
        assertThat(pool(PolicySettings.find(cluster.client(), "pol", "copy", "shop")))
                .isEqualTo("of the copy");
    }

    @Test
    void usesAnotherPolicyOfTheNamespaceIfThatOfThePointIsGone() {
        policy("shop", "new", "disk", "backup");

        assertThat(pool(PolicySettings.find(cluster.client(), "old", "copy", "shop")))
                .isEqualTo("backup");
        assertThat(pool(PolicySettings.find(cluster.client(), null, "shop"))).isEqualTo("backup");
        assertThat(pool(PolicySettings.find(cluster.client(), "old", "copy"))).isNull();
    }

    @Test
    void usesThePolicyOfTheOwnerThatWritesToTheLocation() {
        policy("shop", "a", "tape", "tape");
        policy("shop", "b", "disk", "disk");

        assertThat(pool(PolicySettings.of(cluster.client(), access("shop", uid("shop"), "disk"))))
                .isEqualTo("disk");
        assertThat(pool(PolicySettings.of(cluster.client(), access("shop", uid("shop"), "moved"))))
                .as("no policy writes to this location")
                .isEqualTo("tape");
    }

    /** Another user may have created the namespace again. */
    @Test
    void usesNoPolicyOfANamespaceOfTheSameName() {
        policy("shop", "a", "disk", "disk");
        uid("shop");

        assertThat(pool(PolicySettings.of(cluster.client(), access("shop", "uid-of-another", "disk"))))
                .isNull();
        assertThat(pool(PolicySettings.of(cluster.client(), access("gone", "uid-of-gone", "disk"))))
                .isNull();
    }

    private static String pool(MoverSettings settings) {
        return settings.nodeSelector == null ? null : settings.nodeSelector.get("pool");
    }

    private String uid(String namespace) {
        Namespace object = new NamespaceBuilder()
                .withNewMetadata()
                .withName(namespace)
                .endMetadata()
                .build();
        Namespace present = cluster.client().resource(object).get();
        return (present == null ? cluster.client().resource(object).create() : present)
                .getMetadata()
                .getUid();
    }

    private static Repositories.Access access(String namespace, String uid, String location) {
        BackupLocation object = new BackupLocation();
        object.getMetadata().setName(location);
        return new Repositories.Access(
                object,
                new OwnedRepository("0".repeat(32), new CapturedNamespace("east", namespace, "cluster", uid)),
                Repositories.Mode.MAINTAIN,
                Optional.empty());
    }

    private void policy(String namespace, String name, String location, String pool) {
        BackupPolicy policy = new BackupPolicy();
        policy.getMetadata().setNamespace(namespace);
        policy.getMetadata().setName(name);
        policy.setSpec(new BackupPolicySpec());
        policy.getSpec().locationRef = new NamedRef(location);
        policy.getSpec().volumes = new BackupPolicySpec.Volumes();
        MoverSettings mover = new MoverSettings();
        mover.resources = new MoverSettings.Resources();
        mover.resources.limits = new MoverSettings.Amounts();
        mover.resources.limits.cpu = "1";
        mover.nodeSelector = Map.of("pool", pool);
        policy.getSpec().volumes.mover = mover;
        cluster.add(policy);
    }
}
