package io.breakwater.api;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;

/** One step of a run. Breakwater writes the entry before the step acts, and completes it afterwards. */
@JsonInclude(JsonInclude.Include.NON_NULL)
public class JournalEntry {
    /** State of a step. */
    public enum State {
        Running,
        Done,
        Failed
    }

    @Required
    @Size(max = 64)
    @JsonPropertyDescription("Name of the step.")
    public String step;

    @Required
    @JsonPropertyDescription("Running, Done or Failed.")
    public State state;

    @JsonPropertyDescription("Time at which the step first started, RFC 3339 in UTC.")
    public String startedAt;

    @JsonPropertyDescription("Time at which the step ended, RFC 3339 in UTC.")
    public String finishedAt;

    @JsonPropertyDescription("Number of operator processes that started this step; more than 1 after a restart.")
    public Integer attempts;

    @JsonPropertyDescription(
            "Number of operator processes in a row that ended in a crash while this step ran. After 5 the step fails.")
    public Integer crashes;

    /** Largest number of characters of a message. The API server refuses a status with a longer one. */
    public static final int LONGEST = 4096;

    @Size(max = LONGEST)
    @JsonPropertyDescription("Result of the step, or what it waits for.")
    public String message;

    /** A message as the API server accepts it: a step that waits for hundreds of objects names them all. Null stays null. */
    public static String cut(String message) {
        return message == null ? null : Texts.cut(message, LONGEST);
    }

    /** A step that runs. */
    public static JournalEntry running(String step, String startedAt) {
        JournalEntry entry = new JournalEntry();
        entry.step = step;
        entry.state = State.Running;
        entry.startedAt = startedAt;
        return entry;
    }

    /** The same entry, which does not change with this one. */
    public JournalEntry copy() {
        JournalEntry copy = new JournalEntry();
        copy.step = step;
        copy.state = state;
        copy.startedAt = startedAt;
        copy.finishedAt = finishedAt;
        copy.attempts = attempts;
        copy.crashes = crashes;
        copy.message = message;
        return copy;
    }
}
