package io.breakwater.steps;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ReconcileExecutorTest {
    private final ReconcileExecutor executor = new ReconcileExecutor(2);
    private final CountDownLatch answer = new CountDownLatch(1);

    @AfterEach
    void stop() {
        answer.countDown();
        executor.shutdownNow();
    }

    private String awaitAnswer() {
        try {
            answer.await();
            return "answered";
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void runsOthersWhileReconciliationsWaitForAStore() throws Exception {
        List<Future<String>> hanging = IntStream.range(0, 10)
                .mapToObj(i -> executor.submit(() -> ReconcilePlace.outside(this::awaitAnswer)))
                .toList();

        assertThat(executor.submit(() -> "other").get(10, TimeUnit.SECONDS)).isEqualTo("other");

        answer.countDown();
        for (Future<String> one : hanging) {
            assertThat(one.get(10, TimeUnit.SECONDS)).isEqualTo("answered");
        }
    }

    @Test
    void runsNoMoreReconciliationsThanPlaces() throws Exception {
        CountDownLatch started = new CountDownLatch(2);
        List<Future<?>> tasks = IntStream.range(0, 3)
                .<Future<?>>mapToObj(i -> executor.submit(() -> {
                    started.countDown();
                    awaitAnswer();
                }))
                .toList();

        assertThat(started.await(10, TimeUnit.SECONDS)).isTrue();
        assertThat(executor.taken()).isEqualTo(2);
        assertThat(executor.shutdownNow()).as("tasks that wait for a place").hasSize(1);
        answer.countDown();
        assertThat(executor.awaitTermination(10, TimeUnit.SECONDS)).isTrue();
        assertThat(tasks).hasSize(3);
    }

    @Test
    void hasItsPlaceAgainAfterTheAnswer() throws Exception {
        answer.countDown();
        assertThat(executor.submit(() -> List.of(
                                ReconcilePlace.isHeld(),
                                ReconcilePlace.outside(ReconcilePlace::isHeld),
                                ReconcilePlace.isHeld()))
                        .get(10, TimeUnit.SECONDS))
                .containsExactly(true, false, true);
    }

    @Test
    void reportsARequestFromAPlace() throws Exception {
        boolean before = ReconcilePlace.isStrict;
        ReconcilePlace.isStrict = true;
        try {
            Future<?> request = executor.submit(() -> ReconcilePlace.forbid("S3"));
            assertThatThrownBy(() -> request.get(10, TimeUnit.SECONDS)).hasMessageContaining("S3 was called");
            executor.submit(() -> ReconcilePlace.outside(() -> {
                        ReconcilePlace.forbid("S3");
                        return null;
                    }))
                    .get(10, TimeUnit.SECONDS);
        } finally {
            ReconcilePlace.isStrict = before;
        }
    }

    @Test
    void endsAfterItsTasks() throws Exception {
        Future<String> last = executor.submit(() -> ReconcilePlace.outside(this::awaitAnswer));
        executor.shutdown();

        assertThatThrownBy(() -> executor.execute(() -> {})).isInstanceOf(RejectedExecutionException.class);
        assertThat(executor.isTerminated()).isFalse();
        answer.countDown();
        assertThat(executor.awaitTermination(10, TimeUnit.SECONDS)).isTrue();
        assertThat(last.get()).isEqualTo("answered");
    }
}
