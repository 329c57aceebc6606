package io.breakwater.database;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class BoundedOutputTest {
    private final BoundedOutput output = new BoundedOutput();

    @Test
    void storesShortOutputUnchanged() {
        print("one\n", 1);
        print("two\n", 1);

        assertThat(output.text()).isEqualTo("one\ntwo\n");
        assertThat(output.omitted()).isZero();
    }

    @Test
    void storesOutputUpToBothPartsUnchanged() {
        String line = "0123456789abcdef";
        print(line, 2 * BoundedOutput.PART / line.length());

        assertThat(output.text()).isEqualTo(line.repeat(2 * BoundedOutput.PART / line.length()));
        assertThat(output.omitted()).isZero();
    }

    @Test
    void storesTheStartAndTheEndAndCountsTheRest() {
        print("start", 1);
        print("x".repeat(100_000), 4);
        print("end", 1);

        assertThat(output.omitted()).isEqualTo(400_008 - 2 * BoundedOutput.PART);
        assertThat(output.text())
                .startsWith("startxxx")
                .endsWith("xxxend")
                .contains("\n… " + output.omitted() + " bytes omitted …\n")
                .hasSizeLessThan(2 * BoundedOutput.PART + 100);
    }

    @Test
    void reportsTheLimit() {
        print("x".repeat(1 << 20), 16);
        assertThat(output.exceeded()).isNotDone();

        print("x", 1);
        assertThat(output.exceeded()).isDone();
    }

    private void print(String text, int times) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        for (int i = 0; i < times; i++) {
            output.write(bytes, 0, bytes.length);
        }
    }
}
