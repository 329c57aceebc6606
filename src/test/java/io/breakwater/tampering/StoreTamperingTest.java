package io.breakwater.tampering;

import static io.breakwater.tampering.ObjectAlteration.APPEND;
import static io.breakwater.tampering.ObjectAlteration.CUT;
import static io.breakwater.tampering.ObjectAlteration.DELETE;
import static io.breakwater.tampering.ObjectAlteration.EXCHANGE;
import static io.breakwater.tampering.ObjectAlteration.FLIP;
import static io.breakwater.tampering.ObjectAlteration.REPLAY;
import static io.breakwater.tampering.StoreReader.COPY;
import static io.breakwater.tampering.StoreReader.DELETION;
import static io.breakwater.tampering.StoreReader.LEASE;
import static io.breakwater.tampering.StoreReader.PROBE;
import static io.breakwater.tampering.StoreReader.REGISTER;
import static io.breakwater.tampering.StoreReader.RESTORE;
import static io.breakwater.tampering.StoreReader.TOMBSTONES;
import static io.breakwater.tampering.StoreReader.VERIFY;
import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.store.TestStores;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * An attacker who has the credentials of a store alters objects in every area. All readers of the product run after each
 * alteration. They do what they do with unaltered objects, or what the table permits.
 */
@Tag("slow")
class StoreTamperingTest {
    private static final Set<ObjectAlteration> ALTERED = Set.of(FLIP, CUT, APPEND, EXCHANGE);
    private static final Set<ObjectAlteration> CONTENT = Set.of(FLIP, CUT, APPEND, EXCHANGE, REPLAY);
    private static final Set<ObjectAlteration> ANY = Set.of(ObjectAlteration.values());

    /** Areas that have no objects in {@link LaidLocation}, and the tests of their readers. */
    private static final Map<String, String> ELSEWHERE = Map.of(
            "breakwater/rotations/", "io.breakwater.rotation.RotationTest",
            "breakwater/removed/", "io.breakwater.store.OldVersionsTest");

    private static final String SEAL = "breakwater/points/.*/first/point.json";

    private static final List<ExpectedEffect> TABLE = List.of(
            row("breakwater/repos/.*", Set.of(DELETE), Set.of(), "there is nothing to lock", "LOCKS - .*"),
            row(
                    "breakwater/repos/[^/]+/config",
                    ALTERED,
                    Set.of(),
                    "only restic can verify it",
                    "COPY \\+ .* has digest .*"),
            row("breakwater/repos/[^/]+/config", Set.of(DELETE), Set.of(COPY), "no copy"),
            row(
                    "breakwater/repos/[^/]+/(data/(?!de/)..|index|keys)/.*",
                    ALTERED,
                    Set.of(COPY),
                    "the name is the digest"),
            row(
                    "breakwater/repos/[^/]+/(data/(?!de/)..|index|keys)/.*",
                    Set.of(DELETE),
                    Set.of(),
                    "restic reports it",
                    "COPY - .*"),
            row(
                    "breakwater/repos/[^/]+/data/de/.*",
                    Set.of(DELETE),
                    Set.of(),
                    "it is deleted",
                    "TOMBSTONES - deleted .*"),
            row("breakwater/repos/[^/]+/repository.json", ANY, Set.of(COPY, REGISTER), "nothing is written there"),
            row("breakwater/repos/[^/]+/snapshots/.*", ANY, Set.of(COPY, RESTORE, VERIFY), "the name is the digest"),
            row("breakwater/owners/.*", CONTENT, Set.of(COPY, REGISTER, TOMBSTONES), "nothing is written there"),
            row(
                    "breakwater/owners/.*",
                    Set.of(DELETE),
                    Set.of(),
                    "the namespace gets another repository, and nothing is freed in the old one",
                    "REGISTER \\+ .*",
                    "TOMBSTONES - .*"),
            row(SEAL, ALTERED, Set.of(COPY, RESTORE, VERIFY, DELETION), "the point is refused"),
            row(
                    SEAL,
                    Set.of(REPLAY),
                    Set.of(RESTORE),
                    "it is of another RestorePoint",
                    "COPY \\+ .*RestorePointNotSealed.*",
                    "DELETION - .*",
                    "VERIFY \\+ .*",
                    "LOCKS \\+ .*"),
            row(
                    SEAL,
                    Set.of(DELETE),
                    Set.of(),
                    "the point is absent",
                    "(RESTORE|VERIFY) \\+ .*RestorePointNotFound.*",
                    "COPY \\+ .*RestorePointNotSealed.*",
                    "DELETION - .*",
                    "LOCKS - .*"),
            row(
                    "breakwater/points/.*/vouched/point.json",
                    ANY,
                    Set.of(),
                    "the point is refused: without the key that it names, an altered seal and a missing voucher look the same",
                    "[A-Z]+ \\+ .*KeyMismatch.*east/shop/vouched.*",
                    "(RESTORE|VERIFY) \\+ .*RestorePointNotFound.*",
                    "COPY \\+ .*RestorePointNotSealed.*",
                    "(DELETION|LOCKS) - .*"),
            row(
                    "breakwater/points/.*/point\\.[0-9a-f]+\\.json",
                    ANY,
                    Set.of(),
                    "the key that signed the point is missing; what follows the voucher changes nothing",
                    "[A-Z]+ \\+ .*KeyMismatch.*east/shop/vouched.*",
                    "COPY \\+ .*/point\\.[0-9a-f]+\\.json has digest .*"),
            row(
                    "breakwater/archives/.*/uid-(of-first|vouched)/.*",
                    ALTERED,
                    Set.of(RESTORE, VERIFY, COPY),
                    "the digest is in the seal"),
            row(
                    "breakwater/archives/.*/uid-(of-first|vouched)/.*",
                    Set.of(DELETE),
                    Set.of(RESTORE, VERIFY),
                    "the copy waits",
                    "COPY \\+ .*StoreUnavailable: .*it was deleted"),
            row(
                    "breakwater/archives/.*/uid-of-lost/.*",
                    Set.of(DELETE),
                    Set.of(),
                    "nothing to delete",
                    "UNSEALED - .*"),
            row("velero/backups/.*", ALTERED, Set.of(VERIFY, COPY), "the digest is in the seal"),
            row(
                    "velero/backups/.*",
                    Set.of(DELETE),
                    Set.of(VERIFY),
                    "the copy waits",
                    "COPY \\+ .*StoreUnavailable: .*it was deleted"),
            row("breakwater/location.json", ALTERED, Set.of(PROBE), "the location is not ready"),
            row(
                    "breakwater/location.json",
                    Set.of(REPLAY),
                    Set.of(),
                    "the Secret lacks its key",
                    "PROBE \\+ .*KeyMismatch.*"),
            row(
                    "breakwater/location.json",
                    Set.of(DELETE),
                    Set.of(),
                    "written again with the same key",
                    "PROBE \\+ created breakwater/location.json",
                    "PROBE \\+ .*counter 3, .*"),
            row(
                    "breakwater/escrow/.*",
                    ANY,
                    Set.of(),
                    "written again",
                    "PROBE \\+ (wrote|created) breakwater/escrow/.*"),
            row(
                    "breakwater/keyrings/.*",
                    ANY,
                    Set.of(),
                    "no site has a report",
                    "SITES \\+ reports: (east|west) has null of .*",
                    "PROBE \\+ (wrote|created) breakwater/keyrings/east.json"),
            row("breakwater/tombstones/points/.*", ALTERED, Set.of(DELETION), "nothing is deleted", "TOMBSTONES - .*"),
            row(
                    "breakwater/tombstones/points/.*",
                    Set.of(DELETE),
                    Set.of(),
                    "nothing is deleted",
                    "DELETION - .*",
                    "TOMBSTONES - .*"),
            row(
                    "breakwater/tombstones/repos/.*",
                    ANY,
                    Set.of(),
                    "nothing is deleted",
                    "TOMBSTONES - .*",
                    "LOCKS \\+ .*",
                    "COPY \\+ .*Tampered: object breakwater/repos/.*"),
            row("breakwater/readers/.*", ANY, Set.of(), "data stays longer", "TOMBSTONES - .*"),
            row("breakwater/begun/.*", ANY, Set.of(), "data stays longer", "UNSEALED - .*"),
            row("breakwater/sites/east.json", Set.of(DELETE), Set.of(), "written again by the probe", "SITES - .*"),
            row(
                    "breakwater/sites/west.json",
                    ANY,
                    Set.of(),
                    "the site counts as silent",
                    "SITES \\+ heartbeat of west: silent"),
            row("breakwater/immutability/.*", ANY, Set.of(), "the round is repeated", "LOCKS [+-] .*"),
            row(
                    "breakwater/prunes/.*",
                    ANY,
                    Set.of(),
                    "a prune starts early, and deletes only what no snapshot needs",
                    "PRUNES [+-] .*"),
            row("breakwater/plans/.*/lease.json", CONTENT, Set.of(LEASE), "no site acts on it"),
            row("breakwater/plans/.*/lease.json", Set.of(DELETE), Set.of(), "no failover", "LEASE \\+ .*absent"),
            row("breakwater/(repos/[^/]+/locks|probe|plans/.*/journal)/.*", ANY, Set.of(), "nothing reads them"));

    @Test
    void namesWhatWasAlteredInEveryArea() throws Exception {
        List<String> wrong = new ArrayList<>();
        Set<String> areas = new TreeSet<>(ELSEWHERE.keySet());
        try (LaidLocation laid = new LaidLocation(escrow())) {
            Map<String, byte[]> honest = new TreeMap<>(laid.disk.objects);
            Map<String, List<byte[]>> earlier = new TreeMap<>(laid.disk.earlier);
            Map<StoreReader, List<String>> right = new TreeMap<>();
            for (StoreReader reader : StoreReader.values()) {
                laid.set(honest);
                right.put(reader, laid.read(reader, honest));
            }
            for (String key : laid.samples(honest.keySet())) {
                String area = TestStores.areas().stream()
                        .filter(key::startsWith)
                        .findFirst()
                        .orElseThrow();
                areas.add(area);
                for (ObjectAlteration alteration : ObjectAlteration.values()) {
                    for (byte[] content : alteration.of(key, honest, earlier.getOrDefault(key, List.of()), area)) {
                        Map<String, byte[]> altered = new TreeMap<>(honest);
                        altered.remove(key);
                        if (content != null) {
                            altered.put(key, content);
                        }
                        for (StoreReader reader : StoreReader.values()) {
                            laid.set(honest);
                            check(key, alteration, reader, right.get(reader), laid.read(reader, altered), wrong);
                        }
                    }
                }
            }
        }
        assertThat(wrong.stream().distinct())
                .as("differences that the table does not permit")
                .isEmpty();
        assertThat(areas).as("areas with a case").containsExactlyInAnyOrderElementsOf(TestStores.areas());
    }

    private static void check(
            String key,
            ObjectAlteration alteration,
            StoreReader reader,
            List<String> right,
            List<String> found,
            List<String> wrong) {
        List<ExpectedEffect> rows = TABLE.stream()
                .filter(row ->
                        row.keys().matcher(key).matches() && row.alterations().contains(alteration))
                .toList();
        List<String> added = new ArrayList<>(found);
        right.forEach(added::remove);
        List<String> missing = new ArrayList<>(right);
        found.forEach(missing::remove);
        boolean named = added.removeIf(line -> isNamed(line, key));
        Stream<String> lost = named || !added.isEmpty() ? Stream.of() : missing.stream();
        Stream.concat(added.stream().map(line -> reader + " + " + line), lost.map(line -> reader + " - " + line))
                .filter(difference -> rows.stream().noneMatch(row -> row.allows(difference)))
                .forEach(difference -> wrong.add(alteration + " " + key + ": " + difference));
        if (!named && rows.stream().anyMatch(row -> row.naming().contains(reader))) {
            wrong.add(alteration + " " + key + ": " + reader + " did not name it");
        }
    }

    private static boolean isNamed(String line, String key) {
        return line.contains(key) && (line.contains(": Tampered: ") || line.contains(": WentBack: "));
    }

    private static ExpectedEffect row(
            String keys, Set<ObjectAlteration> alterations, Set<StoreReader> naming, String reason, String... effects) {
        return new ExpectedEffect(
                Pattern.compile(keys),
                alterations,
                naming,
                Stream.of(effects).map(Pattern::compile).toList(),
                reason);
    }

    private static KeyPair escrow() throws Exception {
        KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
        generator.initialize(3072);
        return generator.generateKeyPair();
    }
}
