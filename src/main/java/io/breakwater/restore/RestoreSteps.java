package io.breakwater.restore;

import io.breakwater.admission.NamespaceGate;
import io.breakwater.api.RestoreSpec;
import io.breakwater.steps.Activities;
import io.breakwater.steps.Step;
import io.breakwater.volume.Movers;
import io.fabric8.kubernetes.client.KubernetesClient;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Clock;
import java.util.List;

/** The steps of a restore, in order. */
@ApplicationScoped
class RestoreSteps {
    private final List<Step<RestoreRun>> restore;
    private final List<Step<RestoreRun>> rehearsal;
    private final List<Step<RestoreRun>> files;

    RestoreSteps(
            KubernetesClient client,
            Sources sources,
            Archives archives,
            NamespaceGate gate,
            Movers movers,
            Clock clock) {
        Activities activities = new Activities();
        Others others = new Others(client, gate);
        Validate validate = new Validate(client, others, sources, archives, activities);
        Claims claims = new Claims(client, archives);
        this.restore = List.of(
                validate,
                new Read(movers),
                new Hold(archives, gate, others),
                claims,
                new Fill(movers),
                new Objects(archives, activities),
                new Release(client, gate, movers),
                new PodCommands(client, activities, clock));
        this.files = List.of(validate, new WriteFiles(movers), new Release(client, gate, movers));
        this.rehearsal = List.of(validate, new Rehearse(archives, claims, new ReportMap(client), activities));
    }

    /** What a Restore consists of; a dry run has no step that changes anything. */
    List<Step<RestoreRun>> of(RestoreSpec spec) {
        if (spec.files != null) {
            return files;
        }
        return spec.rehearsal() ? rehearsal : restore;
    }
}
