package io.breakwater.admission;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.breakwater.api.Api;
import org.junit.jupiter.api.Test;

class AuthorStampTest {
    private static final String PLAIN = "{kind: Restore, metadata: {namespace: shop, name: r}}";
    private static final String FORGED =
            "{kind: Restore, metadata: {namespace: shop, name: r, annotations: {breakwater.io/author: 'admin', a: b}}}";

    @Test
    void recordsTheUserOfTheRequestAsAuthor() throws Exception {
        JsonNode author = new ObjectMapper().readTree(author(Reviews.create("jane", PLAIN)));
        assertThat(author.path("username").asText()).isEqualTo("jane");
        assertThat(author.at("/groups/0").asText()).isEqualTo("system:authenticated");
    }

    @Test
    void overwritesForgedAuthorsAndPreservesOtherAnnotations() {
        AdmissionRequest request = Reviews.create("jane", FORGED);
        assertThat(author(request)).contains("jane").doesNotContain("admin");
        assertThat(Reviews.patched(request, AuthorStamp.review(request))
                        .at("/metadata/annotations/a")
                        .asText())
                .isEqualTo("b");
    }

    @Test
    void anUpdateNeitherChangesNorLosesTheAuthor() {
        assertThat(author(Reviews.update("eve", FORGED, PLAIN))).isEqualTo("admin");
        assertThat(author(Reviews.update("eve", FORGED, FORGED.replace("'admin'", "'eve'"))))
                .isEqualTo("admin");
    }

    @Test
    void anAuthorCannotBeAddedLater() {
        assertThat(AuthorStamp.review(Reviews.update("eve", PLAIN, FORGED)).refusal())
                .contains(Api.AUTHOR);
        assertThat(AuthorStamp.review(Reviews.update("eve", PLAIN, PLAIN)).isAllowed())
                .isTrue();
    }

    private static String author(AdmissionRequest request) {
        return Reviews.patched(request, AuthorStamp.review(request))
                .at("/metadata/annotations")
                .path(Api.AUTHOR)
                .asText();
    }
}
