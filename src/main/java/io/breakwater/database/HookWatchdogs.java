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
 * Shells in the pods that run the hooks after the cut when this process does not live to run them, so that nothing stays
 * frozen because Breakwater is gone. Each waits for a word that says that all went well. When its connection breaks instead it
 * waits until no hook before the cut can be running any more, and when neither happens it waits no longer than the cut may
 * take; then it runs its hook.
 */
public final class HookWatchdogs implements AutoCloseable {
    /** How long a connection may take to break, and a hook to run. */
    static final Duration MARGIN = Duration.ofSeconds(10);

    private static final Duration PATIENCE = Duration.ofSeconds(15);
    private static final String ARMED = "armed";
    private static final String DONE = "done";
    private static final String DISARMED = "disarmed";

    /** Arguments: seconds to wait for the word, seconds to wait after a broken connection, command. */
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
     * Arms one for each hook. A container that has none of the programs that this takes is told in the warnings.
     *
     * @param limit the longest that the cut may take
     * @param grace the longest that a hook before the cut may run
     */
    static HookWatchdogs arm(PodExec exec, List<Call> hooks, Duration limit, Duration grace) {
        HookWatchdogs all = new HookWatchdogs();
        for (Call call : hooks) {
            try {
                all.arm(exec, call, limit, grace);
            } catch (IOException e) {
                all.warnings.add(call.field() + " is not run should Breakwater end before it is: " + e.getMessage());
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
                                "breakwater-backstop",
                                Long.toString(limit.toSeconds()),
                                Long.toString(grace.toSeconds())),
                        call.command().stream())
                .toList();
        PodSession session = PodSession.open(exec.pod(call.pod()), call.container(), command.toArray(String[]::new));
        if (!says(ARMED, session)) {
            session.close();
            throw new IOException("container " + call.container() + " of pod " + call.pod()
                    + " lacks sh or timeout, which would see to it");
        }
        armed.add(new Armed(call, session));
    }

    /** Hooks that depend on this process. */
    public List<String> warnings() {
        return warnings;
    }

    /** Says that all hooks were run; none of these runs its own any more. */
    @Override
    public void close() {
        for (Armed a : armed) {
            try (PodSession session = a.session) {
                session.say(DONE + "\n");
                if (!says(DISARMED, session)) {
                    early.add(a.call);
                }
            } catch (IOException | RuntimeException e) {
                early.add(a.call);
            }
        }
    }

    /**
     * To be asked after {@link #close}.
     *
     * @throws BreakwaterException QuiesceFailed when one may have run before its time, so that what was held may not have been
     */
    public void verify() {
        if (!early.isEmpty()) {
            Call call = early.getFirst();
            throw BreakwaterException.retryable(
                    Reason.QuiesceFailed,
                    call.field() + ": the connection to pod " + call.pod()
                            + " broke, so the hook may have run before the snapshots were cut");
        }
    }

    private static boolean says(String word, PodSession session) {
        try {
            return session.next(PATIENCE).equals(Optional.of(new PodSession.Said.Line(word)));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }
}
