package io.breakwater.database;

import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.database.CaptureHooks.Call;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Shells in pods that run the hooks after the snapshots if this process ends before it does: no application stays paused. Each
 * shell waits for a word that disarms it. If the connection breaks first, the shell waits until no hook before the snapshots can
 * still run. If neither happens, it waits for the longest time that the snapshots may take. Then it runs its hook.
 */
public final class HookWatchdogs implements AutoCloseable {
    /** The longest time for a connection to break, and for a hook to run. */
    static final Duration MARGIN = Duration.ofSeconds(10);

    private static final Duration PATIENCE = Duration.ofSeconds(15);
    private static final String ARMED = "armed";
    private static final String DONE = "done";
    private static final String DISARMED = "disarmed";

    /** Arguments: seconds to wait for the word, seconds to wait after the connection broke, command. */
    static final String SCRIPT = """
        limit=$1 grace=$2
        shift 2
        command -v timeout >/dev/null || exit 127
        echo %s
        timeout "$limit" sh -c 'read -r word && [ "$word" = %s ]'
        code=$?
        [ "$code" -eq 0 ] && echo %s && exit
        [ "$code" -eq 124 ] || sleep "$grace"
        exec "$@" >/dev/null 2>&1
        """.formatted(ARMED, DONE, DISARMED);

    private record Armed(Call call, PodSession session) {}

    private final List<Armed> armed = new ArrayList<>();
    private final List<String> warnings = new ArrayList<>();
    private final List<Call> early = new ArrayList<>();

    private HookWatchdogs() {}

    /**
     * Starts a watchdog for each hook. A container without the required programs adds a warning.
     *
     * @param limit the longest time for the snapshots
     * @param grace the longest time for a hook before the snapshots
     */
    static HookWatchdogs arm(PodExec exec, List<Call> hooks, Duration limit, Duration grace) {
        HookWatchdogs all = new HookWatchdogs();
        for (Call call : hooks) {
            try {
                all.arm(exec, call, limit, grace);
            } catch (IOException e) {
                all.warnings.add(
                        call.field() + " has no watchdog, so it will not run if the operator stops during the backup: "
                                + e.getMessage());
            }
        }
        return all;
    }

    private void arm(PodExec exec, Call call, Duration limit, Duration grace) throws IOException {
        List<String> command = Stream.concat(
                        Stream.of(
                                "sh",
                                "-c",
                                SCRIPT,
                                "breakwater-watchdog",
                                Long.toString(limit.toSeconds()),
                                Long.toString(grace.toSeconds())),
                        call.command().stream())
                .toList();
        PodSession session = PodSession.open(exec.pod(call.pod()), call.container(), command.toArray(String[]::new));
        if (!receives(ARMED, session)) {
            session.close();
            throw new IOException("container " + call.container() + " of pod " + call.pod()
                    + " must have the programs sh and timeout");
        }
        armed.add(new Armed(call, session));
    }

    /** Hooks without a watchdog: they run only in this process. */
    public List<String> warnings() {
        return warnings;
    }

    /** Disarms all watchdogs, after all hooks ran. */
    @Override
    public void close() {
        for (Armed a : armed) {
            try (PodSession session = a.session) {
                session.write(DONE + "\n");
                if (!receives(DISARMED, session)) {
                    early.add(a.call);
                }
            } catch (IOException | RuntimeException e) {
                early.add(a.call);
            }
        }
    }

    /**
     * Checks after {@link #close} that no watchdog ran its hook.
     *
     * @throws BreakwaterException QuiesceFailed if a hook may have run too early, so that an application resumed before the snapshots
     */
    public void verify() {
        if (!early.isEmpty()) {
            Call call = early.getFirst();
            throw BreakwaterException.retryable(
                    Reason.QuiesceFailed,
                    call.field() + ": the connection to pod " + call.pod()
                            + " was lost, so the hook may have run before the snapshots were taken");
        }
    }

    private static boolean receives(String word, PodSession session) {
        try {
            return session.next(PATIENCE).equals(Optional.of(new PodSession.Received.Line(word)));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }
}
