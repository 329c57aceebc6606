package io.breakwater.fleet;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The options of the JVM and the variables that a container of the image has, as the Dockerfile and the chart set them. So the
 * memory of a measured process is that of the product.
 */
final class ImageOptions {
    private static final Path DOCKERFILE = Path.of("images/breakwater/Dockerfile");
    private static final Path TEMPLATE = Path.of("deploy/helm/breakwater/templates/_helpers.tpl");
    private static final Pattern ENTRYPOINT = Pattern.compile("(?m)^ENTRYPOINT \\[(.*)]$");
    private static final Pattern VARIABLES = Pattern.compile("(?m)^ENV (.*)$");
    private static final Pattern OF_GUARD = Pattern.compile("JDK_JAVA_OPTIONS, value: \\{\\{ printf \"([^\"]*)\"");

    private ImageOptions() {}

    /** All options of the image, for a process in a container or in a control group. */
    static List<String> inContainer() {
        return image().toList();
    }

    /**
     * Options of the process of the operator.
     *
     * @param heap such as {@code 256m}; it replaces the share of the limit of the container, which this machine does not have
     */
    static List<String> ofOperator(String heap) {
        return sized(heap, image());
    }

    /** Options of the process of the guard. */
    static List<String> ofGuard(String heap) {
        Stream<String> chart =
                Stream.of(group(TEMPLATE, OF_GUARD).formatted(heap).split(" "));
        return sized(heap, Stream.concat(chart, image())); // those of the image come last, and win
    }

    private static Stream<String> image() {
        return Stream.of(group(DOCKERFILE, ENTRYPOINT).split(", "))
                .map(quoted -> quoted.substring(1, quoted.length() - 1))
                .filter(option -> option.startsWith("-X") || option.startsWith("-D"))
                .filter(option -> !option.startsWith("-Djava.io.tmpdir="));
    }

    /** The JVM must not size itself by the memory of this machine: its first heap would be as large as the largest one. */
    private static List<String> sized(String heap, Stream<String> options) {
        List<String> sized = new ArrayList<>(List.of("-Xms8m", "-Xmx" + heap));
        options.filter(option -> !option.contains("RAMPercentage")).forEach(sized::add);
        return sized;
    }

    /** Variables of the image. */
    static Map<String, String> variables() {
        String[] pair = group(DOCKERFILE, VARIABLES).split("=", 2);
        return Map.of(pair[0], pair[1]);
    }

    private static String group(Path file, Pattern pattern) {
        try {
            Matcher found = pattern.matcher(Files.readString(file));
            if (!found.find()) {
                throw new IllegalStateException(file + " has no " + pattern);
            }
            return found.group(1);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
