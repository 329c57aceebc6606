package io.breakwater.rotation;

import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.api.BackupLocation;
import io.breakwater.config.TestConfig;
import io.breakwater.location.HandClock;
import io.breakwater.location.TestRegister;
import io.breakwater.mover.MoverJobs;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** A repository whose password cannot be changed. */
class RepositoryRekeyTest {
    private final HandClock clock = new HandClock();
    private final FailingMovers movers = new FailingMovers();
    private final RepositoryRekey rekey =
            new RepositoryRekey(TestConfig.of(Map.of("breakwater.site", "east")), null, null, movers, clock);

    /** The controller looks every few seconds, and each attempt creates a pod. */
    @Test
    void retriesAfterGrowingPausesAndReportsTheFailureMeanwhile() {
        BackupLocation location = new BackupLocation();
        location.getMetadata().setUid("uid-of-location");
        for (int seconds = 0; seconds < 600; seconds += 5) {
            RepositoryRekey.State state = rekey.advance(location, TestRegister.of("east", "shop"), "0123456789abcdef");
            assertThat(state.running()).isFalse();
            assertThat(state.message()).contains("exit 12: wrong password; will retry");
            clock.pass(Duration.ofSeconds(5));
        }
        assertThat(movers.attempts)
                .as("attempts after 0, 5, 15, 35, 75, 155 and 315 seconds")
                .isEqualTo(7);
    }

    private static final class FailingMovers extends MoverJobs {
        int attempts;

        FailingMovers() {
            super(null, null, null, null);
        }

        @Override
        public State poll(Request request) {
            attempts++;
            assertThat(request.settings()).as("those of the policy").isNull();
            return new State.Failed("exit 12: wrong password");
        }

        @Override
        public void delete(String namespace, String run) {
            // no Job exists
        }
    }
}
