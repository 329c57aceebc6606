package io.breakwater.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.breakwater.store.LocationPlaces.Place;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class LocationPlacesTest {
    private static final int PLACES = 16;

    private final LocationPlaces places = new LocationPlaces(PLACES, 8);
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();

    @AfterEach
    void stop() {
        threads.shutdownNow();
    }

    private List<Place> takeAll(String location) {
        List<Place> taken = new ArrayList<>();
        for (Optional<Place> p = take(location); p.isPresent(); p = take(location)) {
            taken.add(p.get());
        }
        return taken;
    }

    private Optional<Place> take(String location) {
        return places.take(location, Duration.ZERO);
    }

    @Test
    void leavesPlacesForOtherLocations() {
        assertThat(takeAll("slow")).hasSize(11);
        assertThat(takeAll("well")).hasSizeGreaterThanOrEqualTo(4);
        assertThat(takeAll("third")).isNotEmpty();
    }

    @Test
    void boundsAllPlacesTogether() {
        int all = 0;
        for (int i = 0; i < 100; i++) {
            all += takeAll("location-" + i).size();
        }
        assertThat(all).isEqualTo(PLACES + PLACES / 2);
    }

    @Test
    void givesAPlaceToALocationThatHasNone() {
        for (int i = 0; i < 5; i++) {
            takeAll("slow-" + i);
        }
        assertThat(takeAll("well")).hasSize(1);
    }

    @Test
    void passesAReleasedPlaceOn() throws Exception {
        List<Place> slow = takeAll("slow");
        Future<Optional<Place>> waiting = threads.submit(() -> places.take("slow", Duration.ofMinutes(1)));
        await().until(() -> take("slow").isEmpty());

        slow.getFirst().close();
        slow.getFirst().close();

        assertThat(waiting.get()).isPresent();
        assertThat(take("slow")).as("one place was released once").isEmpty();
    }

    /** Work of one location that waits must not refuse the work of others. */
    @Test
    void waitsForOneLocationOnlyInHalfOfTheQueue() throws Exception {
        takeAll("slow");
        for (int i = 0; i < 20; i++) {
            threads.execute(() -> places.take("slow", Duration.ofMinutes(1)));
        }
        List<Place> well = takeAll("well");
        Future<Optional<Place>> waiting = threads.submit(() -> places.take("well", Duration.ofMinutes(1)));

        await().pollDelay(Duration.ofMillis(50)).until(() -> !waiting.isDone());
        well.getFirst().close();
        assertThat(waiting.get()).isPresent();
    }

    @Test
    void fitsIntoTheMemory() {
        long heap = Runtime.getRuntime().maxMemory();
        assertThat(LocationPlaces.fitting(16, 1)).isEqualTo(16);
        assertThat(LocationPlaces.fitting(16, heap)).isEqualTo(1);
        assertThat(LocationPlaces.fitting(16, heap / 8)).isEqualTo(4);
    }
}
