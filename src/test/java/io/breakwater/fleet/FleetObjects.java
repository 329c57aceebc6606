package io.breakwater.fleet;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/**
 * The objects of a fleet: namespaces that each have one hourly policy, with points of the last hours. All follow from numbers, so
 * none of the points is stored.
 */
final class FleetObjects {
    static final String SITE = "east";
    static final String OTHER_SITE = "west";
    static final String OPERATOR = "breakwater-system";

    /** The locations of all policies, or of the first and the second half of them. */
    static final List<String> LOCATIONS = List.of("main", "second");

    static final String POLICY = "hourly";
    static final String CLUSTER = uid(1, 0);

    /** The uid of a second cluster. */
    static final String OTHER_CLUSTER = uid(1, 1);

    private static final int FIRST = 100_000;

    /** New points of a policy until retention deletes one. The seals of generated points are not valid, so none is deleted. */
    private static final int UNTIL_EXPIRED = 100;

    private static final DateTimeFormatter NAME =
            DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss").withZone(ZoneOffset.UTC);

    private final int policies;
    private final int pointsEach;
    private final Instant start;
    private final int locations;
    private final int keepLast;

    /** The minute of the hour at which all policies are due. */
    private final int minute;

    /** The names of the points, which are the same in all namespaces. */
    private final List<String> names;

    /**
     * A fleet.
     *
     * @param policies number of namespaces, each with one policy
     * @param pointsEach number of points of each policy
     * @param start the virtual time at which the operator starts
     * @param locations 1 or 2
     */
    FleetObjects(int policies, int pointsEach, Instant start, int locations) {
        this(policies, pointsEach, start, locations, pointsEach + UNTIL_EXPIRED);
    }

    private FleetObjects(int policies, int pointsEach, Instant start, int locations, int keepLast) {
        this(policies, pointsEach, start, locations, keepLast, 0);
    }

    private FleetObjects(int policies, int pointsEach, Instant start, int locations, int keepLast, int minute) {
        this.minute = minute;
        this.policies = policies;
        this.pointsEach = pointsEach;
        this.start = start;
        this.locations = locations;
        this.keepLast = keepLast;
        this.names = IntStream.range(0, pointsEach)
                .mapToObj(i -> POLICY + "-" + NAME.format(captured(i)))
                .toList();
    }

    /** A fleet without points, whose policies keep few of those that they create. */
    static FleetObjects empty(int policies, int keepLast, Instant start) {
        return new FleetObjects(policies, 0, start, 1, keepLast);
    }

    /** The same fleet, whose policies are due at a minute of each hour. */
    FleetObjects dueAt(int minuteOfHour) {
        return new FleetObjects(policies, pointsEach, start, locations, keepLast, minuteOfHour);
    }

    int policies() {
        return policies;
    }

    int points() {
        return policies * pointsEach;
    }

    Instant start() {
        return start;
    }

    int locations() {
        return locations;
    }

    /** The number of the location of a policy. */
    int locationOf(int policy) {
        return locations == 2 && policy >= policies / 2 && policy < policies ? 1 : 0;
    }

    static String uid(int kind, int number) {
        String digits = Integer.toHexString(number);
        return "0000000" + kind + "-0000-4000-8000-" + "0".repeat(12 - digits.length()) + digits;
    }

    static String namespace(int policy) {
        return "app-" + (FIRST + policy);
    }

    private Instant captured(int index) {
        Instant hour = start.truncatedTo(ChronoUnit.HOURS);
        return hour.minus(Duration.ofHours(pointsEach - 1L - index % pointsEach));
    }

    private PointJson.Facts facts(int index) {
        int policy = index / pointsEach;
        return new PointJson.Facts(
                names.get(index % pointsEach),
                namespace(policy),
                uid(5, index),
                captured(index),
                uid(3, policy),
                LOCATIONS.get(locationOf(policy)));
    }

    /**
     * Creates all objects in a cluster; the points are generated. One more policy has no schedule and no points.
     *
     * @param cluster uid of the cluster
     */
    void addTo(GeneratedApiServer api, List<GeneratedStore> stores, String cluster) {
        eachButPoints(stores, cluster, api::create);
        api.table("breakwater.io/v1alpha1", "restorepoints").generate(restorePoints());
    }

    /** Gives the JSON of each object to a consumer; not those of the points. */
    void eachButPoints(List<GeneratedStore> stores, String cluster, Consumer<String> consumer) {
        consumer.accept(namespaceJson("kube-system", cluster));
        consumer.accept(namespaceJson(OPERATOR, uid(2, 0)));
        IntStream.rangeClosed(0, policies).forEach(i -> {
            consumer.accept(namespaceJson(namespace(i), uid(3, i)));
            consumer.accept(policyJson(i));
            consumer.accept(workloadJson(i));
        });
        consumer.accept(credentialsJson());
        IntStream.range(0, locations)
                .forEach(i -> consumer.accept(
                        locationJson(LOCATIONS.get(i), stores.get(i).url())));
    }

    /** Adds the seals of all points to the stores. An operator sets up only a location without points. */
    void addSeals(List<GeneratedStore> stores) {
        int half = locations == 2 ? policies / 2 * pointsEach : points();
        stores.getFirst().generate(seals(0, half));
        if (locations == 2) {
            stores.getLast().generate(seals(half, points() - half));
        }
    }

    private Instant created() {
        return start.minus(Duration.ofDays(365));
    }

    private String namespaceJson(String name, String uid) {
        return """
                {"apiVersion":"v1","kind":"Namespace","metadata":{"name":"%s","uid":"%s","creationTimestamp":"%s",
                "labels":{"kubernetes.io/metadata.name":"%s"}},"status":{"phase":"Active"}}""".formatted(name, uid, created(), name);
    }

    private String policyJson(int policy) {
        String schedule = policy == policies
                ? ""
                : "\"schedule\":{\"cron\":\"%d * * * *\",\"timeZone\":\"Etc/UTC\",\"jitter\":\"0s\"},\"objectives\":{\"rpo\":\"2h\"},"
                        .formatted(minute);
        String status = policy == policies ? "{}" : """
                {"schedule":"%d * * * * Etc/UTC 0s","scheduleSince":"%s","lastScheduleTime":"%s"}""".formatted(minute, created(), lastSchedule());
        return """
                {"apiVersion":"breakwater.io/v1alpha1","kind":"BackupPolicy","metadata":{"name":"%s","namespace":"%s",
                "uid":"%s","creationTimestamp":"%s"},"spec":{"locationRef":{"name":"%s"},%s"retention":{"keepLast":%d}},
                "status":%s}""".formatted(
                        POLICY,
                        namespace(policy),
                        uid(4, policy),
                        created(),
                        LOCATIONS.get(locationOf(policy)),
                        schedule,
                        keepLast,
                        status);
    }

    /** The time at which the schedule was due last before the start. */
    private Instant lastSchedule() {
        Instant time = start.truncatedTo(ChronoUnit.HOURS).plus(minute, ChronoUnit.MINUTES);
        return time.isAfter(start) ? time.minus(Duration.ofHours(1)) : time;
    }

    private static String workloadJson(int policy) {
        return """
                {"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"settings","namespace":"%s"},
                "data":{"level":"info"}}""".formatted(namespace(policy));
    }

    /** Key of a RestorePoint that a user creates for a policy. */
    static String createPoint(GeneratedApiServer api, int policy, String name) {
        api.create("""
                {"apiVersion":"breakwater.io/v1alpha1","kind":"RestorePoint","metadata":{"name":"%s","namespace":"%s"},
                "spec":{"policyRef":{"name":"%s"},"trigger":"Manual","deletionPolicy":"Delete","hold":false}}""".formatted(name, namespace(policy), POLICY));
        return namespace(policy) + "/" + name;
    }

    private static String credentialsJson() {
        return """
                {"apiVersion":"v1","kind":"Secret","metadata":{"name":"store","namespace":"%s",
                "labels":{"breakwater.io/location-credentials":"true"}},"type":"Opaque",
                "data":{"accessKeyId":"ZmxlZXQ=","secretAccessKey":"ZmxlZXQtc2VjcmV0"}}""".formatted(OPERATOR);
    }

    private static String locationJson(String name, String endpoint) {
        return """
                {"apiVersion":"breakwater.io/v1alpha1","kind":"BackupLocation","metadata":{"name":"%s","namespace":"%s"},
                "spec":{"s3":{"bucket":"%s","endpoint":"%s","pathStyle":true,"credentialsSecretRef":{"name":"store"}},
                "accessMode":"ReadWrite","layout":"Breakwater","usagePolicy":{"namespaces":"All"}}}""".formatted(name, OPERATOR, GeneratedStore.BUCKET, endpoint);
    }

    GeneratedObjects restorePoints() {
        return new GeneratedObjects() {
            @Override
            public int size() {
                return points();
            }

            @Override
            public String key(int index) {
                return namespace(index / pointsEach) + "/" + names.get(index % pointsEach);
            }

            @Override
            public byte[] body(int index) {
                return utf8(PointJson.body(facts(index)));
            }

            @Override
            public byte[] metadata(int index) {
                return utf8(PointJson.metadata(facts(index)));
            }
        };
    }

    private GeneratedObjects seals(int first, int count) {
        return new GeneratedObjects() {
            @Override
            public int size() {
                return count;
            }

            @Override
            public String key(int index) {
                int policy = (first + index) / pointsEach;
                return "breakwater/points/" + SITE + "/" + namespace(policy) + "/" + CLUSTER + "/" + uid(3, policy)
                        + "/" + names.get((first + index) % pointsEach) + "/point.json";
            }

            @Override
            public byte[] body(int index) {
                return utf8("{}");
            }

            @Override
            public byte[] metadata(int index) {
                throw new UnsupportedOperationException();
            }
        };
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
