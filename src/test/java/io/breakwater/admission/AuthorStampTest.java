package io.breakwater.admission;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.breakwater.api.Api;
import io.breakwater.api.BackupLocation;
import io.breakwater.api.BackupPolicy;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.FailoverPlan;
import io.breakwater.api.Restore;
import io.breakwater.api.Verification;
import io.breakwater.config.TestConfig;
import io.breakwater.resource.FakeApiServer;
import io.breakwater.trust.Author;
import io.breakwater.trust.AuthorStamps;
import io.breakwater.trust.StampFixture;
import io.fabric8.kubernetes.api.model.HasMetadata;
import java.io.IOException;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class AuthorStampTest {
    private static final String OPERATOR = Reviews.OPERATOR;
    private static final String GATEWAY = "system:serviceaccount:breakwater-system:breakwater-gateway";
    private static final String RESTORE =
            "{kind: Restore, metadata: {namespace: shop, name: r}, spec: {restorePointRef: {name: p}}}";
    private static final String VERIFICATION =
            "{kind: Verification, metadata: {namespace: shop, name: v}, spec: {policyRef: {name: p}}}";
    private static final String PLAIN =
            "{kind: BackupPolicy, metadata: {namespace: shop, name: p}, spec: {locationRef: {name: l}}}";
    private static final String HOOKED = "{kind: BackupPolicy, metadata: {namespace: shop, name: p},"
            + " spec: {locationRef: {name: l}, hooks: {pre: [{podSelector: {}, command: [id]}]}}}";
    private static final String LOCATION = "{kind: BackupLocation, metadata: {namespace: shop, name: l},"
            + " spec: {s3: {bucket: bbb, endpoint: 'https://s3.example', credentialsSecretRef: {name: keys}}}}";

    private static final String PLAN = "{kind: FailoverPlan, metadata: {namespace: shop, name: f}, spec: {sites:"
            + " [{name: east, locationRef: {name: l}}, {name: west, locationRef: {name: m}}], activeSite: east,"
            + " rendezvousRef: {name: r}, policyRef: {name: p}}}";

    private final FakeApiServer server;
    private final AuthorStamps stamps = StampFixture.stamps();
    private final AuthorStamp webhook;

    AuthorStampTest() throws IOException {
        server = new FakeApiServer();
        webhook = new AuthorStamp(server.client(), TestConfig.of(Map.of()), stamps);
    }

    @AfterEach
    void close() {
        server.close();
    }

    @ParameterizedTest
    @ValueSource(strings = {RESTORE, VERIFICATION, PLAIN, HOOKED, LOCATION, PLAN})
    void recordsTheCreatorAsAuthor(String object) {
        String created = apply(Reviews.create("jane", object));
        assertThat(author(created).map(Author::username)).contains("jane");
        assertThat(author(created).orElseThrow().groups()).containsExactly("system:authenticated");
    }

    @ParameterizedTest
    @ValueSource(strings = {RESTORE, VERIFICATION, PLAIN, LOCATION})
    void overwritesForgedAndCopiedStamps(String object) {
        String admins = apply(Reviews.create("admin", object));
        assertThat(author(apply(Reviews.create("jane", admins))).map(Author::username))
                .contains("jane");
        assertThat(author(apply(Reviews.create(GATEWAY, admins))).map(Author::username))
                .contains(GATEWAY);
        String others = annotated(object, "b", "c");
        assertThat(apply(Reviews.create("jane", others))).contains("\"b\":\"c\"");
    }

    @ParameterizedTest
    @ValueSource(strings = {RESTORE, VERIFICATION})
    void anAttemptBelongsToItsCreator(String object) {
        String janes = apply(Reviews.create("jane", object));
        for (String user : new String[] {"admin", OPERATOR}) {
            assertThat(author(apply(Reviews.update(user, janes, annotated(janes, Api.AUTHOR, "{}"))))
                            .map(Author::username))
                    .contains("jane");
            assertThat(author(apply(Reviews.update(user, janes, object))).map(Author::username))
                    .contains("jane");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {RESTORE, VERIFICATION})
    void anAttemptFromATimeWithoutTheWebhookNeverGetsAnAuthor(String object) {
        String janes = apply(Reviews.create("jane", object));
        assertThat(apply(Reviews.update("jane", object, janes))).doesNotContain(Api.AUTHOR);
        assertThat(apply(Reviews.update("jane", object, object))).doesNotContain(Api.AUTHOR);
        assertThat(apply(Reviews.update(OPERATOR, object, object))).doesNotContain(Api.AUTHOR);
    }

    @Test
    void aUserWithTheRightsRenewsTheStamp() {
        String janes = apply(Reviews.create("jane", HOOKED));
        assertThat(author(apply(Reviews.update("john", janes, janes))).map(Author::username))
                .as("the rights of jane still suffice")
                .contains("jane");
        assertThat(author(apply(Reviews.update("john", janes, HOOKED.replace("[id]", "[ls]"))))
                        .map(Author::username))
                .contains("john");
        AtomicInteger questions = new AtomicInteger();
        server.allow((verb, asked) -> questions.getAndIncrement() > 0);
        assertThat(author(apply(Reviews.update("john", janes, janes))).map(Author::username))
                .as("jane has lost her right")
                .contains("john");
        server.allow((verb, asked) -> true);
        assertThat(author(apply(Reviews.update("john", HOOKED, HOOKED))).map(Author::username))
                .contains("john");
    }

    /** Who fails over needs no rights for the objects of the application. */
    @Test
    void aPlanBelongsToTheLastUserWhoChangedItsSites() {
        String janes = apply(Reviews.create("jane", PLAN));
        String moved = PLAN.replace("activeSite: east", "activeSite: west");
        assertThat(author(apply(Reviews.update("john", janes, moved))).map(Author::username))
                .contains("jane");
        assertThat(author(apply(Reviews.update("john", janes, PLAN.replace("name: m}", "name: mine}"))))
                        .map(Author::username))
                .contains("john");
        assertThat(author(apply(Reviews.update("john", PLAN, moved))).map(Author::username))
                .contains("john");
        assertThat(author(apply(Reviews.update(OPERATOR, janes, janes))).map(Author::username))
                .contains("jane");
    }

    /** A plan gives its namespace the points of the namespaces of the same name on its sites. */
    @Test
    void aPlanNeedsTheRightToAdopt() {
        String janes = apply(Reviews.create("jane", PLAN));
        deny("restorepoints.breakwater.io");
        assertThat(refusal(Reviews.create("john", PLAN)))
                .isEqualTo("spec.sites: user john needs the right to adopt restorepoints in all namespaces");
        assertThat(refusal(Reviews.update("john", janes, PLAN.replace("name: west", "name: north"))))
                .startsWith("spec.sites: ");
        String moved = janes.replace("\"activeSite\":\"east\"", "\"activeSite\":\"west\"");
        assertThat(author(apply(Reviews.update("john", janes, moved))).map(Author::username))
                .as("a failover needs no such right")
                .contains("jane");
        String unstamped = apply(Reviews.update("john", PLAN, PLAN.replace("activeSite: east", "activeSite: west")));
        assertThat(unstamped).contains("\"activeSite\":\"west\"");
        assertThat(author(unstamped))
                .as("nor does that of a plan without an author")
                .isEmpty();
    }

    @Test
    void aUserWithoutTheRightsChangesOtherFieldsOnly() {
        String janes = apply(Reviews.create("jane", HOOKED));
        deny("pods");
        String suspended = apply(Reviews.update("john", janes, HOOKED.replace("spec: {", "spec: {suspend: true, ")));
        assertThat(suspended).contains("\"suspend\":true");
        assertThat(author(suspended).map(Author::username)).contains("jane");
        assertThat(refusal(Reviews.update("john", janes, janes.replace("\"id\"", "\"env\""))))
                .isEqualTo("spec.hooks.pre: user john needs the right to create pods/exec in namespace shop");
        assertThat(refusal(Reviews.create("john", HOOKED))).startsWith("spec.hooks.pre: ");
        assertThat(webhook.review(Reviews.create("john", PLAIN)).isAllowed()).isTrue();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
        hooks: {post: [{podSelector: {}, command: [x]}]}                       | spec.hooks.post
        databases: [{name: d, postgresql: {podSelector: {}}}]                  | spec.databases
        verification: {checks: [{name: c, podSelector: {}, command: [x]}]}     | spec.verification.checks
        """)
    void everyCommandNeedsTheRightToRunCommands(String field, String named) {
        String wanted = PLAIN.replace("spec: {", "spec: {" + field + ", ");
        assertThat(webhook.review(Reviews.create("john", wanted)).isAllowed()).isTrue();
        deny("pods");
        assertThat(refusal(Reviews.create("john", wanted))).startsWith(named + ": user john");
        assertThat(refusal(Reviews.update("john", PLAIN, wanted))).startsWith(named + ": user john");
        String deleted = wanted.replace("name: p}", "name: p, deletionTimestamp: '2026-01-01T00:00:00Z'}");
        assertThat(refusal(Reviews.create("john", deleted))).startsWith(named + ": user john");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
        endpoint: 'https://s3.example' | endpoint: 'https://thief.example'
        bucket: bbb                    | bucket: ccc
        {name: keys}                   | {name: other}
        """)
    void aUserWithoutTheSecretDoesNotChangeTheStore(String old, String changed) {
        String janes = apply(Reviews.create("jane", LOCATION));
        deny("secrets");
        assertThat(refusal(Reviews.update("john", janes, LOCATION.replace(old, changed))))
                .startsWith("spec.s3.credentialsSecretRef: user john needs the right to get secrets/");
        assertThat(author(apply(Reviews.update("john", janes, LOCATION))).map(Author::username))
                .contains("jane");
    }

    @Test
    void escrowNeedsTheMasterKey() {
        String escrow = LOCATION.replace("spec: {", "spec: {encryption: {escrowSecretRef: {name: mine}}, ");
        assertThat(webhook.review(Reviews.create("john", escrow)).isAllowed()).isTrue();
        server.allow((verb, resource) -> false);
        assertThat(refusal(Reviews.create("john", escrow)))
                .contains("spec.encryption.escrowSecretRef: user john needs the right to get secrets/mine")
                .contains("spec.encryption.escrowSecretRef: user john needs the right to get"
                        + " secrets/breakwater-master-key");
    }

    @Test
    void administratorsNeedNoFurtherRights() {
        server.allow((verb, resource) -> false);
        String system = HOOKED.replace("namespace: shop", "namespace: breakwater-system");
        assertThat(author(apply(Reviews.create("admin", system))).map(Author::username))
                .contains("admin");
    }

    @ParameterizedTest
    @ValueSource(strings = {HOOKED, LOCATION, VERIFICATION})
    void theOperatorHandsOnTheAuthor(String object) {
        server.allow((verb, resource) -> false);
        HasMetadata typed = typed(object);
        stamps.sign(new Author("jane", "", java.util.List.of(), Map.of()), typed);
        String handed = annotated(
                object, Api.AUTHOR, typed.getMetadata().getAnnotations().get(Api.AUTHOR));
        assertThat(author(apply(Reviews.create(OPERATOR, handed))).map(Author::username))
                .contains("jane");
    }

    @Test
    void aManagedPolicyChangesTogetherWithItsAuthor() {
        HasMetadata typed = typed(HOOKED.replace("[id]", "[env]"));
        stamps.sign(new Author("admin", "", java.util.List.of(), Map.of()), typed);
        String janes = apply(Reviews.create("jane", HOOKED));
        String handed = annotated(
                HOOKED.replace("[id]", "[env]"),
                Api.AUTHOR,
                typed.getMetadata().getAnnotations().get(Api.AUTHOR));
        assertThat(author(apply(Reviews.update(OPERATOR, janes, handed))).map(Author::username))
                .contains("admin");
    }

    /** Otherwise a finalizer or an annotation that the operator sets would make a stranger's commands its own. */
    @ParameterizedTest
    @ValueSource(strings = {HOOKED, LOCATION})
    void theOperatorNeverBecomesTheAuthorOfOthersWork(String object) {
        assertThat(author(apply(Reviews.create(OPERATOR, object)))).isEmpty();
        assertThat(author(apply(Reviews.update(OPERATOR, object, object)))).isEmpty();
        String janes = apply(Reviews.create("jane", object));
        assertThat(author(apply(Reviews.update(OPERATOR, janes, janes))).map(Author::username))
                .contains("jane");
        assertThat(author(apply(Reviews.update(OPERATOR, janes, object))).map(Author::username))
                .contains("jane");
    }

    @Test
    void theOperatorIsTheAuthorOfItsOwnAttempts() {
        assertThat(author(apply(Reviews.create(OPERATOR, RESTORE))).map(Author::username))
                .contains(OPERATOR);
        String unknown = annotated(VERIFICATION, Api.AUTHOR, "{}");
        assertThat(author(apply(Reviews.create(OPERATOR, unknown)))).isEmpty();
    }

    @Test
    void refusesWhileRightsCannotBeChecked() {
        server.refuse((method, path) -> 403);
        assertThatThrownBy(() -> webhook.review(Reviews.create("jane", HOOKED)))
                .isInstanceOf(BreakwaterException.class)
                .hasMessageContaining("cannot be checked");
    }

    @Test
    void doesNotReviewOtherKinds() {
        assertThat(AuthorStamp.resources())
                .containsExactly("backuplocations", "backuppolicies", "failoverplans", "restores", "verifications");
        assertThat(webhook.review(Reviews.create("jane", "{kind: RestorePoint, metadata: {namespace: shop}}"))
                        .patch())
                .isEmpty();
    }

    private void deny(String resource) {
        server.allow((verb, asked) -> !asked.equals(resource));
    }

    private String refusal(AdmissionRequest request) {
        return webhook.review(request).refusal();
    }

    private String apply(AdmissionRequest request) {
        AdmissionResponse response = webhook.review(request);
        assertThat(response.refusal()).isNull();
        return Reviews.patched(request, response).toString();
    }

    private Optional<Author> author(String object) {
        return stamps.author(typed(object));
    }

    private static String annotated(String object, String name, String value) {
        var json = (com.fasterxml.jackson.databind.node.ObjectNode) Reviews.yaml(object);
        json.withObject("/metadata").withObjectProperty("annotations").put(name, value);
        return json.toString();
    }

    private HasMetadata typed(String object) {
        var json = Reviews.yaml(object);
        Class<? extends HasMetadata> type = switch (json.path("kind").asText()) {
            case "Restore" -> Restore.class;
            case "Verification" -> Verification.class;
            case "BackupPolicy" -> BackupPolicy.class;
            case "FailoverPlan" -> FailoverPlan.class;
            default -> BackupLocation.class;
        };
        return server.client().getKubernetesSerialization().convertValue(json, type);
    }
}
