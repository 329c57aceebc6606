package io.breakwater.rotation;

import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.location.keys.SiteKeys;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** When a location may be written with another key. */
class KeySwitchTest {
    private static final Instant NOW = Instant.parse("2026-06-01T00:00:00Z");

    @Test
    void switchesNothingWhenTheKeyIsAlreadyInUse() {
        assertThat(KeySwitch.of("k1", "k1", List.of(site("east", "k2", 0)), NOW))
                .isInstanceOf(KeySwitch.Stay.class);
    }

    @Test
    void waitsForSitesThatReportNoKeys() {
        KeySwitch turn = KeySwitch.of("k2", "k1", List.of(site("east", "k2", 0), site("west", null, 0)), NOW);

        assertThat(turn)
                .isInstanceOfSatisfying(
                        KeySwitch.Wait.class,
                        w -> assertThat(w.sites()).extracting(SiteKeys::site).containsExactly("west"));
    }

    @Test
    void ignoresSitesThatAreSilentForAWeek() {
        assertThat(KeySwitch.of("k2", "k1", List.of(site("east", "k2", 0), site("west", "k1", 8)), NOW))
                .isInstanceOf(KeySwitch.Go.class);
        assertThat(KeySwitch.of("k2", "k1", List.of(site("east", "k2", 0), site("west", "k1", 6)), NOW))
                .isInstanceOf(KeySwitch.Wait.class);
    }

    /** Two sites that switch it in turns would lock each other out. */
    @Test
    void switchesToOneKeyAtATimeAcrossSites() {
        Random random = new Random(16);
        List<String> ids = List.of("k1", "k2", "k3");
        for (int round = 0; round < 5000; round++) {
            List<SiteKeys> sites = new ArrayList<>();
            for (int i = 0; i <= random.nextInt(4); i++) {
                sites.add(site("site-" + i, ids.get(random.nextInt(3)), random.nextInt(7)));
            }
            String writing = ids.get(random.nextInt(3));
            List<String> switched = sites.stream()
                    .filter(s -> KeySwitch.of(s.current(), writing, sites, NOW) instanceof KeySwitch.Go)
                    .map(SiteKeys::current)
                    .distinct()
                    .toList();
            assertThat(switched).as("%s, written with %s", sites, writing).hasSizeLessThan(2);
            if (!switched.isEmpty()) {
                assertThat(sites).allSatisfy(s -> assertThat(s.keys()).containsAll(switched));
            }
        }
    }

    private static SiteKeys site(String name, String current, int daysAgo) {
        return new SiteKeys(
                name, NOW.minus(Duration.ofDays(daysAgo)), current, current == null ? Set.of() : Set.of(current), null);
    }
}
