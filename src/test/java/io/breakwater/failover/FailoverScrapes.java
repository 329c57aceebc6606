package io.breakwater.failover;

import io.breakwater.api.Condition;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;

/** What the real controllers of two sites export. */
public final class FailoverScrapes {
    private static final Duration SILENCE = Duration.ofMinutes(5);

    private FailoverScrapes() {}

    /** The new active site after a planned failover. */
    public static String afterFailover(Path directory) throws IOException {
        try (TwoSites sites = new TwoSites(Files.createDirectories(directory.resolve("planned")))) {
            sites.settled();
            sites.west.edit(s -> s.activeSite = "west");
            sites.untilActive(sites.west);
            return sites.west.metrics.scrape();
        }
    }

    /** A passive site that refuses a failover, because too much data would be lost. */
    public static String stalled(Path directory) throws IOException {
        try (TwoSites sites = new TwoSites(Files.createDirectories(directory.resolve("lost")))) {
            sites.settled();
            sites.scheduledPoint(sites.east, "p1", SILENCE.plusSeconds(60));
            sites.east.kill();
            sites.silence(SILENCE);
            sites.west.edit(s -> {
                s.activeSite = "west";
                s.maxDataLoss = "50s";
            });
            sites.until("west refuses", () -> sites.west.status().holds(Condition.STALLED));
            return sites.west.metrics.scrape();
        }
    }
}
