package io.breakwater.api;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Size;
import java.util.ArrayList;
import java.util.List;

/** The status of a bounded run, with the journal of its steps. */
public abstract class RunStatus extends ConditionedStatus {
    @Size(max = 32)
    @JsonPropertyDescription("Steps of the run.")
    public List<JournalEntry> journal = new ArrayList<>();
}
