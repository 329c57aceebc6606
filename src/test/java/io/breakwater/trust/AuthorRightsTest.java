package io.breakwater.trust;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import io.breakwater.api.BreakwaterException;
import io.breakwater.resource.FakeApiServer;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class AuthorRightsTest {
    private static final String OPERATOR = "system:serviceaccount:bw:operator";
    private static final Author JANE = new Author("jane", "u1", List.of("dev"), Map.of("scopes", List.of("a", "b")));

    private final FakeApiServer server;

    AuthorRightsTest() throws IOException {
        server = new FakeApiServer();
    }

    @AfterEach
    void close() {
        server.close();
    }

    @Test
    void asksForTheAuthorWithAllAttributes() {
        assertThat(rights(JANE).may("create", "", "pods", "exec", "", "shop")).isTrue();
        JsonNode spec = server.requests().getLast().body().path("spec");
        assertThat(spec.path("user").asText()).isEqualTo("jane");
        assertThat(spec.path("uid").asText()).isEqualTo("u1");
        assertThat(spec.path("groups").toString()).isEqualTo("[\"dev\"]");
        assertThat(spec.at("/extra/scopes").toString()).isEqualTo("[\"a\",\"b\"]");
        JsonNode attributes = spec.path("resourceAttributes");
        assertThat(attributes.path("subresource").asText()).isEqualTo("exec");
        assertThat(attributes.path("namespace").asText()).isEqualTo("shop");
        assertThat(attributes.has("name")).isFalse();
    }

    @Test
    void reportsTheVerbsThatTheAuthorLacks() {
        server.allow((verb, resource) -> verb.equals("get") && resource.equals("deployments.apps"));
        assertThat(rights(JANE).lacks(List.of("get", "create"), "apps", "deployments", "shop"))
                .containsExactly("create");
    }

    @Test
    void asksOnceForEachRight() {
        AuthorRights rights = rights(JANE);
        for (int i = 0; i < 3; i++) {
            rights.may("get", "", "secrets", "", "keys", "shop");
            rights.may("get", "", "secrets", "", "other", "shop");
        }
        assertThat(server.requests()).hasSize(2);
    }

    @Test
    void theOperatorMayDoEverything() {
        server.allow((verb, resource) -> false);
        Author operator = new Author(AuthorRights.operator(server.client()), "", List.of(), Map.of());
        assertThat(rights(operator).may("delete", "", "nodes", "", "", "")).isTrue();
        assertThat(rights(JANE).may("delete", "", "nodes", "", "", "")).isFalse();
    }

    @Test
    void doesNotAnswerWhileTheApiServerDoesNot() {
        server.refuse((method, path) -> 403);
        assertThatThrownBy(() -> rights(JANE).may("get", "", "secrets", "", "", "shop"))
                .isInstanceOfSatisfying(
                        BreakwaterException.class,
                        e -> assertThat(e.isRetryable()).isTrue())
                .hasMessageContaining("jane")
                .hasMessageContaining("subjectaccessreviews");
        server.refuse((method, path) -> 0);
        assertThat(rights(JANE).may("get", "", "secrets", "", "", "shop")).isTrue();
    }

    @Test
    void doesNotKnowTheOperatorWithoutTheApiServer() {
        server.refuse((method, path) -> 401);
        assertThatThrownBy(() -> AuthorRights.operator(server.client())).isInstanceOf(BreakwaterException.class);
    }

    private AuthorRights rights(Author author) {
        return new AuthorRights(server.client(), author, OPERATOR);
    }
}
