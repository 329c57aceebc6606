package io.breakwater.fleet;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ImageOptionsTest {
    private static final int BLOCK = 1 << 16;
    private static final int MEBI = 1 << 20;

    /** Prints the size of the heap while 120 MiB are in use, and after the collection that the operator requests at rest. */
    static final class HeapProbe {
        private HeapProbe() {}

        public static void main(String[] arguments) {
            List<byte[]> blocks = new ArrayList<>();
            for (int i = 0; i < 120 * (MEBI / BLOCK); i++) {
                blocks.add(new byte[BLOCK]);
            }
            long full = Runtime.getRuntime().totalMemory();
            blocks.clear();
            System.gc();
            System.out.println(full / MEBI + " " + Runtime.getRuntime().totalMemory() / MEBI);
        }
    }

    /** The kernel ends a container whose processes retain the memory of their largest work. */
    @Test
    void theHeapIsSmallAgainAfterWork() throws Exception {
        for (List<String> options : List.of(ImageOptions.ofOperator("256m"), ImageOptions.ofGuard("192m"))) {
            String[] sizes = output(options, HeapProbe.class.getName()).strip().split(" ");

            assertThat(Integer.parseInt(sizes[0])).as("MiB of heap in use").isGreaterThanOrEqualTo(120);
            assertThat(Integer.parseInt(sizes[1])).as("MiB of heap afterwards").isLessThanOrEqualTo(24);
        }
    }

    /** Pools of threads and their buffers follow the number of cores, and a node may have many. */
    @Test
    void theMemoryDoesNotDependOnTheCoresOfTheNode() throws Exception {
        for (List<String> options : List.of(ImageOptions.ofOperator("256m"), ImageOptions.ofGuard("192m"))) {
            List<String> all = new ArrayList<>(options);
            all.add("-XX:+PrintFlagsFinal");
            assertThat(output(all, "-version"))
                    .containsPattern("ActiveProcessorCount += 4 ")
                    .containsPattern("MaxDirectMemorySize += [1-9]");
        }
    }

    private static String output(List<String> options, String program) throws Exception {
        List<String> command = new ArrayList<>(List.of(NativeMemory.tool("java").toString()));
        command.addAll(options);
        command.addAll(List.of("-cp", classes(), program));
        Process process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(text).isZero();
        return text;
    }

    private static String classes() throws URISyntaxException {
        return Path.of(HeapProbe.class
                        .getProtectionDomain()
                        .getCodeSource()
                        .getLocation()
                        .toURI())
                .toString();
    }
}
