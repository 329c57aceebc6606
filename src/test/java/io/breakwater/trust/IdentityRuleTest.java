package io.breakwater.trust;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.breakwater.api.BackupLocation;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.api.RestorePoint;
import io.breakwater.api.RestorePointStatus;
import io.breakwater.api.RestorePointStatus.VolumeStatus;
import io.breakwater.config.TestConfig;
import io.breakwater.store.CapturedNamespace;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Which points an object may represent, whatever its status says. */
class IdentityRuleTest {
    private static final String OPERATOR = "ops";
    private final IdentityRule rule =
            new IdentityRule(TestConfig.of(Map.of("breakwater.namespace", OPERATOR)), PointKeys.identities("east"));

    @ParameterizedTest
    @CsvSource({
        // object in, captured in, location in, may restore and verify, may use in this location
        "shop, shop, ops,  true,  true",
        "shop, shop, shop, true,  true",
        "shop, bank, ops,  false, false",
        "shop, bank, bank, false, false",
        "shop, bank, shop, false, true",
        "ops,  bank, ops,  true,  true",
        "ops,  bank, bank, true,  true"
    })
    void asksWhoVouches(String own, String captured, String location, boolean anywhere, boolean here) {
        RestorePoint object = object(own, captured);
        PointKey key = PointKeys.of("east", captured, "p");

        check(() -> rule.of(object), key, anywhere);
        check(() -> rule.in(object, location(location)), key, here);
        check(() -> rule.ofRun(object, key.path()), key, anywhere);
        assertThat(rule.represents(object, key, location(location))).isEqualTo(here);
        assertThat(rule.namespace(object, "east", location(location)).isPresent())
                .isEqualTo(here);
        assertThat(rule.reportedSnapshots(object, List.of(key.source()), location(location)))
                .hasSize(here ? 1 : 0);
    }

    @ParameterizedTest
    @CsvSource({
        // object in, captured in (on another cluster), location in, may restore and verify
        "shop, shop, shop, true",
        "shop, shop, ops,  false",
        "shop, bank, shop, false",
        "shop, bank, bank, false",
        "ops,  bank, bank, true"
    })
    void letsTheOwnerOfALocationVouchForEarlierNamespacesOfThatName(
            String own, String captured, String location, boolean allowed) {
        RestorePoint object = object(own, captured);
        object.getStatus().cluster = "another-cluster";
        PointKey key = PointKey.ofStore(
                new CapturedNamespace("east", captured, "another-cluster", PointKeys.uid(captured)), "p");

        check(() -> rule.of(object, location(location)), key, allowed);
        check(() -> rule.ofRun(object, key.path(), location(location)), key, allowed);
        check(() -> rule.of(object), key, own.equals(OPERATOR));
        assertThat(rule.hasNameOf(object)).isEqualTo(own.equals(captured));
    }

    @ParameterizedTest
    @CsvSource({
        // object in, site and namespace of the point, location in, may delete it there
        "shop, east, shop, ops,  true",
        "shop, east, shop, shop, true",
        "shop, east, bank, shop, false",
        "shop, west, shop, shop, false",
        "ops,  east, bank, ops,  true",
        "ops,  west, bank, ops,  false"
    })
    void deletesNoPointThatALocationMerelyShows(
            String own, String site, String captured, String location, boolean deletable) {
        RestorePoint object = object(own, captured);
        PointKeys.state(object.getStatus(), PointKeys.of(site, captured, "p"));
        IdentityRule east = new IdentityRule(
                TestConfig.of(Map.of("breakwater.namespace", OPERATOR, "breakwater.site", "east")),
                PointKeys.identities("east"));

        assertThat(east.deletable(object, location(location)).isPresent()).isEqualTo(deletable);
    }

    @Test
    void refusesAStatusThatNamesNoPoint() {
        RestorePoint object = object("shop", "shop");
        object.getStatus().point = null;

        assertThatThrownBy(() -> rule.of(object))
                .isInstanceOfSatisfying(
                        BreakwaterException.class, e -> assertThat(e.reason()).isEqualTo(Reason.RestorePointNotSealed));
    }

    @Test
    void reportsAnotherSealWithoutItsDigest() {
        RestorePoint object = object("shop", "shop");
        object.getStatus().digest = "expected";
        PointKey key = rule.of(object);

        rule.checkSeal(object, key, "expected");
        assertThatThrownBy(() -> rule.checkSeal(object, key, "found"))
                .hasMessageContaining(key.sealKey())
                .hasMessageNotContaining("found");
    }

    @Test
    void readsTheNamespacesOnceForManyObjects() {
        AtomicInteger lists = new AtomicInteger();
        AtomicInteger reads = new AtomicInteger();
        AtomicReference<String> uid = new AtomicReference<>(PointKeys.uid("shop"));
        NamespaceIdentities identities = new NamespaceIdentities(
                "east",
                name -> {
                    reads.incrementAndGet();
                    return namespaces(uid.get()).stream()
                            .filter(n -> n.getMetadata().getName().equals(name))
                            .findFirst();
                },
                () -> {
                    lists.incrementAndGet();
                    return namespaces(uid.get());
                });
        IdentityRule authoritative = new IdentityRule(
                TestConfig.of(Map.of("breakwater.namespace", OPERATOR)),
                identities,
                TestAdoption.rule(identities, List.of(), Optional::empty));
        PointKey key = PointKeys.of("east", "shop", "p");
        List<RestorePoint> many = IntStream.range(0, 1000)
                .mapToObj(i -> {
                    RestorePoint object = object("shop", "shop");
                    object.getMetadata().setUid("uid-" + i);
                    return object;
                })
                .toList();

        IdentityRule bulk = authoritative.listed();
        assertThat(many).allMatch(object -> bulk.represents(object, key, location(OPERATOR)));
        assertThat(lists).hasValue(1);
        assertThat(reads).hasValue(0);

        uid.set("uid-of-another-shop");
        assertThat(authoritative.represents(many.getFirst(), key, location(OPERATOR)))
                .as("the namespace was created again, and the earlier list is not remembered")
                .isFalse();
        assertThat(authoritative.listed().represents(many.getLast(), key, location(OPERATOR)))
                .isFalse();
        RestorePoint elsewhere = object("deleted", "deleted");
        assertThat(bulk.represents(elsewhere, PointKeys.of("east", "deleted", "p"), location(OPERATOR)))
                .as("its namespace does not exist")
                .isFalse();
    }

    private static List<Namespace> namespaces(String uid) {
        return Map.of(
                        "shop",
                        uid,
                        "kube-system",
                        PointKeys.source("east", "shop").cluster())
                .entrySet()
                .stream()
                .map(e -> new NamespaceBuilder()
                        .withNewMetadata()
                        .withName(e.getKey())
                        .withUid(e.getValue())
                        .endMetadata()
                        .build())
                .toList();
    }

    private static void check(java.util.function.Supplier<PointKey> call, PointKey key, boolean allowed) {
        if (allowed) {
            assertThat(call.get()).isEqualTo(key);
        } else {
            assertThatThrownBy(call::get)
                    .isInstanceOfSatisfying(
                            BreakwaterException.class,
                            e -> assertThat(e.reason()).isEqualTo(Reason.Forbidden))
                    .hasMessageContaining("was captured in namespace " + key.namespace());
        }
    }

    private static RestorePoint object(String namespace, String captured) {
        RestorePoint object = new RestorePoint();
        object.getMetadata().setNamespace(namespace);
        object.getMetadata().setName("o");
        object.setStatus(new RestorePointStatus());
        PointKeys.state(object.getStatus(), PointKeys.of("east", captured, "p"));
        VolumeStatus volume = new VolumeStatus();
        volume.repositorySnapshot = "0".repeat(64);
        object.getStatus().volumes = List.of(volume);
        return object;
    }

    private static BackupLocation location(String namespace) {
        BackupLocation location = new BackupLocation();
        location.getMetadata().setNamespace(namespace);
        location.getMetadata().setName("l");
        return location;
    }
}
