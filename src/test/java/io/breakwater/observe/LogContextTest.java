package io.breakwater.observe;

import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.api.BackupLocation;
import io.breakwater.api.RestorePoint;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.javaoperatorsdk.operator.processing.MDCUtils;
import java.io.IOException;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.MDC;

class LogContextTest {
    private final RestorePoint point = named(new RestorePoint(), "nightly-1");
    private FormattedLog log;

    @BeforeEach
    void open() throws IOException {
        Thread.currentThread().setName("main");
        log = new FormattedLog();
        MDC.clear();
    }

    @Test
    void printsObjectRunAndStep() {
        try (LogContext _ = LogContext.of(point);
                LogContext _ = LogContext.of("uid-1", "Snapshot")) {
            log.info("took 2 snapshots");
        }
        assertThat(log.lines())
                .containsExactly("INFO  [io.bre.Sample] (main) [RestorePoint shop/nightly-1 3 uid-1 Snapshot] took 2"
                        + " snapshots");
    }

    @Test
    void printsTheObjectOfTheOperatorSdk() {
        MDCUtils.withMDCForResource(point, () -> log.info("reconciled"));

        assertThat(log.lines().getFirst()).contains("[RestorePoint shop/nightly-1 3  ] reconciled");
    }

    @Test
    void usesTheKeysOfTheOperatorSdk() {
        MDCUtils.addResourceInfo(point);
        Map<String, String> expected = MDC.getCopyOfContextMap();
        MDC.clear();

        try (LogContext _ = LogContext.of(point)) {
            assertThat(MDC.getCopyOfContextMap()).isEqualTo(expected).hasSize(7);
        }
    }

    @Test
    void restoresTheOuterObject() {
        try (LogContext _ = LogContext.of(point);
                LogContext _ = LogContext.of("uid-1", "Seal")) {
            try (LogContext _ = LogContext.of(named(new BackupLocation(), "blob-east"))) {
                log.info("inner");
            }
            log.info("outer");
        }
        log.info("none");

        assertThat(log.lines())
                .extracting(line -> line.substring(line.indexOf("[", 10)))
                .containsExactly(
                        "[BackupLocation shop/blob-east 3 uid-1 Seal] inner",
                        "[RestorePoint shop/nightly-1 3 uid-1 Seal] outer",
                        "[ /   ] none");
        assertThat(MDC.getCopyOfContextMap()).isNullOrEmpty();
    }

    @Test
    void handsTheContextToAnotherThread() throws InterruptedException {
        Runnable task;
        try (LogContext _ = LogContext.of(point)) {
            task = LogContext.wrap(() -> log.info("copied"));
        }

        Thread.ofVirtual().name("copier").start(task).join();

        assertThat(log.lines())
                .containsExactly("INFO  [io.bre.Sample] (copier) [RestorePoint shop/nightly-1 3  ] copied");
    }

    private static <T extends HasMetadata> T named(T object, String name) {
        object.setMetadata(new ObjectMetaBuilder()
                .withNamespace("shop")
                .withName(name)
                .withUid("uid-1")
                .withResourceVersion("42")
                .withGeneration(3L)
                .build());
        return object;
    }
}
