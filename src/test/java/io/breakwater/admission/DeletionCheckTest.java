package io.breakwater.admission;

import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.api.BackupPolicy;
import io.breakwater.config.TestConfig;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Deletion of RestorePoints and policies. The point was captured on the first of June; today is the third. */
class DeletionCheckTest {
    private static final String POINT = """
        kind: RestorePoint
        apiVersion: breakwater.io/v1alpha1
        metadata: {namespace: shop, name: p}
        spec: {policyRef: {name: shop}, trigger: Manual, deletionPolicy: Delete, hold: false}
        status: {site: east, namespace: shop, point: p, capturedAt: "2026-06-01T00:00:00Z"}
        """;
    private static final String LOCKED = POINT.replace("point: p,", "point: p, lockedUntil: \"2026-06-05T00:00:00Z\",");
    private static final String HELD = POINT.replace("hold: false", "hold: true");
    private static final String POLICY = """
        kind: BackupPolicy
        apiVersion: breakwater.io/v1alpha1
        metadata: {namespace: shop, name: shop}
        spec: {locationRef: {name: near}, retention: {lockedFor: 7d}}
        """;

    private final InMemoryApiServer cluster = new InMemoryApiServer();
    private final DeletionCheck check = new DeletionCheck(
            cluster.client(),
            TestConfig.of(Map.of("breakwater.site", "east")),
            Clock.fixed(Instant.parse("2026-06-03T00:00:00Z"), ZoneOffset.UTC));

    @AfterEach
    void close() {
        cluster.close();
    }

    @Test
    void allowsDeletionOfOrdinaryPoints() {
        assertThat(delete("ann", POINT)).isNull();
    }

    @Test
    void refusesDeletionOfHeldPointsAndNamesTheField() {
        assertThat(delete("ann", HELD)).contains("shop/p", "spec.hold: false");
        assertThat(delete(Reviews.OPERATOR, HELD)).contains("spec.hold");
    }

    @Test
    void refusesDeletionOfHeldPointsThatRetainData() {
        assertThat(delete("ann", HELD.replace("deletionPolicy: Delete", "deletionPolicy: Retain")))
                .contains("spec.hold");
    }

    @Test
    void refusesDeletionOfLockedPointsAndNamesTheDate() {
        assertThat(delete("ann", LOCKED)).contains("shop/p", "2026-06-05T00:00:00Z", "lockedFor", "Retain");
    }

    @Test
    void allowsDeletionAfterTheLockExpires() {
        assertThat(delete("ann", LOCKED.replace("2026-06-05", "2026-06-03"))).isNull();
    }

    @Test
    void appliesALongerLockOfThePolicy() {
        cluster.add(Serialization.unmarshal(POLICY, BackupPolicy.class));
        assertThat(delete("ann", LOCKED)).contains("2026-06-08T00:00:00Z");
        assertThat(delete("ann", POINT)).contains("2026-06-08T00:00:00Z");
    }

    @Test
    void ignoresAShorterLockOfThePolicy() {
        cluster.add(Serialization.unmarshal(POLICY.replace("7d", "1d"), BackupPolicy.class));
        assertThat(delete("ann", LOCKED)).contains("2026-06-05T00:00:00Z");
    }

    @Test
    void allowsDeletionOfLockedPointsWhoseDataRemains() {
        assertThat(delete("ann", LOCKED.replace("deletionPolicy: Delete", "deletionPolicy: Retain")))
                .isNull();
        assertThat(delete("ann", LOCKED.replace("site: east", "site: west"))).isNull();
    }

    @Test
    void allowsDeletionOfHeldPointsInATerminatingNamespace() {
        cluster.add(new NamespaceBuilder()
                .withNewMetadata()
                .withName("shop")
                .addToFinalizers("breakwater.io/test")
                .endMetadata()
                .build());
        assertThat(delete("ann", HELD)).isNotNull();

        cluster.client().namespaces().withName("shop").delete();
        assertThat(delete("ann", HELD)).isNull();
    }

    @Test
    void refusesUserDeletionOfTemplateManagedPolicies() {
        String managed = POLICY.replace("name: shop}", "name: shop, labels: {breakwater.io/template: shop}}");
        cluster.add(new NamespaceBuilder()
                .withNewMetadata()
                .withName("shop")
                .addToFinalizers("breakwater.io/test")
                .endMetadata()
                .build());
        assertThat(delete("ann", POLICY)).isNull();
        assertThat(delete("ann", managed))
                .contains(
                        "BackupPolicy shop/shop is managed by Breakwater",
                        "template BackupPolicy breakwater-system/shop");
        assertThat(delete(Reviews.OPERATOR, managed)).isNull();

        cluster.client().namespaces().withName("shop").delete();
        assertThat(delete("ann", managed)).isNull();
    }

    private String delete(String user, String point) {
        return check.review(Reviews.delete(user, point)).refusal();
    }
}
