package io.breakwater.fleet;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** What the memory of a JVM is used for, by its native memory tracking. The process needs {@link #OPTION}. */
final class NativeMemory {
    static final String OPTION = "-XX:NativeMemoryTracking=summary";

    private static final Pattern AREA =
            Pattern.compile("(?m)^(?:-\\s+)?(\\w[\\w ]*?)[ :]\\s*\\(?reserved=\\d+KB, committed=(\\d+)KB");
    private static final int KIBI = 1 << 10;

    private NativeMemory() {}

    /** A program of the JDK that runs this test. */
    static Path tool(String name) {
        return Path.of(System.getProperty("java.home"), "bin", name);
    }

    /** Committed bytes by area; {@code Total} is the sum. */
    static Map<String, Long> of(long pid) {
        try {
            Process process = new ProcessBuilder(tool("jcmd").toString(), "" + pid, "VM.native_memory", "summary")
                    .redirectErrorStream(true)
                    .start();
            return parse(new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static Map<String, Long> parse(String report) {
        Map<String, Long> areas = new TreeMap<>();
        Matcher area = AREA.matcher(report);
        while (area.find()) {
            areas.put(area.group(1), Long.parseLong(area.group(2)) * KIBI);
        }
        return areas;
    }

    /** The areas that grew, as text in MiB. */
    static String growth(Map<String, Long> before, Map<String, Long> after) {
        return after.entrySet().stream()
                .filter(area -> Math.abs(area.getValue() - before.getOrDefault(area.getKey(), 0L)) >= KIBI * KIBI / 10)
                .map(area -> "%s %.1f -> %.1f"
                        .formatted(
                                area.getKey(),
                                FleetFigures.mebi(before.getOrDefault(area.getKey(), 0L)),
                                FleetFigures.mebi(area.getValue())))
                .collect(Collectors.joining(", "));
    }
}
