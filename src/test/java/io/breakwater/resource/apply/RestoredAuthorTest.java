package io.breakwater.resource.apply;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.breakwater.api.Api;
import io.breakwater.api.BackupPolicy;
import io.breakwater.resource.ApiKind;
import io.breakwater.resource.FakeApiServer;
import io.breakwater.trust.Author;
import io.breakwater.trust.AuthorStamps;
import io.breakwater.trust.ContentRule;
import io.breakwater.trust.StampFixture;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Who is the author of a restored policy. */
class RestoredAuthorTest {
    private static final String OPERATOR = "system:serviceaccount:bw:breakwater-operator";
    private static final Author JANE = new Author("jane", "", List.of(), Map.of());
    private static final Author SELF = new Author(OPERATOR, "", List.of(), Map.of());

    private final FakeApiServer server;
    private final AuthorStamps stamps = StampFixture.stamps();

    RestoredAuthorTest() throws IOException {
        server = new FakeApiServer();
    }

    @AfterEach
    void close() {
        server.close();
    }

    @Test
    void theOperatorIsTheAuthorOfWhatAFailoverRestores() {
        assertThat(restoredBy(SELF, false, true)).contains(SELF);
    }

    @Test
    void theOperatorIsNotTheAuthorOfForgedContent() {
        assertThat(restoredBy(SELF, false, false)).isEmpty();
    }

    @Test
    void theAuthorOfARestoreIsTheAuthorOfItsPolicies() {
        assertThat(restoredBy(JANE, false, true)).contains(JANE);
        assertThat(restoredBy(JANE, false, false)).contains(JANE);
    }

    /** The webhook does not check what the operator writes, and a location with a valid stamp reads its Secret. */
    @Test
    void anAuthorWithoutTheRightsIsNotTheAuthorOfPolicies() {
        server.allow((verb, resource) -> !resource.equals("pods"));
        assertThat(restoredBy(JANE, false, true)).isEmpty();
        assertThat(restoredBy(SELF, false, true)).contains(SELF);
    }

    @Test
    void theWebhookStampsWhatTheAuthorWrites() {
        assertThat(restoredBy(JANE, true, true)).isEmpty();
    }

    private Optional<Author> restoredBy(Author author, boolean impersonate, boolean vouched) {
        ObjectNode policy = FakeApiServer.tree("{'apiVersion':'breakwater.io/v1alpha1','kind':'BackupPolicy',"
                + "'metadata':{'name':'p','namespace':'shop','annotations':{'" + Api.AUTHOR + "':'{}'}},"
                + "'spec':{'hooks':{'pre':[{'podSelector':{},'command':['id']}]}}}");
        AuthorCheck.of(server.client(), author, OPERATOR, impersonate)
                .signingWith(stamps)
                .with(new ContentRule(vouched, ContentRule.Asker.OPERATOR))
                .stamp(
                        new ApiKind("breakwater.io", "v1alpha1", "BackupPolicy", "backuppolicies", true, Set.of()),
                        policy);
        return stamps.author(server.client().getKubernetesSerialization().convertValue(policy, BackupPolicy.class));
    }
}
