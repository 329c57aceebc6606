package io.breakwater.steps;

import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.location.HandClock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class WorkBudgetTest {
    private final HandClock clock = new HandClock();
    private final WorkBudget budget = new WorkBudget("captures", BudgetLimits.of(8), clock);
    private final List<String> woken = new ArrayList<>();

    @Test
    void startsAsMuchWorkAsThereArePlaces() {
        enterAll(200);

        assertThat(budget.running()).isEqualTo(8);
        assertThat(budget.waiting()).isEqualTo(192);
        assertThat(enter(usual("one-more", "ns-new", "")))
                .contains("waits for one of 8 places for captures, 192 before it");
        budget.leave("w0");
        assertThat(woken).containsExactly("w8");
        assertThat(budget.running()).isEqualTo(8);
    }

    @Test
    void takesNoSecondPlaceForTheSameWork() {
        for (int i = 0; i < 20; i++) {
            assertThat(enter(usual("same", "shop", "a"))).isEmpty();
        }
        assertThat(budget.running()).isEqualTo(1);
    }

    /** A namespace with 500 points that are due, and one with a single point that comes after them. */
    @Test
    void givesASmallNamespaceTheNextTurn() {
        IntStream.range(0, 500).forEach(i -> enter(usual("big-" + i, "big", "a")));
        enter(usual("small", "small", "a"));
        assertThat(running("big-")).as("places of one namespace").isEqualTo(4);
        assertThat(isRunning("small")).isTrue();
    }

    @Test
    void letsNamespacesTakeTurns() {
        fill("other");
        IntStream.range(0, 50).forEach(i -> enter(usual("big-" + i, "big", "a")));
        IntStream.range(0, 3).forEach(i -> enter(usual("mid-" + i, "mid", "a")));
        enter(usual("small", "small", "a"));
        List<String> order = drain();

        assertThat(order.subList(0, 3)).containsExactlyInAnyOrder("big-0", "mid-0", "small");
        assertThat(order.indexOf("mid-2")).isLessThan(8);
        assertThat(order).hasSize(54);
    }

    /** Half of the namespaces have a location that does not answer, so their work does not end. */
    @Test
    void givesEachLocationItsPart() {
        IntStream.range(0, 60).forEach(i -> enter(usual("slow-" + i, "s" + i, "slow")));
        assertThat(budget.running()).as("three quarters for one location").isEqualTo(6);
        List<String> ended = new ArrayList<>();
        IntStream.range(0, 60).forEach(i -> enter(usual("fast-" + i, "f" + i, "fast")));
        for (int i = 0; i < 60; i++) {
            String next = "fast-" + i;
            assertThat(isRunning(next)).as(next).isTrue();
            budget.leave(next);
            ended.add(next);
        }
        assertThat(ended).hasSize(60);
    }

    @Test
    void prefersTheLocationWithFewerPlaces() {
        fill("other");
        IntStream.range(0, 4).forEach(i -> enter(usual("a" + i, "na" + i, "slow")));
        IntStream.range(0, 4).forEach(i -> enter(usual("b" + i, "nb" + i, "fast")));
        List<String> order = drainWithoutEnd();

        assertThat(order).filteredOn(id -> id.startsWith("b")).hasSize(4);
        assertThat(order.subList(0, 2)).containsExactlyInAnyOrder("a0", "b0");
    }

    /** Work of a slow location holds its places for long, so each turn of it would leave fewer places for the others. */
    @Test
    void slowLocationCollectsNoPlaces() {
        IntStream.range(0, 40).forEach(i -> enter(usual("slow" + i, "slow-ns" + i, "slow")));
        IntStream.range(0, 40).forEach(i -> enter(usual("fast" + i, "fast-ns" + i, "fast")));
        IntStream.range(0, 3).forEach(i -> budget.leave(firstOf("slow")));

        while (running("fast") > 0) {
            budget.leave(firstOf("fast"));
            if (running("fast") > 0) {
                assertThat(running("slow")).isLessThanOrEqualTo(6);
            }
            if (budget.holders().stream().anyMatch(id -> id.equals("fast30"))) {
                assertThat(running("slow")).as("half of the places").isEqualTo(4);
            }
        }
    }

    @Test
    void startsUrgentWorkFirstAndUsualWorkEachFourthTime() {
        fill("other");
        IntStream.range(0, 30).forEach(i -> enter(usual("usual-" + i, "u" + i, "")));
        IntStream.range(0, 300).forEach(i -> enter(urgent("urgent-" + i, "r" + i)));
        assertThat(running("urgent-")).as("reserved places").isEqualTo(2);
        List<String> order = drain();

        assertThat(order.subList(0, 40))
                .filteredOn(id -> id.startsWith("usual-"))
                .hasSizeBetween(9, 11);
        assertThat(order).hasSize(328);
    }

    @Test
    void startsAPointThatAUserCreatedAtOnceInAFullBudget() {
        enterAll(1000);
        assertThat(enter(urgent("manual", "shop"))).isEmpty();
    }

    @Test
    void neverDelaysTheFinalPointOfAFailover() {
        enterAll(100);
        IntStream.range(0, 20).forEach(i -> enter(urgent("manual-" + i, "n" + i)));
        assertThat(enter(immediate("final", "shop"))).isEmpty();
        assertThat(enter(immediate("final-2", "bank"))).isEmpty();
        assertThat(enter(immediate("forged", "bank")))
                .as("a namespace has one failover at a time")
                .isPresent();
        budget.leave("final-2");
        assertThat(woken).contains("forged");
    }

    @Test
    void countsWorkOfAnEarlierProcessFirst() {
        IntStream.range(0, 8).forEach(i -> budget.resume(usual("old-" + i, "o" + i, "")));
        assertThat(enter(usual("new", "shop", ""))).isPresent();
        budget.resume(usual("old-8", "o8", ""));
        assertThat(budget.running()).isEqualTo(9);
        budget.leave("old-8");
        assertThat(woken).isEmpty();
        budget.leave("old-7");
        assertThat(woken).containsExactly("new");
    }

    @Test
    void releasesPlacesOfWorkThatDisappeared() {
        enterAll(9);
        budget.leave("w0");
        clock.pass(WorkBudget.UNTAKEN.plusSeconds(1));
        IntStream.range(1, 8).forEach(i -> enter(usual("w" + i, "ns-" + i, "")));
        assertThat(enter(usual("next", "shop", "")))
                .as("w8 never took its place")
                .isEmpty();
        assertThat(enter(usual("last", "shop", ""))).isPresent();

        clock.pass(WorkBudget.ABANDONED.minusSeconds(1));
        assertThat(budget.awaits("last")).isTrue();
        clock.pass(Duration.ofSeconds(2));
        assertThat(budget.awaits("last")).isFalse();
        assertThat(woken).contains("last");
    }

    /** Two reports of the same end, as after a kill and a late end, do not raise the limit. */
    @Test
    void releasesAPlaceOnce() {
        enterAll(20);
        budget.leave("w0");
        budget.leave("w0");
        budget.leaveIf("w0"::equals);
        assertThat(woken).containsExactly("w8");
        assertThat(budget.running()).isEqualTo(8);
    }

    @Test
    void fillsAllPlacesThatAreReleasedTogether() {
        enterAll(20);
        budget.leaveIf(id -> id.equals("w1") || id.equals("w2") || id.equals("w15"));
        assertThat(woken).containsExactly("w8", "w9");
        assertThat(budget.waiting()).isEqualTo(9);
    }

    /** The end of work in the queue frees no place. */
    @Test
    void startsNothingWhenWorkLeavesTheQueue() {
        enterAll(20);
        budget.leave("w12");
        budget.leaveIf(id -> id.equals("w13") || id.equals("w14"));
        assertThat(woken).isEmpty();
        assertThat(budget.running()).isEqualTo(8);
    }

    @Test
    void forgetsDeletedWorkInTheQueue() {
        enterAll(10);
        budget.leave("w8");
        assertThat(budget.waiting()).isEqualTo(1);
        budget.leave("w0");
        assertThat(woken).containsExactly("w9");
    }

    @Test
    void reportsTheLimitThatIsReached() {
        WorkBudget movers = new WorkBudget("movers", new BudgetLimits(8, 8, 8, 2), clock);
        movers.enter(onNode("a"), () -> {});
        movers.enter(onNode("b"), () -> {});
        assertThat(movers.enter(onNode("c"), () -> {}))
                .map(WorkBudget.Waiting::message)
                .contains("waits for one of 2 places for movers on node worker-1, 0 before it");
        IntStream.range(0, 5).forEach(i -> enter(usual("big-" + i, "big", "a")));
        assertThat(enter(usual("big-5", "big", "a")))
                .contains("waits for one of 4 places for captures of one namespace, 1 before it");
    }

    @Test
    void measuresTheOldestWaitFromTheTimeThatWorkWasDue() {
        enterAll(8);
        assertThat(budget.oldestWait()).isZero();
        WorkRequest late = new WorkRequest(
                "late",
                "late",
                "shop",
                "",
                "",
                WorkUrgency.Usual,
                clock.instant().minusSeconds(600));
        enter(late);
        clock.pass(Duration.ofSeconds(5));
        assertThat(budget.oldestWait()).isEqualTo(Duration.ofSeconds(605));
    }

    /** Random arrivals, ends and deletions: limits hold, nothing waits next to a free place, and all work runs at some time. */
    @Test
    void startsAllWorkInRandomOrders() {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        Map<String, WorkRequest> left = IntStream.range(0, 400)
                .mapToObj(i -> new WorkRequest(
                        "r" + i,
                        "r" + i,
                        "n" + random.nextInt(7),
                        "l" + random.nextInt(3),
                        "",
                        random.nextInt(5) == 0 ? WorkUrgency.Urgent : WorkUrgency.Usual,
                        clock.instant()))
                .collect(Collectors.toMap(WorkRequest::id, r -> r));
        List<WorkRequest> arrivals = new ArrayList<>(left.values());
        List<String> taken = new ArrayList<>();
        for (int rounds = 0; !left.isEmpty(); rounds++) {
            assertThat(rounds).as("rounds, seed %d", seed).isLessThan(20_000);
            if (!arrivals.isEmpty() && random.nextBoolean()) {
                enter(arrivals.removeLast());
            }
            taken.clear();
            left.keySet().stream().filter(this::isRunning).forEach(taken::add);
            assertThat(taken.size()).as("places, seed %d", seed).isLessThanOrEqualTo(10);
            if (!taken.isEmpty() && random.nextInt(3) == 0) {
                String ended = taken.get(random.nextInt(taken.size()));
                left.remove(ended);
                budget.leave(ended);
            }
        }
        assertThat(budget.running() + budget.waiting()).as("seed %d", seed).isZero();
    }

    private void fill(String prefix) {
        IntStream.range(0, 8).forEach(i -> enter(usual(prefix + "-" + i, prefix + i, "")));
    }

    private void enterAll(int count) {
        IntStream.range(0, count).forEach(i -> enter(usual("w" + i, "ns-" + i, "")));
    }

    /** Ends the work that holds a place, one after the other, and returns the order in which the queue started. */
    private List<String> drain() {
        List<String> order = new ArrayList<>();
        List<String> holders = new ArrayList<>(budget.holders());
        while (!holders.isEmpty()) {
            woken.clear();
            budget.leave(holders.removeFirst());
            order.addAll(woken);
            holders.addAll(woken);
        }
        return order;
    }

    /** Ends only the work that held a place at first. */
    private List<String> drainWithoutEnd() {
        woken.clear();
        List.copyOf(budget.holders()).forEach(budget::leave);
        return List.copyOf(woken);
    }

    private String firstOf(String prefix) {
        return budget.holders().stream()
                .filter(id -> id.startsWith(prefix))
                .findFirst()
                .orElseThrow();
    }

    private long running(String prefix) {
        return budget.holders().stream().filter(id -> id.startsWith(prefix)).count();
    }

    private boolean isRunning(String id) {
        return budget.holders().contains(id);
    }

    private Optional<String> enter(WorkRequest request) {
        return budget.enter(request, () -> woken.add(request.id())).map(WorkBudget.Waiting::message);
    }

    private WorkRequest usual(String id, String namespace, String location) {
        return new WorkRequest(id, id, namespace, location, "", WorkUrgency.Usual, clock.instant());
    }

    private WorkRequest urgent(String id, String namespace) {
        return new WorkRequest(id, id, namespace, "", "", WorkUrgency.Urgent, clock.instant());
    }

    private WorkRequest immediate(String id, String namespace) {
        return new WorkRequest(id, id, namespace, "", "", WorkUrgency.Immediate, clock.instant());
    }

    private WorkRequest onNode(String id) {
        return new WorkRequest(id, id, "n" + id, "", "worker-1", WorkUrgency.Usual, clock.instant());
    }
}
