package io.breakwater.location;

import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.api.Api;
import io.breakwater.api.BackupLocation;
import io.breakwater.api.BackupLocationStatus;
import io.breakwater.api.BackupLocationStatus.SitePin;
import io.breakwater.store.ObjectStore;
import io.breakwater.store.SiteHeartbeat;
import io.breakwater.store.SiteSignature;
import io.breakwater.store.TestSite;
import io.breakwater.store.VersionedStore;
import io.breakwater.trust.SiteSuccession;
import io.breakwater.trust.SiteSuccession.Proof;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The keys of the other sites: who may change them. */
class SitePinsTest {
    private final VersionedStore store = new VersionedStore(null);
    private final TestSite east = new TestSite("east", "e1");
    private final TestSite west = new TestSite("west", "w1");
    private final BackupLocation location = new BackupLocation();

    @BeforeEach
    void start() {
        location.setStatus(new BackupLocationStatus());
        beat(east);
        beat(west);
        look();
    }

    @Test
    void pinsTheKeyOfAnotherSiteAtFirstSight() {
        assertThat(location.getStatus().sites)
                .singleElement()
                .satisfies(pin -> assertThat(pin.publicKey).isEqualTo(west.publicKey()));
        assertThat(SitePins.keys(location)).isEqualTo(Map.of("west", west.publicKey()));
    }

    /** Someone with the master key can write any number of heartbeats, in any alphabetical order. */
    @Test
    void retainsAPinAmongForgedHeartbeats() {
        for (int i = 0; i < 70; i++) {
            beat(new TestSite("a%02d".formatted(i), "x" + i));
        }
        look();
        look();

        assertThat(location.getStatus().sites).hasSize(64);
        assertThat(SitePins.keys(location)).containsEntry("west", west.publicKey());
    }

    @Test
    void refusesAnotherKeyAndNamesIt() {
        TestSite other = new TestSite("west", "w1");
        beat(other);
        look();

        SitePin pin = location.getStatus().sites.getFirst();
        assertThat(pin.publicKey).isEqualTo(west.publicKey());
        assertThat(pin.refused).isEqualTo(SiteSignature.fingerprint(other.publicKey()));
    }

    @Test
    void acceptsAnotherKeyThatAnAdministratorNames() {
        TestSite other = new TestSite("west", "w1");
        beat(other);
        annotate("west.0000000000000000");
        look();
        assertThat(location.getStatus().sites.getFirst().publicKey).isEqualTo(west.publicKey());

        annotate("west." + SiteSignature.fingerprint(other.publicKey()));
        look();
        assertThat(location.getStatus().sites.getFirst().publicKey).isEqualTo(other.publicKey());
        assertThat(location.getStatus().sites.getFirst().refused).isNull();
    }

    /** Otherwise a key that was replaced later would be accepted again. */
    @Test
    void acceptsAnotherKeyOnce() {
        TestSite other = new TestSite("west", "w1");
        String accepted = "west." + SiteSignature.fingerprint(other.publicKey());
        annotate(accepted);
        beat(other);
        look();
        assertThat(SitePins.newlyAccepted(location, location.getStatus().sites)).contains(accepted);
        location.getStatus().acceptedSite = accepted;
        location.getStatus().sites.getFirst().publicKey = west.publicKey();
        look();

        assertThat(location.getStatus().sites.getFirst().publicKey).isEqualTo(west.publicKey());
        assertThat(SitePins.newlyAccepted(location, location.getStatus().sites)).isEmpty();
    }

    @Test
    void acceptsASuccessorOnlyAfterADayOfSilence() {
        TestSite successor = new TestSite("west", "w2", "w1");
        store.pass(Duration.ofHours(23));
        beat(successor);
        look();
        assertThat(location.getStatus().sites.getFirst().cluster).isEqualTo("w1");

        store.pass(Duration.ofHours(2));
        beat(successor);
        look();
        assertThat(location.getStatus().sites.getFirst().cluster).isEqualTo("w2");
    }

    @Test
    void acceptsNoSuccessorOfAnotherCluster() {
        store.pass(Duration.ofDays(2));
        beat(new TestSite("west", "w2", "x1"));
        look();

        assertThat(location.getStatus().sites.getFirst().cluster).isEqualTo("w1");
    }

    /** Someone with the master key can write any heartbeat, but cannot sign with the key that it states. */
    @Test
    void ignoresAHeartbeatThatItsOwnKeyDidNotSign() {
        BackupLocation fresh = new BackupLocation();
        fresh.setStatus(new BackupLocationStatus());
        byte[] payload = view(west)
                .readSigned("breakwater/sites/west.json", 4096)
                .orElseThrow()
                .payload();
        store.write(
                "breakwater/sites/west.json",
                view(new TestSite("west", "w1")).documents().signAsSite("breakwater/sites/west.json", 1, payload),
                ObjectStore.Precondition.NONE);

        assertThat(SitePins.updated(fresh, view(east), "east", "e1", store.now()))
                .isEmpty();
    }

    @Test
    void admitsTheSuccessionOfThisSiteAfterADayOfSilence() {
        BackupLocation rebuilt = new BackupLocation();
        rebuilt.setStatus(new BackupLocationStatus());
        TestSite successor = new TestSite("west", "w2", "w1");
        probe(rebuilt, successor);
        beat(successor);

        store.pass(Duration.ofHours(23));
        probe(rebuilt, successor);
        assertThat(proof(rebuilt, "w1")).isEqualTo(Proof.ALIVE);
        store.pass(Duration.ofHours(1));
        probe(rebuilt, successor);
        assertThat(proof(rebuilt, "w1")).isEqualTo(Proof.SILENT);
        assertThat(proof(rebuilt, "x1")).isEqualTo(Proof.UNKNOWN);
        assertThat(SitePins.keys(rebuilt))
                .as("documents of the earlier cluster")
                .containsEntry("west", west.publicKey());
    }

    @Test
    void waitsAgainWhenTheOldClusterReturns() {
        BackupLocation rebuilt = new BackupLocation();
        rebuilt.setStatus(new BackupLocationStatus());
        TestSite successor = new TestSite("west", "w2", "w1");
        probe(rebuilt, successor);
        beat(successor);
        store.pass(Duration.ofDays(2));
        probe(rebuilt, successor);
        assertThat(proof(rebuilt, "w1")).isEqualTo(Proof.SILENT);

        beat(west);
        probe(rebuilt, successor);

        assertThat(proof(rebuilt, "w1")).isEqualTo(Proof.ALIVE);
    }

    @Test
    void provesTheLossOfAClusterThatTheLostOneHadReplaced() {
        BackupLocation rebuilt = new BackupLocation();
        rebuilt.setStatus(new BackupLocationStatus());
        beat(new TestSite("west", "w2", "w1"));
        store.pass(Duration.ofDays(1));
        probe(rebuilt, new TestSite("west", "w3", "w2", "w1"));

        assertThat(proof(rebuilt, "w2")).isEqualTo(Proof.SILENT);
        assertThat(proof(rebuilt, "w1")).isEqualTo(Proof.SILENT);
    }

    private void probe(BackupLocation location, TestSite by) {
        location.getStatus().sites = SitePins.updated(location, view(by), by.site(), by.cluster(), store.now());
    }

    private static Proof proof(BackupLocation location, String cluster) {
        return SiteSuccession.proof(location.getStatus().sites, "west", cluster);
    }

    private void beat(TestSite site) {
        SiteHeartbeat.write(view(site), site.site(), store.now());
    }

    private void look() {
        List<SitePin> pins = SitePins.updated(location, view(east), "east", "e1", store.now());
        location.getStatus().sites = pins;
    }

    private ObjectStore view(TestSite site) {
        return site.view(store, Map.of());
    }

    private void annotate(String accepted) {
        location.getMetadata().setAnnotations(Map.of(Api.ACCEPT_SITE, accepted));
    }
}
