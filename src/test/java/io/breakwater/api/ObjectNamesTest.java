package io.breakwater.api;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ObjectNamesTest {
    @ParameterizedTest
    @ValueSource(
            strings = {"a", "0", "east", "east-2", "a234567890123456789012345678901234567890123456789012345678901-3"})
    void acceptsLabels(String text) {
        assertThat(ObjectNames.isLabel(text)).isTrue();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "-",
                "-a",
                "a-",
                "A",
                "a.b",
                "a/b",
                "..",
                "a b",
                "a\n",
                "a234567890123456789012345678901234567890123456789012345678901234"
            })
    void refusesOtherTexts(String text) {
        assertThat(ObjectNames.isLabel(text)).isFalse();
    }
}
