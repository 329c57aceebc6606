package io.breakwater.observe;

import io.quarkus.runtime.StartupEvent;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/** The memory that the limit of the container counts: heap, threads, code and buffers of the process. Java exports only parts of it. */
@ApplicationScoped
class ResidentMemory {
    private static final Path STATUS = Path.of("/proc/self/status");
    private static final int KIB = 1024;

    void start(@Observes StartupEvent event, Meters meters) {
        export(meters, STATUS);
    }

    /** Exports the memory of a process; nothing if the file does not exist. */
    static void export(Meters meters, Path status) {
        if (Files.isReadable(status)) {
            meters.gauge(MeterName.RESIDENT_MEMORY, () -> bytes(status));
        }
    }

    private static double bytes(Path status) {
        try (Stream<String> lines = Files.lines(status)) {
            return lines.filter(line -> line.startsWith("VmRSS:"))
                    .mapToDouble(line -> Double.parseDouble(line.replaceAll("\\D", "")) * KIB)
                    .findFirst()
                    .orElse(Double.NaN);
        } catch (IOException e) {
            return Double.NaN;
        }
    }
}
