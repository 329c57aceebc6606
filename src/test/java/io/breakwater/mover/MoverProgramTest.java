package io.breakwater.mover;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs the mover program with a fake restic: the real one would write to the root directory of the machine. */
class MoverProgramTest {
    private static final String ID = "ab".repeat(32);
    private static final String OTHER = "cd".repeat(32);

    @TempDir
    private Path directory;

    /** A NetworkPolicy or a service mesh blocks the connection, and restic would retry for 15 minutes. */
    @Test
    void failsIfNothingAnswersAtTheGateway() throws Exception {
        Process process = start(
                RESTIC,
                List.of("verify", ID),
                Map.of(
                        "RESTIC_REPOSITORY", "rest:https://127.0.0.1:1/ns/location/id/",
                        "BREAKWATER_REACH_SECONDS", "0"));

        assertThat(process.waitFor()).isEqualTo(41);
        assertThat(directory.resolve("asked")).as("calls of restic").doesNotExist();
    }

    /** Otherwise the kernel ends a mover whose garbage would have fit. */
    @Test
    void collectsGarbageBelowTheLimitOfTheContainer() throws Exception {
        String restic = """
            #!/bin/sh
            echo "${GOMEMLIMIT:-none}" > "$(dirname "$0")/limit"
            """;
        List<String> prune = new MoverTask.Prune("10G").arguments();
        assertThat(start(restic, prune, Map.of("BREAKWATER_MEMORY_LIMIT", "1073741824"))
                        .waitFor())
                .isZero();
        assertThat(directory.resolve("limit")).hasContent("966367638");

        assertThat(start(restic, prune, Map.of()).waitFor()).isZero();
        assertThat(directory.resolve("limit")).hasContent("none");
    }

    /** The ticket of a mover that only reads permits no lock. */
    @Test
    void takesNoLockForReading() throws Exception {
        Files.writeString(directory.resolve("content"), "new content");
        Files.writeString(device(), "old content");
        for (MoverTask task : List.of(
                new MoverTask.Fill("data", "/volumes/data", ID),
                new MoverTask.Files("data", "/volumes/data", ID, true, List.of("/a")),
                new MoverTask.FillDevice("data", "/data", ID),
                new MoverTask.Verify(List.of(ID)))) {
            play(RESTIC, task, 11);
            assertThat(Files.readAllLines(directory.resolve("asked")))
                    .as(task.arguments().getFirst())
                    .isNotEmpty()
                    .allMatch(line -> line.contains(" --no-lock "));
        }
        assertThat(run(new MoverTask.Fill("data", "/volumes/data", ID)))
                .contains("--include /volumes/data")
                .endsWith("-- " + ID + "\n");
    }

    /** The result of restic counts all patterns together. */
    @Test
    void reportsEachPatternThatMatchesNothing() throws Exception {
        String restic = """
            #!/bin/sh
            here=$(dirname "$0")
            echo "$@" >> "$here/asked"
            files=0
            for a; do case $a in */docs*) files=$((files + 2)) ;; */there) echo '{"files_skipped":1}'; exit ;; esac; done
            echo '{"message_type":"status"}'
            printf '{"message_type":"summary","total_files":%s,"bytes_restored":7}\n' "$files"
            """;
        MoverTask several = new MoverTask.Files(
                "data", "/volumes/data", ID, false, List.of("/docs/a", "/no such", "/docs", "/none"));
        assertThat(play(restic, several, 0).report().strip())
                .isEqualTo("{\"message_type\":\"summary\",\"total_files\":4,\"bytes_restored\":7,\"missing\":[1,3]}");
        assertThat(Files.readAllLines(directory.resolve("asked")))
                .hasSize(5)
                .filteredOn(line -> line.contains("--dry-run"))
                .hasSize(4)
                .allMatch(line -> line.contains("--no-lock") && line.endsWith(" -- " + ID));

        MoverTask existing = new MoverTask.Files("data", "/volumes/data", ID, false, List.of("/docs", "/there"));
        assertThat(play(restic, existing, 0).report()).contains("\"missing\":[]");

        MoverTask one = new MoverTask.Files("data", "/volumes/data", ID, false, List.of("/docs"));
        assertThat(play(restic, one, 0).report()).contains("\"missing\":[]");
        assertThat(Files.readAllLines(directory.resolve("asked")))
                .as("the result is that of the pattern")
                .hasSize(1);
    }

    @Test
    void reportsAnErrorInOneReadableLine() throws Exception {
        String restic = """
            #!/bin/sh
            printf '%s\\n' '{"error":{"message":"open \\\\"/docs/a\\\\\\\\nb\\\\":\\\\nno such file"}}' >&2
            printf '%s\\n' 'plain back\\new' >&2
            exit 1
            """.replace("\\\\", "\\");
        MoverTask one = new MoverTask.Files("data", "/volumes/data", ID, false, List.of("/docs"));
        assertThat(play(restic, one, 0).report().strip())
                .isEqualTo("exit 1: { error :{ message : open '/docs/a\\nb': no such file }} plain back\\new");
    }

    /** A killed mover leaves its lock in the repository, and the lock would prevent every prune. */
    @Test
    void removesStaleLocksBeforeAPrune() throws Exception {
        assertThat(printed(new MoverTask.Prune("10G")).lines())
                .containsExactly(
                        "--retry-lock 10m unlock", "--retry-lock 10m prune --max-unused 10% --max-repack-size 10G");
    }

    /** Only prunes unlock first: a backup meets the lock of a killed mover rarely. */
    @Test
    void removesStaleLocksOnceWhenABackupIsLocked() throws Exception {
        String locked = """
            #!/bin/sh
            here=$(dirname "$0")
            echo "$@" >> "$here/asked"
            case $* in
              *" unlock") [ "$STALE" = no ] || : > "$here/unlocked" ;;
              *) [ -e "$here/unlocked" ] || exit 11; echo '{"snapshot_id":"new","total_bytes_processed":11}' ;;
            esac
            """;
        Files.writeString(device(), "old content");
        List<String> arguments = List.of("backup", "/volumes/data", "shop", "point=p");
        Process stays = start(locked, arguments, Map.of("STALE", "no"));
        assertThat(stays.waitFor()).isEqualTo(11);
        assertThat(Files.readAllLines(directory.resolve("asked")))
                .hasSize(3)
                .filteredOn(line -> line.contains("unlock"))
                .hasSize(1);

        assertThat(start(locked, arguments, Map.of("STALE", "yes")).waitFor()).isZero();
        Files.delete(directory.resolve("unlocked"));
        List<String> ofDevice = List.of("backup-device", device().toString(), "/data", "shop", "point=p");
        assertThat(start(locked, ofDevice, Map.of("STALE", "yes", "BREAKWATER_DEVICE_SIZE", "11"))
                        .waitFor())
                .isZero();
    }

    @Test
    void reportsWhatAPruneDeletesAndLeaves() throws Exception {
        String restic = """
            #!/bin/sh
            cat << 'END'
            total prune:          59 blobs / 85.841 MiB
            remaining:            41 blobs / 1.500 KiB
            unused size after prune: 0 B (0.00% of remaining size)
            END
            """;
        assertThat(play(restic, new MoverTask.Prune("10G"), 0).report())
                .isEqualTo("{\"deleted\":90010812,\"remaining\":1536}");
        assertThat(play("#!/bin/sh\necho remaining: some\n", new MoverTask.Prune("10G"), 0)
                        .report())
                .isEqualTo("{\"deleted\":null,\"remaining\":null}");
    }

    /** restic releases its lock when it gets the signal; the shell alone would end without it. */
    @Test
    void passesTheSignalToAPrune() throws Exception {
        Process process = start("""
                #!/bin/sh
                here=$(dirname "$0")
                case "$*" in *unlock*) exit ;; esac
                trap 'echo released > "$here/lock"; exit 130' TERM
                echo held > "$here/lock"
                while :; do sleep 0.05; done
                """, List.of("prune", "10G"), Map.of());
        Path lock = directory.resolve("lock");
        org.awaitility.Awaitility.await().until(() -> Files.exists(lock) && Files.size(lock) > 0);
        process.destroy();

        assertThat(process.waitFor()).isNotZero();
        assertThat(lock).content().contains("released");
    }

    /** The program does not depend on its caller: an id or a path is never an option of restic. */
    @Test
    void passesNoOperandAsAnOption() throws Exception {
        String bad = "--repo=sftp:a@b:/c";
        for (List<String> arguments : List.of(
                List.of("fill", "/volumes/data", bad),
                List.of("files", bad, "never", "/volumes/data/a"),
                List.of("backup", bad, "host", "a=b"),
                List.of("verify", bad),
                List.of("fill-device", "/dev/null", "/data", bad))) {
            Path asked = directory.resolve("asked");
            Files.deleteIfExists(asked);
            Process process = start(
                    "#!/bin/sh\necho \"$@\" >> \"$(dirname \"$0\")/asked\"\n",
                    arguments,
                    Map.of("BREAKWATER_DEVICE_SIZE", "0"));
            process.waitFor();
            assertThat(Files.readAllLines(asked))
                    .as(arguments.getFirst())
                    .anyMatch(line -> line.contains(bad))
                    .allMatch(line -> !line.contains(bad) || line.contains(" -- " + bad));
        }
    }

    /** A part of a device is worth nothing, so the mover must fail and report the error. */
    @Test
    void readsADeviceCompletely() throws Exception {
        MoverTask task = new MoverTask.BackupDevice("data", "/data", "west-shop", Map.of("pvc", "data"));
        Files.writeString(device(), "0123456789");

        assertThat(play(RESTIC, task, 10).report()).contains("\"snapshot_id\":\"new\"");
        assertThat(Files.readString(directory.resolve("asked")))
                .contains("--tag pvc=data")
                .contains("--stdin-filename /data -- dd if=");

        Ended shorter = play(RESTIC, task, 11);
        assertThat(shorter.code()).isEqualTo(1);
        assertThat(shorter.report()).contains("has 11 bytes, 10 of which were read");

        Files.delete(device());
        assertThat(play(RESTIC, task, 10).report()).startsWith("exit 1:").contains("command failed");
    }

    @Test
    void fillsADeviceAndZeroesTheRest() throws Exception {
        MoverTask task = new MoverTask.FillDevice("data", "/data", ID);
        Files.writeString(directory.resolve("content"), "new content");
        Files.writeString(device(), "old content, and more of it");

        Ended ended = play(RESTIC, task, 27);
        assertThat(ended.report()).isEqualTo("{\"total_bytes\":11,\"bytes_restored\":11}");
        assertThat(Files.readString(device())).isEqualTo("new content" + "\0".repeat(16));
        assertThat(Files.readString(directory.resolve("asked")))
                .contains("ls --json --no-lock -- " + ID)
                .contains("dump --no-lock -- " + ID + " /data");
    }

    @Test
    void writesNothingToATooSmallDevice() throws Exception {
        Files.writeString(directory.resolve("content"), "new content");
        Files.writeString(device(), "old");

        Ended ended = play(RESTIC, new MoverTask.FillDevice("data", "/data", ID), 10);
        assertThat(ended.code()).isEqualTo(1);
        assertThat(ended.report()).contains("room for 10 bytes, and the snapshot holds 11; nothing was written");
        assertThat(Files.readString(device())).isEqualTo("old");
    }

    @Test
    void failsWhenTheRepositoryIsUnreadable() throws Exception {
        Files.writeString(directory.resolve("content"), "new content");
        MoverTask fill = new MoverTask.FillDevice("data", "/data", ID);
        String broken = RESTIC.replace(
                "cat \"$here/content\"", "printf new; echo 'ciphertext verification failed' >&2; exit 7");
        Ended ended = play(broken, fill, 11);
        assertThat(ended.code()).isEqualTo(7);
        assertThat(ended.report()).startsWith("exit 7:").contains("ciphertext verification failed");

        Ended verified = play(broken, new MoverTask.Verify(List.of(ID)), 11);
        assertThat(verified.code()).isEqualTo(7);
        assertThat(verified.report()).startsWith("exit 7:").contains("ciphertext verification failed");

        Ended cut = play(RESTIC.replace("cat \"$here/content\"", "printf new"), fill, 11);
        assertThat(cut.report()).contains("3 bytes were written, and the snapshot holds 11");
    }

    private static final String RESTIC = """
        #!/bin/sh
        here=$(dirname "$0")
        echo "$@" >> "$here/asked"
        case $* in
          *" backup "*)
            while [ "$1" != -- ]; do shift; done
            shift
            "$@" > "$here/read" || { echo 'Fatal: command failed' >&2; exit 1; }
            printf '{"snapshot_id":"new","total_bytes_processed":%s}\n' "$(wc -c < "$here/read")"
            ;;
          *" ls "*) printf '{"type":"file","path":"/data","size":%s,"mode":420}\n' "$(wc -c < "$here/content")" ;;
          *" dump "*) cat "$here/content" ;;
        esac
        """;

    private record Ended(int code, String report) {}

    private Path device() {
        return directory.resolve("device");
    }

    /** Runs the mover with a fake restic, and a file as the device. */
    private Ended play(String restic, MoverTask task, long size) throws Exception {
        Files.deleteIfExists(directory.resolve("asked"));
        Files.deleteIfExists(directory.resolve("report"));
        Process process = start(
                restic,
                task.arguments().stream()
                        .map(a -> a.equals(MoverTask.DEVICE) ? device().toString() : a)
                        .toList(),
                Map.of("BREAKWATER_DEVICE_SIZE", Long.toString(size)));
        // Its output is not read to the end: a sleep that the mover leaves behind holds it open for five seconds.
        return new Ended(process.waitFor(), Files.readString(directory.resolve("report")));
    }

    /** A Job that only mounts a volume has no repository, so it has no ticket and no token. */
    @Test
    void mountsWithoutCredentials() throws Exception {
        ProcessBuilder builder = new ProcessBuilder(
                        "sh", Path.of("images/breakwater-mover/mover").toString(), "mount")
                .redirectErrorStream(true);
        builder.environment().keySet().removeIf(name -> name.startsWith("RESTIC") || name.startsWith("BREAKWATER"));
        builder.environment()
                .put("BREAKWATER_REPORT_FILE", directory.resolve("report").toString());
        Process process = builder.start();
        String output = new String(process.getInputStream().readAllBytes(), UTF_8);

        assertThat(process.waitFor()).as(output).isZero();
        assertThat(directory.resolve("report")).hasContent("{}");
    }

    private String run(MoverTask task) throws Exception {
        String output = printed(task);
        assertThat(Files.readString(directory.resolve("report"))).isEqualTo(output);
        return output;
    }

    private String printed(MoverTask task) throws Exception {
        Process process = start("#!/bin/sh\necho \"$@\"\n", task.arguments(), Map.of());
        String output = new String(process.getInputStream().readAllBytes(), UTF_8);
        assertThat(process.waitFor()).as(output).isZero();
        return output;
    }

    private Process start(String program, List<String> arguments, Map<String, String> more) throws IOException {
        Path restic = Files.writeString(directory.resolve("restic"), program);
        Files.setPosixFilePermissions(restic, PosixFilePermissions.fromString("rwxr-xr-x"));
        Files.writeString(directory.resolve("token"), "token");
        List<String> command = new ArrayList<>(
                List.of("sh", Path.of("images/breakwater-mover/mover").toString()));
        command.addAll(arguments);
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment()
                .putAll(Map.of(
                        "PATH", directory + ":" + System.getenv("PATH"),
                        "TMPDIR", directory.toString(),
                        "RESTIC_CACERT", "none",
                        "BREAKWATER_TOKEN_FILE", directory.resolve("token").toString(),
                        "BREAKWATER_REPORT_FILE", directory.resolve("report").toString()));
        builder.environment().putAll(more);
        return builder.start();
    }
}
