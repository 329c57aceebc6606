package io.breakwater.capture;

import io.breakwater.api.RestorePointSpec.Trigger;
import io.breakwater.gate.NamespaceGate;
import java.util.List;
import java.util.Optional;

/**
 * Namespaces that a Restore writes into, or left when it failed half-way. What lies there is no state that the application
 * ever was in, so no point may be made of it: it would be the newest one, and the one that a failover starts from.
 */
final class RestoreInProgressCheck {
    private final NamespaceGate gate;

    RestoreInProgressCheck(NamespaceGate gate) {
        this.gate = gate;
    }

    /**
     * Which Restore it is, and the way out; empty when the namespace is whole. What only a lost site has is kept in any
     * state.
     */
    Optional<String> by(CaptureRun run) {
        List<String> restores = gate.holders(run.namespace()).stream()
                .filter(h -> h.startsWith(NamespaceGate.RESTORE))
                .map(h -> h.substring(NamespaceGate.RESTORE.length()).replaceFirst("\\.", "/"))
                .toList();
        if (restores.isEmpty() || run.point().getSpec().trigger == Trigger.Divergent) {
            return Optional.empty();
        }
        return Optional.of("Restore " + String.join(", ", restores) + " is writing into namespace " + run.namespace()
                + ", or failed half-way; wait for it, or create another one with onConflict Replace, or delete it");
    }
}
