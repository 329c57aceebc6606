package io.breakwater.api;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Size;
import io.fabric8.generator.annotation.ValidationRule;
import io.fabric8.kubernetes.api.model.LabelSelector;
import java.util.List;

/** Matches objects that meet all stated fields. */
@JsonInclude(JsonInclude.Include.NON_NULL)
@ValidationRule(
        value = "has(self.kinds) || has(self.names) || has(self.labelSelector)",
        message = "a rule must have kinds, names or a labelSelector; an empty rule would match every object")
public class ObjectRule {
    @Size(min = 1, max = 64)
    @JsonPropertyDescription("Kinds, written as kubectl api-resources -o name prints them: secrets, deployments.apps,"
            + " persistentvolumeclaims.")
    public List<String> kinds;

    @Size(min = 1, max = 256)
    @JsonPropertyDescription("Names of objects.")
    public List<String> names;

    @JsonPropertyDescription("Labels that the objects had when they were captured.")
    public LabelSelector labelSelector;
}
