package io.breakwater.steps;

import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.api.RestorePoint;
import io.breakwater.observe.FormattedLog;
import io.breakwater.observe.LogContext;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.MDC;

/** Work on virtual threads logs with the context of the reconcile that started it. */
class LogContextOfThreadsTest {
    private static final String CONTEXT = "[RestorePoint shop/nightly-1 3 uid-1 Snapshot]";

    private final RestorePoint point = new RestorePoint();
    private FormattedLog log;

    @BeforeEach
    void open() throws IOException {
        MDC.clear();
        log = new FormattedLog();
        point.setMetadata(new ObjectMetaBuilder()
                .withNamespace("shop")
                .withName("nightly-1")
                .withGeneration(3L)
                .build());
    }

    @Test
    void logsTheContextInActivities() throws InterruptedException {
        CountDownLatch ended = new CountDownLatch(1);
        CountDownLatch left = new CountDownLatch(1);
        try (LogContext _ = LogContext.of(point);
                LogContext _ = LogContext.of("uid-1", "Snapshot")) {
            new Activities()
                    .poll(
                            "uid-1/cut",
                            () -> {
                                left.await();
                                log.info("in an activity");
                                return true;
                            },
                            ended::countDown);
        }
        left.countDown();

        assertThat(ended.await(10, TimeUnit.SECONDS)).isTrue();
        assertThat(log.lines()).singleElement().asString().endsWith(CONTEXT + " in an activity");
    }

    @Test
    void logsTheContextInParallelTasks() {
        try (LogContext _ = LogContext.of(point);
                LogContext _ = LogContext.of("uid-1", "Snapshot")) {
            Parallel.each(2, List.of("a", "b", "c"), item -> log.info("item " + item));
        }
        assertThat(log.lines()).hasSize(3).allSatisfy(line -> assertThat(line).contains(CONTEXT + " item "));
    }
}
