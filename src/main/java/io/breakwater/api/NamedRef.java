package io.breakwater.api;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import io.fabric8.generator.annotation.Required;
import io.fabric8.generator.annotation.Size;

/** Reference by name. The field that contains it defines kind and namespace of the object. */
@JsonInclude(JsonInclude.Include.NON_NULL)
public class NamedRef {
    @Required
    @Size(min = 1, max = 253)
    @JsonPropertyDescription("Name of the object.")
    public String name;

    public NamedRef() {}

    public NamedRef(String name) {
        this.name = name;
    }
}
