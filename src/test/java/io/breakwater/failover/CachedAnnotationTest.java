package io.breakwater.failover;

import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.api.Api;
import io.breakwater.api.FailoverPlan;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** An annotation that is in the cache only, because its author removed it a moment ago. */
class CachedAnnotationTest {
    private static final Duration AGE = Duration.ofMinutes(5);

    @TempDir
    Path directory;

    private TwoSites sites;

    @BeforeEach
    void start() {
        sites = new TwoSites(directory);
    }

    @AfterEach
    void close() {
        sites.close();
    }

    @Test
    void discardsNoData() {
        sites.settled();
        sites.scheduledPoint(sites.east, "p1", AGE.plusSeconds(60));
        sites.east.kill();
        sites.silence(AGE);
        sites.west.edit(spec -> {
            spec.activeSite = "west";
            spec.maxDataLoss = "10m";
        });
        sites.untilActive(sites.west);
        sites.east.down = false;
        sites.east.startProcess();

        sites.until("the data of east is captured", () -> {
            FailoverPlan cached = sites.east.plan();
            cached.getMetadata().setAnnotations(Map.of(Api.DISCARD_DIVERGENT, "1"));
            sites.east.reconcile(cached);
            return sites.east.pointNames().contains("shop-e1-divergent");
        });

        assertThat(sites.east.pointNames()).contains("shop-e1-divergent");
    }
}
