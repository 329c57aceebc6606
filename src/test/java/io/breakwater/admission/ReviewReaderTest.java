package io.breakwater.admission;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ReviewReaderTest {
    private static final String REVIEW = "{\"request\": {\"uid\": \"u\", \"object\": %s}}";

    private final ReviewReader reader = new ReviewReader();

    @Test
    void stopsAtTheLimitOfTokens() {
        ByteArrayInputStream body = bytes(REVIEW.formatted("[" + "{},".repeat(900_000) + "{}]"));
        int length = body.available();
        assertThatIllegalArgumentException()
                .isThrownBy(() -> reader.read(body))
                .withMessageContaining("at most 100000 JSON tokens");
        assertThat(length - body.available()).as("bytes read").isLessThan(200_000);
    }

    @Test
    void limitsLevelsNamesAndStrings() {
        assertRefused("[".repeat(300) + "]".repeat(300));
        assertRefused("{\"" + "n".repeat(20_000) + "\": 1}");
        assertRefused("\"" + "s".repeat(2_200_000) + "\"");
        assertRefused("1".repeat(2_000));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "null", "[]", "{}", "{\"request\": {\"uid\": 1}}", "{} {}", "stranger"})
    void refusesOtherDocumentsWithoutRepeatingThem(String document) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> reader.read(bytes(document)))
                .satisfies(e -> assertThat(e.getMessage()).doesNotContain("stranger"));
    }

    @Test
    void refusesALongUid() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> reader.read(bytes("{\"request\": {\"uid\": \"" + "u".repeat(200) + "\"}}")));
    }

    @Test
    void readsObjectsUnchanged() throws Exception {
        InputStream body = bytes(REVIEW.formatted("{\"spec\": {\"unknown\": [1, 2.50, \"ü\"]}}"));
        assertThat(reader.read(body).object().at("/spec/unknown").toString()).isEqualTo("[1,2.5,\"ü\"]");
    }

    private void assertRefused(String object) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> reader.read(bytes(REVIEW.formatted(object))))
                .withMessageStartingWith("the AdmissionReview is too large");
    }

    private static ByteArrayInputStream bytes(String text) {
        return new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8));
    }
}
