package io.breakwater.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.time.Duration;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class OutputPatternTest {
    @Test
    void matchesTheCompleteOutput() {
        assertThat(OutputPattern.of("[1-9]\\d*").matches("42")).isTrue();
        assertThat(OutputPattern.of("4").matches("42")).isFalse();
        assertThat(OutputPattern.of("a.b").matches("a\nb")).isTrue();
        String uuid = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}";
        assertThat(OutputPattern.of(uuid).matches("705ab4f5-6393-11e8-b7cc-42010a800002"))
                .isTrue();
        assertThat(OutputPattern.of("(?i)OK|fine").matches("ok")).isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = {"(a)\\1", "((a|aa)+)\\2?x", "(?=a)a", "(?<!a)b", "a++", "(?>a)", "(", "a{1001}"})
    void refusesExpressionsThatRe2DoesNotTake(String expression) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> OutputPattern.of(expression))
                .withMessageContaining("is not a valid regular expression of RE2");
    }

    @Test
    void limitsTheSizeOfExpressionAndOutput() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> OutputPattern.of("a".repeat(513)))
                .withMessageContaining("at most 512");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> OutputPattern.of("[a-z]{1000}".repeat(46)))
                .withMessageContaining("too many repetitions");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> OutputPattern.of("(".repeat(60) + "a" + "{1000})".repeat(60)))
                .withMessageContaining("too many repetitions");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> OutputPattern.of("(((a{30})\\Q\\E{30})\\Q\\E{30})"))
                .withMessageContaining("too many repetitions");
        OutputPattern any = OutputPattern.of(".*");
        assertThat(any.matches("a".repeat(65_536))).isTrue();
        assertThatIllegalArgumentException()
                .isThrownBy(() -> any.matches("a".repeat(65_537)))
                .withMessageContaining("at most 65536");
    }

    /** The engine of the JDK needs exponential or polynomial time for most of these, or overflows its stack. */
    @ParameterizedTest
    @ValueSource(strings = {"(a|aa)+x", "(a|a)*b", "a*a*a*x", ".{0,500}x", "(a?){100}x", "(.*a){80}x"})
    void matchesInLinearTime(String expression) {
        Assertions.assertTimeoutPreemptively(
                Duration.ofSeconds(10),
                () -> assertThat(OutputPattern.of(expression).matches("a".repeat(65_536)))
                        .isFalse());
    }
}
