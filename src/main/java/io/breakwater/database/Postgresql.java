package io.breakwater.database;

import io.breakwater.api.BackupPolicySpec.Database;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.api.ServerMessage;
import io.breakwater.api.Texts;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * A PostgreSQL server after a checkpoint, with a session in its pod that stays open until the snapshots are taken.
 *
 * <p>A checkpoint suffices if all data of the server is on one volume with atomic snapshots. The restored volume is then in the
 * state after a power failure, and PostgreSQL guarantees recovery from the checkpoint (documentation, "File System Level
 * Backup"). Settings and tablespaces without this guarantee are refused. The process id of the backend is compared at the end,
 * because it changes if the server restarts.
 */
public final class Postgresql implements Quiesced {
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    /** Length of an error of the server in messages. */
    private static final int WHY = 1000;

    private static final String END = "--breakwater-end--";

    private final String where;
    private final PodSession session;
    private final String pid;
    private final Facts facts;

    private Postgresql(Database database, String where, PodSession session) {
        this.where = where;
        this.session = session;
        this.pid = one("SELECT pg_backend_pid();");
        refuseUnsafe();
        ask("CHECKPOINT;");
        this.facts = new Facts(
                database.name, "postgresql", one("SHOW server_version;"), one("SELECT pg_current_wal_lsn();"));
    }

    /**
     * Opens the session and makes the checkpoint.
     *
     * @throws BreakwaterException QuiesceFailed, with the message of the server
     */
    public static Postgresql quiesce(KubernetesClient client, String namespace, Database database) {
        PodExec exec = new PodExec(client, namespace);
        String name = "database " + database.name + " in namespace " + namespace;
        List<Pod> pods = exec.pods(database.postgresql.podSelector, database.postgresql.container);
        if (pods.size() != 1) {
            throw BreakwaterException.retryable(
                    Reason.QuiesceFailed,
                    name + ": spec.databases[].postgresql.podSelector matches " + pods.size()
                            + " running pods; it must match the primary only");
        }
        Pod pod = pods.getFirst();
        String container = database.postgresql.container != null
                ? database.postgresql.container
                : pod.getSpec().getContainers().getFirst().getName();
        String user = database.postgresql.user == null ? "postgres" : database.postgresql.user;
        String where = name + " (pod " + pod.getMetadata().getName() + ")";
        try {
            // Both outputs are one stream, so messages and results are in order. The standard error of the pod stays
            // open
            // as 3, without use: containerd ends the input of a session as soon as one of its outputs is closed.
            PodSession session = PodSession.open(
                    exec.pod(pod.getMetadata().getName()),
                    container,
                    "sh",
                    "-c",
                    "exec psql -X -q -A -t -v ON_ERROR_STOP=1 -U '" + user + "' -d postgres 3>&2 2>&1");
            return opened(database, where, session);
        } catch (IOException | KubernetesClientException e) {
            throw BreakwaterException.retryable(
                    Reason.QuiesceFailed, where + ": psql could not be started: " + ServerMessage.of(e), e);
        }
    }

    private static Postgresql opened(Database database, String where, PodSession session) {
        try {
            return new Postgresql(database, where, session);
        } catch (RuntimeException e) {
            session.close();
            throw e;
        }
    }

    @Override
    public Facts facts() {
        return facts;
    }

    @Override
    public void verify() {
        if (!pid.equals(one("SELECT pg_backend_pid();"))) {
            throw failed("the session is not the one that Breakwater opened");
        }
    }

    @Override
    public void close() {
        session.close();
    }

    private void refuseUnsafe() {
        String off = one("SELECT coalesce(string_agg(name, ', '), '') FROM pg_settings"
                + " WHERE name IN ('fsync', 'full_page_writes') AND setting = 'off';");
        if (!off.isEmpty()) {
            throw failed("setting " + off + " is off, so a snapshot of the running server may not recover; turn it on");
        }
        String spaces = one("SELECT count(*) FROM pg_tablespace WHERE spcname NOT IN ('pg_default', 'pg_global');");
        if (!"0".equals(spaces)) {
            throw failed("the server has " + spaces
                    + " additional tablespaces; they may be on other volumes, which is not supported yet");
        }
    }

    /** The only line of a result. */
    private String one(String sql) {
        List<String> answer = ask(sql);
        return answer.isEmpty() ? "" : answer.getFirst().strip();
    }

    private List<String> ask(String sql) {
        try {
            session.write(sql + "\n\\echo " + END + "\n");
        } catch (IOException | KubernetesClientException e) {
            throw failed("the session was lost (" + ServerMessage.of(e) + ")");
        }
        List<String> answer = new ArrayList<>();
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (true) {
            String line = next(sql, answer, Duration.ofNanos(deadline - System.nanoTime()));
            if (line.equals(END)) {
                return answer;
            }
            if (line.startsWith("ERROR:") || line.startsWith("FATAL:") || line.startsWith("psql: error")) {
                throw failed(line);
            }
            answer.add(line);
        }
    }

    private String next(String sql, List<String> soFar, Duration patience) {
        try {
            return switch (session.next(patience).orElse(null)) {
                case PodSession.Received.Line(String text) -> text;
                case PodSession.Received.Ended(String why) ->
                    throw failed(why + " before the result of " + sql
                            + (soFar.isEmpty() ? "" : "; the output was " + soFar));
                case null -> throw failed("no result of " + sql + " within " + PATIENCE.toSeconds() + "s");
            };
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw failed("interrupted");
        }
    }

    private BreakwaterException failed(String why) {
        return BreakwaterException.retryable(Reason.QuiesceFailed, where + ": " + Texts.cut(why, WHY));
    }
}
