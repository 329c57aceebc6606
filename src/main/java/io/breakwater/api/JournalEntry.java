package io.breakwater.api;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;

/** One step of a run: written as intent before the step acts, completed after it. */
@JsonInclude(JsonInclude.Include.NON_NULL)
public class JournalEntry {
    /** How far a step got. */
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

    @JsonPropertyDescription("When the step was first entered, RFC 3339 in UTC.")
    public String startedAt;

    @JsonPropertyDescription("When the step ended, RFC 3339 in UTC.")
    public String finishedAt;

    @JsonPropertyDescription("How many operator processes have entered this step; more than 1 after a restart.")
    public Integer attempts;

    @Size(max = 4096)
    @JsonPropertyDescription("What the step did, or waits for.")
    public String message;
}
