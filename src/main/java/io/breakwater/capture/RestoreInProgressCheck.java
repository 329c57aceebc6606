package io.breakwater.capture;

import io.breakwater.api.RestorePointSpec.Trigger;
import io.breakwater.gate.NamespaceGate;
import java.util.List;
import java.util.Optional;

/**
 * Prevents captures of a namespace that a Restore writes to, or that a failed Restore left incomplete. The application
 * never was in such a state. A point of it would be the newest one, and a failover would start from it.
 */
final class RestoreInProgressCheck {
    private final NamespaceGate gate;

    RestoreInProgressCheck(NamespaceGate gate) {
        this.gate = gate;
    }

    /**
     * A message that names the Restore and what to do; empty when no Restore prevents the capture. A divergent point is
     * captured in any state.
     */
    Optional<String> findBlocker(CaptureRun run) {
        List<String> restores = gate.holders(run.namespace()).stream()
                .filter(h -> h.startsWith(NamespaceGate.RESTORE))
                .map(h -> h.substring(NamespaceGate.RESTORE.length()).replaceFirst("\\.", "/"))
                .toList();
        if (restores.isEmpty() || run.point().getSpec().trigger == Trigger.Divergent) {
            return Optional.empty();
        }
        return Optional.of("Restore " + String.join(", ", restores) + " is writing to namespace " + run.namespace()
                + ", or failed before it was complete; wait for it, create another Restore with spec.onConflict:"
                + " Replace, or delete it");
    }
}
