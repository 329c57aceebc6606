package io.breakwater.fleet;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The objects of a fleet: namespaces that each have one hourly policy, with points of the last hours. All follow from numbers, so
 * none of the points is stored.
 */
final class FleetObjects {
    static final String SITE = "east";
    static final String OPERATOR = "breakwater-system";
    static final String LOCATION = "main";
    static final String POLICY = "hourly";
    static final String CLUSTER = uid(1, 0);
    private static final int FIRST = 100_000;
    private static final DateTimeFormatter NAME =
            DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss").withZone(ZoneOffset.UTC);

    private final int policies;
    private final int pointsEach;
    private final Instant start;

    /** The names of the points, which are the same in all namespaces. */
    private final List<String> names;

    /**
     * A fleet.
     *
     * @param policies number of namespaces, each with one policy
     * @param pointsEach number of points of each policy
     * @param start the virtual time at which the operator starts
     */
    FleetObjects(int policies, int pointsEach, Instant start) {
        this.policies = policies;
        this.pointsEach = pointsEach;
        this.start = start;
        this.names = IntStream.range(0, pointsEach)
                .mapToObj(i -> POLICY + "-" + NAME.format(captured(i)))
                .toList();
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

    private static String uid(int kind, int number) {
        String digits = Integer.toHexString(number);
        return "0000000" + kind + "-0000-4000-8000-" + "0".repeat(12 - digits.length()) + digits;
    }

    private static String namespace(int policy) {
        return "app-" + (FIRST + policy);
    }

    private Instant captured(int index) {
        Instant hour = start.truncatedTo(ChronoUnit.HOURS);
        return hour.minus(Duration.ofHours(pointsEach - 1L - index % pointsEach));
    }

    private PointJson.Facts facts(int index) {
        int policy = index / pointsEach;
        return new PointJson.Facts(
                names.get(index % pointsEach), namespace(policy), uid(5, index), captured(index), uid(3, policy));
    }

    /** Creates all objects in the cluster; the points are generated. */
    void addTo(GeneratedApiServer api, GeneratedStore store) {
        api.create(namespaceJson("kube-system", CLUSTER));
        api.create(namespaceJson(OPERATOR, uid(2, 0)));
        IntStream.range(0, policies).forEach(i -> {
            api.create(namespaceJson(namespace(i), uid(3, i)));
            api.create(policyJson(i));
            api.create(workloadJson(i));
        });
        api.create(credentialsJson());
        api.create(locationJson(store.url()));
        api.table("breakwater.io/v1alpha1", "restorepoints").generate(restorePoints());
    }

    /** Adds the seals of all points to the store. An operator sets up only a location without points. */
    void addSeals(GeneratedStore store) {
        store.generate(seals());
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
        return """
                {"apiVersion":"breakwater.io/v1alpha1","kind":"BackupPolicy","metadata":{"name":"%s","namespace":"%s",
                "uid":"%s","creationTimestamp":"%s"},"spec":{"locationRef":{"name":"%s"},
                "schedule":{"cron":"0 * * * *","timeZone":"Etc/UTC"},"retention":{"keepLast":%d},
                "objectives":{"rpo":"2h"}},"status":{"schedule":"0 * * * * Etc/UTC","scheduleSince":"%s",
                "lastScheduleTime":"%s"}}""".formatted(
                        POLICY,
                        namespace(policy),
                        uid(4, policy),
                        created(),
                        LOCATION,
                        pointsEach,
                        created(),
                        start.truncatedTo(ChronoUnit.HOURS));
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

    private static String locationJson(String endpoint) {
        return """
                {"apiVersion":"breakwater.io/v1alpha1","kind":"BackupLocation","metadata":{"name":"%s","namespace":"%s"},
                "spec":{"s3":{"bucket":"%s","endpoint":"%s","pathStyle":true,"credentialsSecretRef":{"name":"store"}},
                "accessMode":"ReadWrite","layout":"Breakwater","usagePolicy":{"namespaces":"All"}}}""".formatted(LOCATION, OPERATOR, GeneratedStore.BUCKET, endpoint);
    }

    private GeneratedObjects restorePoints() {
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

    private GeneratedObjects seals() {
        return new GeneratedObjects() {
            @Override
            public int size() {
                return points();
            }

            @Override
            public String key(int index) {
                int policy = index / pointsEach;
                return "breakwater/points/" + SITE + "/" + namespace(policy) + "/" + CLUSTER + "/" + uid(3, policy)
                        + "/" + names.get(index % pointsEach) + "/point.json";
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
