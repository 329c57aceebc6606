package io.breakwater.admission;

import static io.breakwater.admission.Manifests.RESTORE;
import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.config.TestConfig;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RestoreCheckTest {
    private final InMemoryApiServer cluster = new InMemoryApiServer();
    private final KindChecks checks =
            new KindChecks(cluster.client(), TestConfig.of(Map.of("breakwater.site", "east")));

    @AfterEach
    void close() {
        cluster.close();
    }

    @Test
    void onlyAdministratorsRestoreIntoAnotherNamespace() {
        String elsewhere = RESTORE.replace("{name: p}}", "{name: p}, targetNamespace: bank}");
        assertThat(create(elsewhere).refusal()).startsWith("spec.targetNamespace: ");
        assertThat(create(elsewhere.replace("bank", "shop")).isAllowed()).isTrue();
        assertThat(create(elsewhere.replace("namespace: shop", "namespace: breakwater-system"))
                        .isAllowed())
                .isTrue();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
        at: '2026-02-30T25:00:00Z'         | spec.at
        include: [{kinds: [Deployment]}]   | spec.include[0].kinds[0]
        exclude: [{names: [a]}, {kinds: [secrets, apps/v1]}] | spec.exclude[1].kinds[1]
        transforms: [{select: {names: [a]}}] | spec.transforms[0]
        transforms: [{select: {names: [a]}, jsonPatch: [{op: add, path: /a, value: 1}], mergePatch: {}}] | spec.transforms[0]
        transforms: [{select: {kinds: [Pod]}, mergePatch: {a: 1}}] | spec.transforms[0].select.kinds[0]
        transforms: [{select: {names: [a]}, mergePatch: {a: 1}}, {select: {names: [a]}, mergePatch: text}] | spec.transforms[1].mergePatch
        transforms: [{select: {names: [a]}, mergePatch: {kind: ConfigMap}}] | spec.transforms[0].mergePatch
        transforms: [{select: {names: [a]}, mergePatch: {metadata: null}}] | spec.transforms[0].mergePatch
        transforms: [{select: {names: [a]}, jsonPatch: [{op: remove, path: /a}, {op: add, path: /a}]}] | spec.transforms[0].jsonPatch[1].value
        transforms: [{select: {names: [a]}, jsonPatch: [{op: remove, path: /a, value: 1}]}] | spec.transforms[0].jsonPatch[0].value
        transforms: [{select: {names: [a]}, jsonPatch: [{op: move, path: /a}]}] | spec.transforms[0].jsonPatch[0].from
        transforms: [{select: {names: [a]}, jsonPatch: [{op: move, path: /a, from: /metadata/name}]}] | spec.transforms[0].jsonPatch[0].from
        transforms: [{select: {names: [a]}, jsonPatch: [{op: replace, path: /kind, value: ConfigMap}]}] | spec.transforms[0].jsonPatch[0].path
        transforms: [{select: {names: [a]}, jsonPatch: [{op: replace, path: /metadata, value: {}}]}] | spec.transforms[0].jsonPatch[0].path
        order: [{first: [{kinds: [Pod]}], then: [{names: [a]}]}] | spec.order[0].first[0].kinds[0]
        order: [{first: [{names: [a]}], then: [{names: [b]}, {kinds: [apps/v1]}]}] | spec.order[0].then[1].kinds[0]
        order: [{first: [{names: [a]}], then: [{names: [b]}], timeout: 0s}] | spec.order[0].timeout
        order: [{first: [{names: [a]}], then: [{names: [b]}]}, {first: [{names: [b]}], then: [{names: [a]}]}] | spec.order[1] and spec.order[0]
        order: [{first: [{kinds: [a.b]}], then: [{kinds: [c.d]}]}, {first: [{kinds: [c.d], names: [x]}], then: [{kinds: [a.b], names: [y]}]}] | spec.order[1] and spec.order[0]
        files: {pvc: a, paths: [/a, uploads]} | spec.files.paths[1]
        files: {pvc: a, paths: [/a/../../b]}  | spec.files.paths[0]
        files: {pvc: a, paths: [/]}           | spec.files.paths[0]
        storageClasses: {fast: 'not a class'} | spec.storageClasses
        images: {docker.io/: mirror}          | spec.images
        hosts: {.example.com: example.org}    | spec.hosts
        hosts: {shop.example.com: https://x}  | spec.hosts
        """)
    void refusesInvalidRestoresAndNamesTheField(String wrong, String field) {
        String right = RESTORE.replace(
                "{restorePointRef: {name: p}}", "{policyRef: {name: shop}, at: '2026-02-03T04:05:06.7+01:00'}");
        assertThat(create(right).isAllowed()).isTrue();
        String transforms =
                "transforms: [{select: {kinds: [pods]}, jsonPatch: [{op: test, path: /kind, value: Pod}, {op: copy,"
                        + " path: /a, from: /kind}, {op: remove, path: /b}, {op: add, path: /c, value: false}]}, {select:"
                        + " {names: [a]}, mergePatch: {metadata: {labels: {a: b}}}}], storageClasses: {a: b}, images:"
                        + " {quay.io/a: r.io:5000/b/c}, hosts: {a.io: b.io, .a.io: .b.io}, order: [{first: [{kinds: [a.b],"
                        + " names: [x]}], then: [{kinds: [a.b]}]}, {first: [{labelSelector: {}}], then: [{kinds: [a.b],"
                        + " names: [x]}], timeout: 5m}]";
        assertThat(create(RESTORE.replace("{name: p}}", "{name: p}, " + transforms + "}"))
                        .refusal())
                .isNull();
        assertThat(create(RESTORE.replace("{name: p}}", "{name: p}, " + wrong + "}"))
                        .refusal())
                .startsWith(field + ": ");
    }

    /** The number of combinations of kinds and names grows with their product. */
    @Test
    void skipsTheSearchForCyclesAmongTooManyObjects() {
        String many = IntStream.range(0, 1500).mapToObj(i -> "n" + i).collect(Collectors.joining(", "));
        AdmissionResponse response = create(RESTORE.replace(
                "{name: p}}",
                "{name: p}, order: [{first: [{kinds: [" + many + "]}], then: [{names: [" + many + "]}]}]}"));
        assertThat(response.isAllowed()).isTrue();
        assertThat(response.warnings()).anyMatch(w -> w.startsWith("spec.order: the rules name too many"));
    }

    @Test
    void limitsTheFindingsOfAnAnswer() {
        String wrong = IntStream.range(0, 5000).mapToObj(i -> "'?'").collect(Collectors.joining(", "));
        String refusal = create(RESTORE.replace("{name: p}}", "{name: p}, include: [{kinds: [" + wrong + "]}]}"))
                .refusal();
        assertThat(refusal.length()).isLessThan(10_000);
    }

    @Test
    void refusesRestoresIntoSystemNamespaces() {
        String admin = RESTORE.replace("namespace: shop", "namespace: breakwater-system");
        assertThat(create(admin).refusal()).startsWith("spec.targetNamespace: ");
        assertThat(create(admin.replace("{name: p}}", "{name: p}, targetNamespace: kube-system}"))
                        .isAllowed())
                .isFalse();
    }

    @Test
    void restoresOnlyPoliciesAndLocationsIntoTheOperatorsNamespace() {
        String admin = RESTORE.replace("namespace: shop", "namespace: breakwater-system");
        assertThat(create(including(admin, "{kinds: [backuppolicies.breakwater.io]}"))
                        .isAllowed())
                .isTrue();
        assertThat(create(including(admin, "{kinds: [backuppolicies.breakwater.io, backuplocations.breakwater.io]}"))
                        .isAllowed())
                .isTrue();
        for (String more : List.of(
                "{kinds: [backuppolicies.breakwater.io, secrets]}",
                "{names: [all]}",
                "{kinds: []}",
                "{kinds: [backuppolicies.breakwater.io]}, {kinds: [deployments.apps]}")) {
            assertThat(create(including(admin, more)).refusal())
                    .as(more)
                    .startsWith("spec.targetNamespace: 'breakwater-system' belongs to Breakwater");
        }
    }

    private static String including(String restore, String rules) {
        return restore.replace("{name: p}}", "{name: p}, include: [" + rules + "]}");
    }

    private AdmissionResponse create(String object) {
        return checks.review(Reviews.create("jane", object));
    }
}
