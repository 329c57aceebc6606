package io.breakwater.resource.apply;

import io.breakwater.resource.workload.Awaited;
import java.time.Duration;
import java.util.List;

/**
 * Stages and dependencies of a point's objects, for repeated checks.
 *
 * @param stages from the second one; the first one waits for nothing
 */
public record RestoreOrder(List<Stage> stages) {
    /**
     * Objects that are restored together.
     *
     * @param number 1 for the first stage that waits
     * @param before objects that must be up
     * @param objects number of objects
     * @param held those of them that may have pods, such as {@code Deployment/web}
     */
    public record Stage(int number, List<Wait> before, int objects, List<String> held) {}

    /**
     * A wait for some objects.
     *
     * @param field that requires it, such as {@code spec.order[0]}
     */
    public record Wait(String field, Duration timeout, List<Awaited> objects) {}
}
