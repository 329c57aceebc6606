package io.breakwater.policy;

import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.api.BackupPolicy;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Of two policies for one volume, one runs and the other reports the conflict. */
class PolicyConflictCheckTest {
    private static final List<String> CLAIMS = List.of("data", "uploads");

    private final BackupPolicy older = policy("older", "2026-11-22T12:00:00Z");
    private final BackupPolicy younger = policy("younger", "2026-11-23T12:00:00Z");

    @Test
    void prefersTheOlderPolicy() {
        assertThat(conflict(older, CLAIMS, Optional.empty())).isEmpty();
        assertThat(conflict(younger, CLAIMS, Optional.empty()).orElseThrow())
                .contains("BackupPolicy younger", "BackupPolicy older", "PersistentVolumeClaim data and 1 more")
                .contains("Delete one of the two");
    }

    @Test
    void prefersThePolicyOfThePlanOverAnOlderOne() {
        assertThat(conflict(younger, CLAIMS, Optional.of("younger"))).isEmpty();
        assertThat(conflict(older, CLAIMS, Optional.of("younger"))).isPresent();
    }

    @Test
    void findsNoConflictWithoutVolumes() {
        assertThat(conflict(younger, List.of(), Optional.empty())).isEmpty();
    }

    @Test
    void ignoresPoliciesThatAreBeingDeleted() {
        older.getMetadata().setDeletionTimestamp("2026-11-23T13:00:00Z");

        assertThat(conflict(younger, CLAIMS, Optional.empty())).isEmpty();
    }

    private Optional<String> conflict(BackupPolicy policy, List<String> claims, Optional<String> ruled) {
        return PolicyConflictCheck.conflict(policy, List.of(younger, older), claims, ruled);
    }

    private static BackupPolicy policy(String name, String createdAt) {
        BackupPolicy policy = new BackupPolicy();
        policy.getMetadata().setName(name);
        policy.getMetadata().setNamespace("shop");
        policy.getMetadata().setCreationTimestamp(createdAt);
        return policy;
    }
}
