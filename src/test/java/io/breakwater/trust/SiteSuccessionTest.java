package io.breakwater.trust;

import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.api.BackupLocation;
import io.breakwater.api.BackupLocationStatus;
import io.breakwater.api.BackupLocationStatus.SitePin;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Which clusters of the Helm value {@code site.succeeds} are admitted. */
class SiteSuccessionTest {
    @Test
    void admitsAClusterWhoseHeartbeatIsSilent() {
        assertThat(admitted(false, List.of("w1"), pin("w1", true))).containsExactly("w1");
    }

    @Test
    void waitsForAClusterWithAHeartbeatInAnyLocation() {
        assertThat(admitted(false, List.of("w1"), pin("w1", true), pin("w1", false)))
                .isEmpty();
    }

    @Test
    void waitsForAClusterThatNoLocationKnows() {
        assertThat(admitted(false, List.of("w1"))).isEmpty();
        assertThat(admitted(false, List.of("w1"), pin("x1", true))).isEmpty();
    }

    @Test
    void admitsAnAttestedLossWithoutAProof() {
        assertThat(admitted(true, List.of("w1", "w0"), pin("w1", false))).containsExactly("w0", "w1");
    }

    @Test
    void admitsEachClusterByItsOwnProof() {
        assertThat(admitted(false, List.of("w0", "w1"), pin("w1", true))).containsExactly("w1");
    }

    private static Set<String> admitted(boolean attested, List<String> named, BackupLocation... locations) {
        return SiteSuccession.admitted(named, attested, "west", () -> List.of(locations));
    }

    private static BackupLocation pin(String cluster, boolean silent) {
        SitePin pin = new SitePin();
        pin.name = "west";
        pin.cluster = cluster;
        pin.silent = silent;
        BackupLocation location = new BackupLocation();
        location.setStatus(new BackupLocationStatus());
        location.getStatus().sites = List.of(pin);
        return location;
    }
}
