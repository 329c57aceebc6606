package io.breakwater.api;

import java.util.List;
import java.util.Optional;

/** A status that carries conditions and the generation it describes. */
public interface ConditionedStatus {
    /** The conditions, at most one of each type; mutable. */
    List<Condition> conditions();

    /** Generation of the spec that this status describes, or null before the first look. */
    Long observedGeneration();

    /** Sets {@link #observedGeneration()}. */
    void observedGeneration(Long generation);

    /** The condition of the given type. */
    default Optional<Condition> condition(String type) {
        return conditions().stream().filter(c -> c.type.equals(type)).findFirst();
    }

    /** Whether the condition of the given type is {@code True}. */
    default boolean holds(String type) {
        return condition(type).map(Condition::holds).orElse(false);
    }
}
