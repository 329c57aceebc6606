package io.breakwater.mover;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.breakwater.api.BoundedJson;
import io.breakwater.api.Durations;
import io.breakwater.api.TransferStatus;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * Progress of one mover, from the status lines of restic ({@code backup --json} and {@code restore --json}).
 *
 * @param done bytes
 * @param total bytes that restic has counted so far
 * @param seconds since the start
 */
public record MoverProgress(long done, long total, long seconds) {
    private static final ObjectMapper JSON = BoundedJson.mapper();
    /** Start of a line of restic with a status. Each parsed line costs far more memory than its bytes. */
    private static final String STATUS = "{\"message_type\":\"status\"";

    private static final String[] UNITS = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};

    /** The newest status in the last lines of a log; empty without one. */
    static Optional<MoverProgress> of(String log) {
        return log.lines().filter(line -> line.startsWith(STATUS)).toList().reversed().stream()
                .map(MoverProgress::line)
                .flatMap(Optional::stream)
                .findFirst();
    }

    private static Optional<MoverProgress> line(String line) {
        try {
            JsonNode status = JSON.readTree(line);
            long done = status.path("bytes_done")
                    .asLong(status.path("bytes_restored").asLong());
            return Optional.of(new MoverProgress(
                    done,
                    status.path("total_bytes").asLong(),
                    status.path("seconds_elapsed").asLong()));
        } catch (JsonProcessingException e) {
            return Optional.empty(); // the log contains only a part of the line
        }
    }

    /**
     * The progress of all movers, for a status.
     *
     * @param before bytes of finished volumes
     * @param running progress of the movers that run
     */
    public static TransferStatus transfer(long before, List<MoverProgress> running) {
        TransferStatus t = new TransferStatus();
        t.bytesDone = before + running.stream().mapToLong(MoverProgress::done).sum();
        t.bytesTotal = before
                + running.stream().mapToLong(p -> Math.max(p.done, p.total)).sum();
        long rate = running.stream()
                .filter(p -> p.seconds > 0)
                .mapToLong(p -> p.done / p.seconds)
                .sum();
        String summary = size(t.bytesDone) + " of " + size(t.bytesTotal);
        if (rate > 0) {
            t.bytesPerSecond = rate;
            t.secondsLeft = Math.ceilDiv(t.bytesTotal - t.bytesDone, rate);
            summary += ", " + size(rate) + "/s, " + Durations.format(Duration.ofSeconds(t.secondsLeft)) + " left";
        }
        t.summary = summary;
        return t;
    }

    private static String size(long bytes) {
        double size = bytes;
        int unit = 0;
        while (size >= 1024 && unit < UNITS.length - 1) {
            size /= 1024;
            unit++;
        }
        return String.format(Locale.ROOT, unit == 0 || size >= 100 ? "%.0f %s" : "%.1f %s", size, UNITS[unit]);
    }
}
