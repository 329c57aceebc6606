package io.breakwater.admission;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.breakwater.api.Api;
import io.breakwater.config.TestConfig;
import io.breakwater.resource.FakeApiServer;
import io.breakwater.store.CapturedNamespace;
import io.breakwater.trust.AdoptionStamps;
import io.breakwater.trust.StampFixture;
import io.fabric8.kubernetes.api.model.Namespace;
import java.io.IOException;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AdoptionStampTest {
    private static final Instant NOW = Instant.parse("2026-11-30T01:00:00Z");
    private static final String PLAIN = "{kind: Namespace, metadata: {name: shop, uid: u1}}";
    private static final String ADOPTING = annotated("breakwater.io/adopt: west/shop");

    private final List<String> asked = new ArrayList<>();
    private final FakeApiServer server;
    private final AdoptionStamps stamps = StampFixture.stamps().adoptions();
    private final AdoptionStamp webhook;

    AdoptionStampTest() throws IOException {
        server = new FakeApiServer();
        webhook = new AdoptionStamp(server.client(), TestConfig.of(Map.of()), stamps, Clock.fixed(NOW, ZoneOffset.UTC));
    }

    @AfterEach
    void close() {
        server.close();
    }

    private static String annotated(String annotations) {
        return PLAIN.replace("uid: u1", "uid: u1, annotations: {" + annotations + "}");
    }

    @Test
    void stampsTheDecisionOfAUserWithTheRight() {
        server.allow((verb, resource) -> asked.add(verb + " " + resource));

        Namespace stored = apply(Reviews.update("admin", PLAIN, ADOPTING));

        assertThat(asked).containsExactly("adopt restorepoints.breakwater.io");
        assertThat(server.requests())
                .filteredOn(r -> r.path().contains("subjectaccessreviews"))
                .allSatisfy(r -> assertThat(r.body()
                                .at("/spec/resourceAttributes")
                                .path("namespace")
                                .asText(""))
                        .as("a right in all namespaces")
                        .isEmpty())
                .isNotEmpty();
        assertThat(stamps.isUnchecked(stored)).isFalse();
        assertThat(stored.getMetadata().getAnnotations().get(Api.ADOPT_STAMP)).contains("\"username\":\"admin\"");
    }

    @Test
    void refusesAUserWithoutTheRight() {
        server.allow((verb, resource) -> false);

        for (AdmissionRequest request : List.of(
                Reviews.create("jane", ADOPTING),
                Reviews.update("jane", PLAIN, ADOPTING),
                Reviews.update("jane", ADOPTING.replace("west/shop", "west/own"), ADOPTING))) {
            assertThat(webhook.review(request).refusal())
                    .contains("user jane may not set breakwater.io/adopt on namespace shop", "breakwater-adopter");
        }
    }

    /** A restore of the operator may contain the annotation of an archive, with its stamp. */
    @Test
    void stampsNothingForBreakwaterItself() {
        Namespace stored = apply(Reviews.create(Reviews.OPERATOR, adopted("admin")));
        assertThat(stored.getMetadata().getAnnotations()).containsKey(Api.ADOPT).doesNotContainKey(Api.ADOPT_STAMP);
        assertThat(stamps.isUnchecked(apply(Reviews.update(Reviews.OPERATOR, PLAIN, ADOPTING))))
                .isTrue();
    }

    /** A label of an administrator or of a controller is no decision about the annotation. */
    @Test
    void stampsNothingWhenOtherFieldsChange() {
        String labelled = ADOPTING.replace("uid: u1", "uid: u1, labels: {a: b}");
        assertThat(stamps.isUnchecked(apply(Reviews.update("admin", ADOPTING, labelled))))
                .isTrue();
    }

    @Test
    void ignoresAStampThatAClientWrites() {
        server.allow((verb, resource) -> false);
        String admins = adopted("admin");

        assertThat(stamps.isUnchecked(apply(Reviews.update("jane", ADOPTING, admins))))
                .isTrue();
        assertThat(stamps.isUnchecked(apply(Reviews.update("jane", admins, ADOPTING))))
                .as("the stamp of an administrator stays")
                .isFalse();
        assertThat(apply(Reviews.update("jane", admins, PLAIN)).getMetadata().getAnnotations())
                .as("everyone may delete it")
                .isNullOrEmpty();
        String stampOnly = admins.replace("\"" + Api.ADOPT + "\":\"west/shop\",", "");
        assertThat(apply(Reviews.update("jane", admins, stampOnly))
                        .getMetadata()
                        .getAnnotations())
                .isNullOrEmpty();
    }

    @Test
    void bindsTheStampToNameUidAndValue() {
        Namespace stored = apply(Reviews.update("admin", PLAIN, ADOPTING));
        stored.getMetadata().setUid("u2");
        assertThat(stamps.isUnchecked(stored))
                .as("another Namespace of the name")
                .isTrue();
        stored.getMetadata().setUid("u1");
        stored.getMetadata().setName("bank");
        assertThat(stamps.isUnchecked(stored)).as("another name").isTrue();
        stored.getMetadata().setName("shop");
        stored.getMetadata().getAnnotations().put(Api.ADOPT, "west/bank");
        assertThat(stamps.isUnchecked(stored)).as("another value").isTrue();
        stored.getMetadata().getAnnotations().put(Api.ADOPT, "west/shop");
        assertThat(stamps.isUnchecked(stored)).isFalse();
        assertThat(StampFixture.foreign().adoptions().isUnchecked(stored))
                .as("another installation")
                .isTrue();
    }

    /** The webhook does not see the uid that the API server is going to generate. */
    @Test
    void bindsTheStampOfACreationToItsTime() {
        Namespace stored = apply(Reviews.create("admin", ADOPTING.replace("uid: u1, ", "")));
        stored.getMetadata().setUid("generated");
        stored.getMetadata().setCreationTimestamp("2026-11-30T01:00:01Z");
        assertThat(stamps.isUnchecked(stored)).isFalse();
        stored.getMetadata().setCreationTimestamp("2026-11-30T01:06:00Z");
        assertThat(stamps.isUnchecked(stored))
                .as("created again later, with a copy")
                .isTrue();
        stored.getMetadata().setCreationTimestamp(null);
        assertThat(stamps.isUnchecked(stored)).isTrue();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"shop", "west/", "/shop", "west/shop/c/u/more", "west/shop,", "West/shop", "west/*", "../x"})
    void refusesValuesThatAreNoIdentities(String value) {
        assertThat(webhook.review(Reviews.update("admin", PLAIN, annotated("breakwater.io/adopt: '" + value + "'")))
                        .refusal())
                .contains("<site>/<namespace>");
    }

    @Test
    void refusesAGeneratedName() {
        String generated = ADOPTING.replace("name: shop", "generateName: shop-");
        assertThat(webhook.review(Reviews.create("admin", generated)).refusal()).contains("generateName");
    }

    /** With the stamp of a user. */
    private String adopted(String user) {
        AdmissionRequest request = Reviews.update(user, PLAIN, ADOPTING);
        server.allow((verb, resource) -> true);
        String stored = Reviews.patched(request, webhook.review(request)).toString();
        server.allow((verb, resource) -> false);
        return stored;
    }

    private Namespace apply(AdmissionRequest request) {
        AdmissionResponse response = webhook.review(request);
        assertThat(response.refusal()).isNull();
        JsonNode stored = Reviews.patched(request, response);
        return server.client().getKubernetesSerialization().convertValue(stored, Namespace.class);
    }

    /** What the annotation may name matches what seals contain. */
    @Test
    void acceptsEachPartOfAnIdentity() {
        String uid = "0b5bd5f4-8a4e-4b0f-9a43-1f3a6d6a7c11";
        CapturedNamespace source = new CapturedNamespace("eu-west-1", "shop", uid, uid);
        Namespace stored = apply(
                Reviews.update("admin", PLAIN, annotated("breakwater.io/adopt: 'west/shop, " + source.path() + "'")));
        assertThat(stamps.isUnchecked(stored)).isFalse();
    }
}
