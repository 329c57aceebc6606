package io.breakwater.restore;

import io.breakwater.admission.NamespaceGate;
import io.breakwater.steps.Activities;
import io.breakwater.steps.Step;
import io.breakwater.volume.Movers;
import io.fabric8.kubernetes.client.KubernetesClient;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.List;

/** The steps of a restore, in order. */
@ApplicationScoped
class RestoreSteps {
    private final List<Step<RestoreRun>> all;

    RestoreSteps(KubernetesClient client, Sources sources, Archives archives, NamespaceGate gate, Movers movers) {
        Activities activities = new Activities();
        this.all = List.of(
                new Validate(client, sources, archives, activities),
                new Hold(archives, gate),
                new Claims(client, archives),
                new Fill(movers),
                new Objects(archives, activities),
                new Release(client, gate, movers));
    }

    List<Step<RestoreRun>> all() {
        return all;
    }
}
