package io.breakwater.api;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Size;
import java.util.ArrayList;
import java.util.List;

/** Progress and result of the request. */
@JsonInclude(JsonInclude.Include.NON_NULL)
public class FailoverRequestStatus extends ConditionedStatus {
    @JsonPropertyDescription(
            "Finished: the request ended, with success or failure. Succeeded, and Ready with the same value: the site is"
                    + " active. Stalled: the site did not take over.")
    public List<Condition> conditions = new ArrayList<>();

    @Size(max = 128)
    @JsonPropertyDescription("Identity of the run of the plan that this request started.")
    public String run;

    @Override
    public List<Condition> conditions() {
        return conditions;
    }
}
