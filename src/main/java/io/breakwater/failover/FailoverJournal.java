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
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.jboss.logging.Logger;

/**
 * The run in a plan's status, with its journal. Each entry is in the status before its step acts. A copy is in the rendezvous
 * location, for the other site and for later analysis. A store that does not accept the copy does not stop the run.
 */
final class FailoverJournal implements StepRunner.Log {
    private static final Logger LOG = Logger.getLogger(FailoverJournal.class);

    /** Steps whose result is about the point that a site restores. */
    private static final Set<String> OF_POINT = Set.of(
            FailoverStep.AwaitPoint.name(),
            FailoverStep.Restore.name(),
            FailoverStep.Tidy.name(),
            FailoverStep.Open.name(),
            FailoverStep.AwaitReady.name());

    private final PlanSite plan;
    private final long epoch;
    private final StatusWriter writer;
    private final PlanReport report;
    private final Clock clock;

    /** @param epoch the epoch that the run leads to */
    FailoverJournal(PlanSite plan, long epoch, StatusWriter writer, PlanReport report, Clock clock) {
        this.plan = plan;
        this.epoch = epoch;
        this.writer = writer;
        this.report = report;
        this.clock = clock;
    }

    /** The run with this id, while it is running. */
    Optional<Run> running(String id) {
        return running().filter(run -> run.id.equals(id));
    }

    /** The run, while it is running. */
    Optional<Run> running() {
        return Optional.ofNullable(plan.status().run).filter(run -> run.state == State.Running);
    }

    /** Starts a run unless it is running. */
    void start(String id, Kind kind, String from, String to) {
        if (running(id).isPresent()) {
            return;
        }
        update(status -> {
            status.run = new Run();
            status.run.id = id;
            status.run.kind = kind;
            status.run.from = from;
            status.run.to = to;
            status.run.startedAt = Conditions.timestamp(clock.instant());
            status.run.state = State.Running;
            status.journal = new ArrayList<>();
        });
    }

    /** Sets the deadline of the run, counted from its start; the first call wins. */
    void limit(Duration time) {
        running()
                .filter(run -> run.deadline == null)
                .ifPresent(run -> edit(r -> r.deadline =
                        Conditions.timestamp(Instant.parse(r.startedAt).plus(time))));
    }

    /** Sets the deadline of the run, counted from now. */
    void limitFromNow(Duration time) {
        running()
                .ifPresent(run -> edit(
                        r -> r.deadline = Conditions.timestamp(clock.instant().plus(time))));
    }

    /** Starts the run in which this site takes the lease from another, unless it is running. */
    void startTakeOver(String from) {
        if (plan.takeOver().isEmpty()) {
            start(plan.request(), Kind.Planned, from, plan.site());
        }
    }

    /**
     * The steps of this site are about a point. Entries about another point are removed: what was done for that one is not done for
     * this one.
     *
     * @param digest SHA-256 of its point.json
     */
    void restoreFrom(String digest) {
        Run run = plan.status().run;
        if (run != null && digest.equals(run.digest)) {
            return;
        }
        update(status -> {
            if (status.run != null) {
                status.run.digest = digest;
            }
            if (status.journal != null) {
                status.journal = status.journal.stream()
                        .filter(entry -> !OF_POINT.contains(entry.step))
                        .collect(Collectors.toCollection(ArrayList::new));
            }
        });
    }

    /** Changes the run in the status. */
    void edit(Consumer<Run> change) {
        update(status -> change.accept(status.run));
    }

    /** Reports what the run waits for, if it is running. */
    void await(String message) {
        running().ifPresent(run -> await(run.kind, message));
    }

    /** Reports what the run waits for, and its kind, if it is running. */
    void await(Kind kind, String message) {
        running()
                .ifPresent(run -> edit(r -> {
                    r.kind = kind;
                    r.message = JournalEntry.cut(message);
                }));
    }

    /** Ends the run on this site, if it is running, and counts it. */
    void end(FailoverResult result, String message) {
        running().ifPresent(run -> {
            update(status -> {
                status.run.state = result == FailoverResult.Completed ? State.Done : State.Failed;
                status.run.message = JournalEntry.cut(message);
                status.run.finishedAt = Conditions.timestamp(clock.instant());
            });
            report.finished(plan.resource(), run, result);
        });
    }

    /**
     * Records a step that is one write of the lease: before the write with Running, after it with Done.
     *
     * @return whether the step was not in this state before
     */
    boolean note(FailoverStep step, State state, String message) {
        JournalEntry entry = entries().stream()
                .filter(present -> present.step.equals(step.name()))
                .findFirst()
                .orElseGet(JournalEntry::new);
        if (entry.state == state) {
            return false;
        }
        String now = Conditions.timestamp(clock.instant());
        entry.step = step.name();
        entry.state = state;
        entry.startedAt = entry.startedAt == null ? now : entry.startedAt;
        entry.finishedAt = state == State.Running ? null : now;
        entry.attempts = entry.attempts == null ? 1 : entry.attempts;
        entry.message = JournalEntry.cut(message);
        save(entry);
        return true;
    }

    @Override
    public List<JournalEntry> entries() {
        return plan.status().journal == null ? List.of() : plan.status().journal;
    }

    @Override
    public void save(JournalEntry entry) {
        JournalEntry copy = copy(entry);
        update(status -> {
            status.journal = status.journal == null ? new ArrayList<>() : new ArrayList<>(status.journal);
            Journal.put(status.journal, copy);
        });
        try {
            int number = FailoverStep.valueOf(entry.step).number();
            plan.store().journal(epoch, number, entry.step, new Line(plan.site(), copy));
        } catch (BreakwaterException e) {
            LOG.warnf(
                    "could not copy step %s of the journal of FailoverPlan %s to the rendezvous location: %s; the"
                            + " status has the step",
                    entry.step, plan.key(), e.getMessage());
        }
    }

    /** One object of the journal in the store. */
    record Line(String site, JournalEntry entry) {}

    private void update(Consumer<FailoverPlanStatus> change) {
        writer.update(plan.resource(), FailoverPlanStatus.class, change);
    }

    private static JournalEntry copy(JournalEntry entry) {
        JournalEntry copy = new JournalEntry();
        copy.step = entry.step;
        copy.state = entry.state;
        copy.startedAt = entry.startedAt;
        copy.finishedAt = entry.finishedAt;
        copy.attempts = entry.attempts;
        copy.crashes = entry.crashes;
        copy.message = entry.message;
        return copy;
    }
}
