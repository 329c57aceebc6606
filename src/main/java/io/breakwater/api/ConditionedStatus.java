package io.breakwater.api;

import com.fasterxml.jackson.annotation.JsonPropertyDescription;
import java.util.List;
import java.util.Optional;

/** A status with conditions and the generation that it describes. Each kind describes its own conditions. */
public abstract class ConditionedStatus {
    @JsonPropertyDescription("Generation of the spec that this status describes.")
    public Long observedGeneration;

    /** Generation of the spec that this status describes; null before the status was first written. */
    public Long observedGeneration() {
        return observedGeneration;
    }

    /** The conditions, at most one of each type; mutable. */
    public abstract List<Condition> conditions();

    /** The condition of the given type. */
    public Optional<Condition> condition(String type) {
        return conditions().stream().filter(c -> c.type.equals(type)).findFirst();
    }

    /** Whether the condition of the given type is {@code True}. */
    public boolean holds(String type) {
        return condition(type).map(Condition::holds).orElse(false);
    }

    /** Whether the condition of the given type exists and has a final value, {@code True} or {@code False}. */
    public boolean isOver(String type) {
        return condition(type).map(c -> !"Unknown".equals(c.status)).orElse(false);
    }

    /** Whether the condition of the given type is {@code False}. */
    public boolean hasFailed(String type) {
        return failure(type).isPresent();
    }

    /** The condition of the given type with its reason and message, if it is {@code False}. */
    public Optional<Condition> failure(String type) {
        return condition(type).filter(c -> "False".equals(c.status));
    }
}
