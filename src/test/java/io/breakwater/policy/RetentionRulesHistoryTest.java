package io.breakwater.policy;

import static io.breakwater.policy.PointFixtures.failed;
import static io.breakwater.policy.PointFixtures.good;
import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.api.BackupPolicySpec.Failed;
import io.breakwater.api.BackupPolicySpec.Retention;
import io.breakwater.api.RestorePoint;
import io.breakwater.points.Lineage;
import io.breakwater.testing.RandomCases;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.time.temporal.ChronoUnit;
import java.time.temporal.WeekFields;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Grandfather, father, son: the points of a long history that stay. */
class RetentionRulesHistoryTest {
    private static final ZoneId BERLIN = ZoneId.of("Europe/Berlin");
    private static final Instant NOW = Instant.parse("2026-11-24T00:00:00Z");

    @Test
    void retainsTheNewestPointOfEachDay() {
        assertThat(kept(r -> r.daily = 2, BERLIN, "2026-06-01T08:00Z", "2026-06-01T20:00Z", "2026-06-02T08:00Z"))
                .containsExactly("2026-06-01T20:00Z", "2026-06-02T08:00Z");
    }

    @Test
    void startsDaysAtMidnightInTheScheduleZone() {
        // 22:30 in UTC is 00:30 of the next day in Berlin.
        String[] points = {"2026-06-01T21:30Z", "2026-06-01T22:30Z", "2026-06-02T10:00Z"};
        assertThat(kept(r -> r.daily = 5, BERLIN, points)).containsExactly("2026-06-01T21:30Z", "2026-06-02T10:00Z");
        assertThat(kept(r -> r.daily = 5, ZoneId.of("UTC"), points))
                .containsExactly("2026-06-01T22:30Z", "2026-06-02T10:00Z");
    }

    @Test
    void countsARepeatedHourTwice() {
        // On 25 October 2026 the hour from two to three occurs twice: at 00:00 and at 01:00 in UTC.
        assertThat(kept(
                        r -> r.hourly = 9,
                        BERLIN,
                        "2026-10-25T00:15Z",
                        "2026-10-25T00:45Z",
                        "2026-10-25T01:15Z",
                        "2026-10-25T01:45Z"))
                .containsExactly("2026-10-25T00:45Z", "2026-10-25T01:45Z");
    }

    @Test
    void countsNoSkippedHour() {
        // On 29 March 2026 three o'clock follows one o'clock, at 01:00 in UTC.
        assertThat(kept(r -> r.hourly = 9, BERLIN, "2026-03-29T00:30Z", "2026-03-29T01:30Z", "2026-03-29T01:40Z"))
                .containsExactly("2026-03-29T00:30Z", "2026-03-29T01:40Z");
    }

    @Test
    void countsIsoWeeksAcrossTheNewYear() {
        // 29 December 2025 to 4 January 2026 is week 1 of 2026; 5 January starts week 2.
        assertThat(kept(
                        r -> r.weekly = 9,
                        BERLIN,
                        "2025-12-28T12:00Z",
                        "2025-12-29T12:00Z",
                        "2026-01-04T12:00Z",
                        "2026-01-05T12:00Z"))
                .containsExactly("2025-12-28T12:00Z", "2026-01-04T12:00Z", "2026-01-05T12:00Z");
    }

    @Test
    void skipsPeriodsWithoutAPoint() {
        assertThat(kept(r -> r.yearly = 2, BERLIN, "2019-05-01T12:00Z", "2021-05-01T12:00Z", "2026-05-01T12:00Z"))
                .containsExactly("2021-05-01T12:00Z", "2026-05-01T12:00Z");
    }

    @Test
    void retainsAPointUnderAnyMatchingRule() {
        assertThat(kept(
                        r -> {
                            r.keepLast = 1;
                            r.monthly = 2;
                        },
                        BERLIN,
                        "2026-04-10T12:00Z",
                        "2026-04-20T12:00Z",
                        "2026-05-10T12:00Z",
                        "2026-05-20T12:00Z"))
                .containsExactly("2026-04-20T12:00Z", "2026-05-20T12:00Z");
    }

    @Test
    void retainsAllGoodPointsWithoutACount() {
        assertThat(kept(r -> r.lockedFor = "1h", BERLIN, "2019-05-01T12:00Z", "2026-05-01T12:00Z"))
                .hasSize(2);
    }

    @Test
    void retainsHeldAndLockedPointsWithoutCountingThem() {
        List<RestorePoint> points = Stream.of(
                        good("held", "2026-06-01T00:00:00Z").held(),
                        good("locked", "2026-06-02T00:00:00Z").lockedUntil("2026-11-24T00:00:01Z"),
                        good("unlocked", "2026-06-03T00:00:00Z").lockedUntil("2026-11-24T00:00:00Z"),
                        good("newest", "2026-06-04T00:00:00Z"))
                .map(PointFixtures::get)
                .toList();

        assertThat(names(keep(r -> r.keepLast = 1, BERLIN).expired(points, Set.of(), Set.of())))
                .containsExactly("unlocked");
    }

    @Test
    void retainsPointsYoungerThanTheLockOfThePolicy() {
        assertThat(kept(
                        r -> {
                            r.keepLast = 1;
                            r.lockedFor = "2d";
                        },
                        BERLIN,
                        "2026-11-21T23:59Z",
                        "2026-11-22T00:01Z",
                        "2026-11-23T00:00Z"))
                .containsExactly("2026-11-22T00:01Z", "2026-11-23T00:00Z");
    }

    @Test
    void deletesFailedPointsByNumberAndAge() {
        List<RestorePoint> points = Stream.of(
                        failed("f1", "2026-11-23T21:00:00Z"),
                        failed("f2", "2026-11-23T22:00:00Z"),
                        failed("f3", "2026-11-23T23:00:00Z"),
                        failed("held", "2026-11-01T00:00:00Z").held())
                .map(PointFixtures::get)
                .toList();
        assertThat(names(keep(r -> r.failed = failures(2, null), BERLIN).expired(points, Set.of(), Set.of())))
                .containsExactly("f1");
        assertThat(names(keep(r -> r.failed = failures(9, "90m"), BERLIN).expired(points, Set.of(), Set.of())))
                .containsExactly("f2", "f1");
        assertThat(names(keep(r -> r.failed = failures(0, null), BERLIN).expired(points, Set.of(), Set.of())))
                .containsExactly("f3", "f2", "f1");
    }

    /**
     * The rules in another form: a point stays for a period if it is the newest of that period, and few newer periods
     * have points.
     */
    @Tag("slow")
    @Tag("random")
    @Test
    void retainsGeneratedHistoriesLikeTheModel() {
        for (long seed : RandomCases.of(300, 0).seeds().toArray()) {
            Random random = new Random(seed);
            ZoneId zone = List.of(BERLIN, ZoneId.of("America/St_Johns"), ZoneId.of("Australia/Lord_Howe"))
                    .get(random.nextInt(3));
            List<Instant> times = history(random);
            Retention r = new Retention();
            r.keepLast = random.nextBoolean() ? 1 + random.nextInt(5) : null;
            r.hourly = random.nextBoolean() ? 1 + random.nextInt(24) : null;
            r.daily = random.nextBoolean() ? 1 + random.nextInt(9) : null;
            r.weekly = random.nextBoolean() ? 1 + random.nextInt(5) : null;
            r.monthly = random.nextBoolean() ? 1 + random.nextInt(14) : null;
            r.yearly = 1 + random.nextInt(3);
            List<RestorePoint> points = times.stream()
                    .map(t -> good(t.toString(), t.toString()).get())
                    .toList();

            List<RestorePoint> left = new ArrayList<>(points);
            left.removeAll(new RetentionRules(r, zone, NOW, Lineage.WITHOUT_PLAN).expired(points, Set.of(), Set.of()));

            assertThat(names(left))
                    .as("seed %d, %s", seed, zone)
                    .containsExactlyInAnyOrderElementsOf(model(times, r, zone));
            List<RestorePoint> again = new ArrayList<>(left);
            again.removeAll(new RetentionRules(r, zone, NOW, Lineage.WITHOUT_PLAN).expired(left, Set.of(), Set.of()));
            assertThat(again).as("seed %d: a second run deletes nothing", seed).hasSameSizeAs(left);
        }
    }

    private static List<Instant> history(Random random) {
        Instant t = Instant.parse("2025-02-01T00:00:00Z").plusSeconds(random.nextInt(86_400));
        int longest = List.of(90, 900, 9000).get(random.nextInt(3));
        Set<Instant> times = new TreeSet<>();
        for (int i = 0; i < 150; i++) {
            t = t.plus(Duration.ofMinutes(1 + random.nextInt(longest)));
            times.add(t);
        }
        return List.copyOf(times);
    }

    private static Set<String> model(List<Instant> times, Retention r, ZoneId zone) {
        Set<String> kept = new TreeSet<>();
        for (Instant t : times) {
            boolean stays = newer(times, t, x -> x.toString(), r.keepLast, zone)
                    || newer(times, t, x -> hour(x), r.hourly, zone)
                    || newer(times, t, x -> x.toLocalDate().toString(), r.daily, zone)
                    || newer(times, t, x -> monday(x.toLocalDate()).toString(), r.weekly, zone)
                    || newer(times, t, x -> x.toString().substring(0, 7), r.monthly, zone)
                    || newer(times, t, x -> x.toString().substring(0, 4), r.yearly, zone);
            if (stays) {
                kept.add(t.toString());
            }
        }
        return kept;
    }

    private static boolean newer(
            List<Instant> times,
            Instant t,
            java.util.function.Function<ZonedDateTime, String> period,
            Integer count,
            ZoneId zone) {
        String own = period.apply(t.atZone(zone));
        List<String> after = times.stream()
                .filter(o -> o.isAfter(t))
                .map(o -> period.apply(o.atZone(zone)))
                .toList();
        return count != null
                && !after.contains(own)
                && after.stream().distinct().count() < count;
    }

    /** The hour on the clock, with its offset where the clocks repeat it. */
    private static String hour(ZonedDateTime t) {
        return t.truncatedTo(ChronoUnit.HOURS).toLocalDateTime() + " " + t.getOffset();
    }

    private static LocalDate monday(LocalDate day) {
        return day.with(WeekFields.ISO.dayOfWeek(), 1);
    }

    private static List<String> kept(Consumer<Retention> rules, ZoneId zone, String... times) {
        List<RestorePoint> points =
                Stream.of(times).map(t -> good(t, t.replace("Z", ":00Z")).get()).toList();
        List<RestorePoint> left = new ArrayList<>(points);
        left.removeAll(keep(rules, zone).expired(points, Set.of(), Set.of()));
        return names(left).stream().sorted(Comparator.naturalOrder()).toList();
    }

    private static RetentionRules keep(Consumer<Retention> rules, ZoneId zone) {
        Retention retention = new Retention();
        rules.accept(retention);
        return new RetentionRules(retention, zone, NOW, Lineage.WITHOUT_PLAN);
    }

    private static Failed failures(Integer number, String age) {
        Failed failed = new Failed();
        failed.keepLast = number;
        failed.keepFor = age;
        return failed;
    }

    private static List<String> names(List<RestorePoint> points) {
        return points.stream().map(p -> p.getMetadata().getName()).toList();
    }
}
