package io.breakwater.resource.apply;

import io.breakwater.resource.workload.Awaited;
import java.time.Duration;
import java.util.List;

/**
 * What of a point waits for what, in a form that can be asked again and again.
 *
 * @param stages from the second on; the first one waits for nothing
 */
public record RestoreOrder(List<Stage> stages) {
    /**
     * Objects that are restored together.
     *
     * @param number 1 for the first that waits
     * @param before what has to be up
     * @param objects how many there are
     * @param held those of them that may have pods, as {@code Deployment/web}
     */
    public record Stage(int number, List<Wait> before, int objects, List<String> held) {}

    /**
     * A wait for some objects.
     *
     * @param field that asks for it, as {@code spec.order[0]}
     */
    public record Wait(String field, Duration timeout, List<Awaited> objects) {}
}
