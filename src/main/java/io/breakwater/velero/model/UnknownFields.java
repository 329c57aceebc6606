package io.breakwater.velero.model;

import com.fasterxml.jackson.annotation.JsonAnyGetter;
import com.fasterxml.jackson.annotation.JsonAnySetter;
import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.LinkedHashMap;
import java.util.Map;

/** An object that retains unknown fields, so that fields of a later Velero are not lost. */
@JsonInclude(JsonInclude.Include.NON_NULL)
public abstract class UnknownFields {
    private final Map<String, Object> more = new LinkedHashMap<>();

    /** Unknown fields by name. */
    @JsonAnyGetter
    public Map<String, Object> more() {
        return more;
    }

    @JsonAnySetter
    void put(String field, Object value) {
        more.put(field, value);
    }
}
