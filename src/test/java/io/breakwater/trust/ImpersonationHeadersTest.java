package io.breakwater.trust;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ImpersonationHeadersTest {
    @Test
    void namesEachAttributeOfTheAuthor() {
        assertThat(ImpersonationHeaders.of(
                        new Author("jane", "u-1", List.of("dev", "ops"), Map.of("scopes", List.of("view", "edit")))))
                .containsExactlyInAnyOrderEntriesOf(Map.of(
                        "Impersonate-User", List.of("jane"),
                        "Impersonate-Uid", List.of("u-1"),
                        "Impersonate-Group", List.of("dev", "ops"),
                        "Impersonate-Extra-scopes", List.of("view", "edit")));
    }

    @Test
    void omitsAttributesWithoutAValue() {
        assertThat(ImpersonationHeaders.of(new Author("jane", "", List.of(), Map.of("scopes", List.of()))))
                .containsExactly(Map.entry("Impersonate-User", List.of("jane")));
    }

    /** The API server changes the name to lower case and then decodes it. */
    @Test
    void encodesNamesThatAHeaderCannotHave() {
        assertThat(extra("authentication.kubernetes.io/pod-name"))
                .isEqualTo("Impersonate-Extra-authentication.kubernetes.io%2Fpod-name");
        assertThat(extra("acme.com/a%2fb:c d+e")).isEqualTo("Impersonate-Extra-acme.com%2Fa%252fb%3Ac%20d+e");
        assertThat(extra("Team")).isEqualTo("Impersonate-Extra-%54eam");
        assertThat(extra("tür\r\n")).isEqualTo("Impersonate-Extra-t%C3%BCr%0D%0A");
    }

    @Test
    void writesValuesInUtf8() {
        String value = ImpersonationHeaders.of(new Author("Jürgen 漢", "", List.of(), Map.of()))
                .get("Impersonate-User")
                .getFirst();
        assertThat(value.getBytes(StandardCharsets.ISO_8859_1)).isEqualTo("Jürgen 漢".getBytes(StandardCharsets.UTF_8));
    }

    /** Without its last character each name would be the one of another user. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "admin ",
                " admin",
                "admin\t",
                "admin\r\nImpersonate-Group: system:masters",
                "admin\0",
                "admin\uD800"
            })
    void refusesValuesThatAHeaderWouldChange(String value) {
        for (Author author : List.of(
                new Author(value, "", List.of(), Map.of()),
                new Author("jane", value, List.of(), Map.of()),
                new Author("jane", "", List.of("dev", value), Map.of()),
                new Author("jane", "", List.of(), Map.of("key", List.of(value))))) {
            assertThatThrownBy(() -> ImpersonationHeaders.of(author))
                    .isInstanceOfSatisfying(
                            BreakwaterException.class,
                            e -> assertThat(e.reason()).isEqualTo(Reason.Forbidden))
                    .hasMessageContaining("cannot be impersonated")
                    .message()
                    .doesNotContain("\r", "\n");
        }
    }

    private static String extra(String key) {
        return ImpersonationHeaders.of(new Author("jane", "", List.of(), Map.of(key, List.of("v")))).keySet().stream()
                .filter(name -> name.startsWith("Impersonate-Extra-"))
                .findFirst()
                .orElseThrow();
    }
}
