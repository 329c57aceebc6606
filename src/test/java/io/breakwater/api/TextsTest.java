package io.breakwater.api;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

class TextsTest {
    @Test
    void namesTheFirstItemsAndCountsTheRest() {
        assertThat(Texts.first(List.of("a", "b", "c"), 3)).isEqualTo("a, b, c");
        assertThat(Texts.first(List.of("a", "b", "c", "d"), 2)).isEqualTo("a, b and 2 more");
        assertThat(Texts.first(List.of(), 2)).isEmpty();
    }

    @Test
    void cutsTextsToTheGivenLength() {
        assertThat(Texts.cut("abcde", 5)).isEqualTo("abcde");
        assertThat(Texts.cut("abcdef", 5)).isEqualTo("abcd…");
        assertThat(Texts.tail("abcdef", 5)).isEqualTo("…cdef");
    }

    @Test
    void replacesCharactersThatCannotBePrinted() {
        assertThat(Texts.line("a\nb\u001b[31m\u202e\u2028ü", 20)).isEqualTo("a?b?[31m??ü");
        assertThat(Texts.line("abcdef", 5)).isEqualTo("abcd…");
        assertThat(Texts.line(null, 5)).isEqualTo("null");
    }

    @Test
    void computesKnownDigests() {
        assertThat(Digests.sha256Hex("abc"))
                .isEqualTo("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        // RFC 4231, test case 2
        assertThat(Digests.hmacHex("Jefe".getBytes(StandardCharsets.US_ASCII), "what do ya want for nothing?"))
                .isEqualTo("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    }
}
