package io.breakwater.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class CallLimitTest {
    private static final CallLimit.Bounds SHORT = new CallLimit.Bounds(Duration.ofMillis(200), Duration.ofSeconds(30));

    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final CountDownLatch answer = new CountDownLatch(1);
    private final List<String> events = new ArrayList<>();

    private final CallLimit.Listener listener = new CallLimit.Listener() {
        @Override
        public void refused() {
            events.add("refused");
        }
    };

    @AfterEach
    void stop() {
        answer.countDown();
        threads.close();
    }

    private String awaitAnswer() {
        try {
            answer.await();
            return "answered";
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private static BreakwaterException unanswered() {
        return BreakwaterException.retryable(Reason.StoreUnavailable, "no answer", new TimeoutException());
    }

    @Test
    void limitsTheCallsInFlight() {
        CallLimit limit = new CallLimit("BackupLocation a/east");
        List<Future<String>> calls = new ArrayList<>();
        for (int i = 0; i < CallLimit.MOST + 5; i++) {
            calls.add(threads.submit(() -> limit.call("head x", this::awaitAnswer)));
        }

        await().until(() -> limit.state().waiting() == 5);
        assertThat(limit.state().inFlight()).isEqualTo(CallLimit.MOST);
        answer.countDown();
        assertThat(calls).allSatisfy(call -> assertThat(call.get()).isEqualTo("answered"));
        assertThat(limit.state().inFlight()).isZero();
    }

    @Test
    void failsAfterABoundedWaitAndNamesTheLocation() {
        CallLimit limit = new CallLimit("BackupLocation a/east", SHORT, listener);
        for (int i = 0; i < CallLimit.MOST; i++) {
            threads.execute(() -> limit.call("head x", this::awaitAnswer));
        }
        await().until(() -> limit.state().inFlight() == CallLimit.MOST);

        assertThatThrownBy(() -> limit.call("head y", () -> "never"))
                .hasMessageContaining("BackupLocation a/east")
                .hasMessageContaining("head y was not sent")
                .asInstanceOf(InstanceOfAssertFactories.type(BreakwaterException.class))
                .matches(e -> e.isRetryable() && e.reason() == Reason.StoreUnavailable);
        assertThat(events).containsExactly("refused");
        assertThat(limit.state().waiting()).isZero();
    }

    @Test
    void halvesTheLimitOnceForAnswersOfOneRoundAndRaisesItSlowly() {
        CallLimit limit = new CallLimit("east");
        for (int i = 0; i < 5; i++) {
            limit.throttled(Duration.ZERO);
        }
        assertThat(limit.state().limit()).isEqualTo(CallLimit.MOST / 2);

        for (int i = 0; i < CallLimit.MOST / 2; i++) {
            limit.call("head x", () -> "answered");
        }
        assertThat(limit.state().limit()).isEqualTo(CallLimit.MOST / 2);
        limit.call("head x", () -> "answered");
        assertThat(limit.state().limit()).isEqualTo(CallLimit.MOST / 2 + 1);
    }

    @Test
    void halvesTheLimitAfterACallWithoutAnAnswer() {
        CallLimit limit = new CallLimit("east");

        assertThatThrownBy(() -> limit.call("head x", () -> {
                    throw unanswered();
                }))
                .hasMessage("no answer");

        assertThat(limit.state().limit()).isEqualTo(CallLimit.MOST / 2);
        assertThat(limit.state().sinceUnanswered()).isPresent();
    }

    /** A caller that does not wait longer shows nothing about the store. */
    @Test
    void learnsNothingFromAnInterruptedCall() {
        CallLimit limit = new CallLimit("east");
        limit.throttled(Duration.ZERO);

        for (int i = 0; i < CallLimit.MOST; i++) {
            assertThatThrownBy(() -> limit.call("head x", () -> {
                        Thread.currentThread().interrupt();
                        throw unanswered();
                    }))
                    .hasMessage("no answer");
            assertThat(Thread.interrupted()).isTrue();
        }

        assertThat(limit.state().sinceUnanswered()).isEmpty();
        assertThat(limit.state().limit()).isEqualTo(CallLimit.MOST / 2);
        assertThat(limit.state().inFlight()).isZero();
    }

    @Test
    void doesNotRaiseTheLimitForAnInterruptedCall() {
        CallLimit limit = new CallLimit("east");
        limit.throttled(Duration.ZERO);

        for (int i = 0; i < CallLimit.MOST; i++) {
            limit.call("head x", () -> {
                Thread.currentThread().interrupt();
                return "ignored";
            });
            assertThat(Thread.interrupted()).isTrue();
        }

        assertThat(limit.state().limit()).isEqualTo(CallLimit.MOST / 2);
    }

    @Test
    void keepsTheLeastLimitOfItsBounds() {
        CallLimit.Bounds bounds =
                new CallLimit.Bounds(Duration.ofSeconds(8), Duration.ofSeconds(2), 20, Duration.ofSeconds(4));
        CallLimit limit = new CallLimit("east", bounds, listener);

        limit.throttled(Duration.ZERO);

        assertThat(limit.state().limit()).isEqualTo(20);
    }

    @Test
    void repeatsAThrottledCall() {
        CallLimit limit = new CallLimit("east", CallLimit.Bounds.DEFAULT, listener);
        AtomicInteger calls = new AtomicInteger();

        assertThat(limit.call("head x", () -> {
                    if (calls.incrementAndGet() < 3) {
                        limit.throttled(Duration.ZERO);
                        throw ThrottledAnswer.error("server", 503);
                    }
                    return "answered";
                }))
                .isEqualTo("answered");
        assertThat(calls).hasValue(3);
    }

    /** Other callers do not send requests in a pause that one of them was asked for. */
    @Test
    void sharesThePauseThatAStoreRequests() {
        CallLimit limit = new CallLimit("BackupLocation a/east", SHORT, listener);
        limit.throttled(Duration.ofSeconds(20));

        assertThatThrownBy(() -> limit.call("head y", () -> "never"))
                .hasMessageContaining("BackupLocation a/east")
                .hasMessageContaining("requests a pause");
        assertThat(limit.state().pause()).isBetween(Duration.ofSeconds(1), Duration.ofSeconds(20));
    }

    /** A busy server may request minutes, MinIO two. */
    @Test
    void boundsThePause() {
        CallLimit limit = new CallLimit("east");
        limit.throttled(Duration.ofDays(365));

        assertThat(limit.state().pause()).isLessThanOrEqualTo(Duration.ofSeconds(30));
    }

    @Test
    void needsNoSecondTurnForAPartOfACall() {
        CallLimit limit = new CallLimit("east");
        CallLimit other = new CallLimit("west");

        assertThat(limit.call(
                        "list a/",
                        () -> other.call(
                                "read x", () -> limit.state().inFlight() + limit.call("head y", () -> 10) * 1)))
                .isEqualTo(11);
        assertThat(limit.state().inFlight()).isZero();
        assertThat(other.state().inFlight()).isZero();
    }

    @Test
    void refusesCallsThatWouldWaitBehindTooManyOthers() {
        CallLimit limit = new CallLimit("east", CallLimit.Bounds.DEFAULT, listener);
        for (int i = 0; i < CallLimit.MOST + CallLimit.MOST_WAITING; i++) {
            threads.execute(() -> limit.call("head x", this::awaitAnswer));
        }
        await().until(() -> limit.state().waiting() == CallLimit.MOST_WAITING);

        assertThatThrownBy(() -> limit.call("head y", () -> "never")).hasMessageContaining("other calls wait already");
    }
}
