package io.breakwater.failover;

import io.breakwater.api.BreakwaterException;
import io.breakwater.api.FailoverPlanStatus;
import io.breakwater.api.FailoverPlanStatus.Kind;
import io.breakwater.api.FailoverPlanStatus.Run;
import io.breakwater.api.JournalEntry;
import io.breakwater.api.JournalEntry.State;
import io.breakwater.observe.Conditions;
import io.breakwater.observe.StatusWriter;
import io.breakwater.steps.Journal;
import io.breakwater.steps.StepRunner;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.jboss.logging.Logger;

/**
 * The run that a plan's status shows, with its journal: in the status before each step acts, and in the rendezvous for the
 * other site and for whoever has to understand it later. A store that cannot take the copy does not stop the run.
 */
final class FailoverJournal implements StepRunner.Log {
    private static final Logger LOG = Logger.getLogger(FailoverJournal.class);

    private final PlanSite p;
    private final long epoch;
    private final StatusWriter writer;
    private final Clock clock;

    /** @param epoch the epoch that the run leads to */
    FailoverJournal(PlanSite p, long epoch, StatusWriter writer, Clock clock) {
        this.p = p;
        this.epoch = epoch;
        this.writer = writer;
        this.clock = clock;
    }

    /** The run that is going on with this id; empty when there is none. */
    Optional<Run> running(String id) {
        return Optional.ofNullable(p.status().run).filter(r -> r.id.equals(id) && r.state == State.Running);
    }

    /** The run that is going on. */
    Optional<Run> running() {
        return Optional.ofNullable(p.status().run).filter(r -> r.state == State.Running);
    }

    /** Starts a run unless it has been started. */
    void begin(String id, Kind kind, String from, String to) {
        if (running(id).isPresent()) {
            return;
        }
        update(s -> {
            s.run = new Run();
            s.run.id = id;
            s.run.kind = kind;
            s.run.from = from;
            s.run.to = to;
            s.run.startedAt = Conditions.timestamp(clock.instant());
            s.run.state = State.Running;
            s.journal = new ArrayList<>();
        });
    }

    /** Changes what the status says about the run. */
    void edit(Consumer<Run> change) {
        update(s -> change.accept(s.run));
    }

    /** The run is over on this site. */
    void end(State state, String message) {
        update(s -> {
            s.run.state = state;
            s.run.message = message;
            s.run.finishedAt = Conditions.timestamp(clock.instant());
        });
    }

    /** Notes a step that is one write of the lease: before it with Running, after it with Done. */
    void note(FailoverStep phase, State state, String message) {
        JournalEntry e = entries().stream()
                .filter(x -> x.step.equals(phase.name()))
                .findFirst()
                .orElseGet(JournalEntry::new);
        if (e.state == state) {
            return;
        }
        String now = Conditions.timestamp(clock.instant());
        e.step = phase.name();
        e.state = state;
        e.startedAt = e.startedAt == null ? now : e.startedAt;
        e.finishedAt = state == State.Running ? null : now;
        e.attempts = e.attempts == null ? 1 : e.attempts;
        e.message = message;
        save(e);
    }

    @Override
    public List<JournalEntry> entries() {
        return p.status().journal == null ? List.of() : p.status().journal;
    }

    @Override
    public void save(JournalEntry entry) {
        JournalEntry copy = copy(entry);
        update(s -> {
            s.journal = s.journal == null ? new ArrayList<>() : new ArrayList<>(s.journal);
            Journal.put(s.journal, copy);
        });
        try {
            p.store().journal(epoch, FailoverStep.valueOf(entry.step).number(), entry.step, new Line(p.site(), copy));
        } catch (BreakwaterException e) {
            LOG.warnf("journal of %s, step %s, is in the status only: %s", p.key(), entry.step, e.getMessage());
        }
    }

    /** One object of the store's journal. */
    record Line(String site, JournalEntry entry) {}

    private void update(Consumer<FailoverPlanStatus> change) {
        writer.update(p.plan(), FailoverPlanStatus.class, change);
    }

    private static JournalEntry copy(JournalEntry e) {
        JournalEntry c = new JournalEntry();
        c.step = e.step;
        c.state = e.state;
        c.startedAt = e.startedAt;
        c.finishedAt = e.finishedAt;
        c.attempts = e.attempts;
        c.message = e.message;
        return c;
    }
}
