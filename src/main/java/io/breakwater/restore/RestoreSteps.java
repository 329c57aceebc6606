package io.breakwater.restore;

import io.breakwater.api.RestoreSpec;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.gate.NamespaceGate;
import io.breakwater.mover.Movers;
import io.breakwater.resource.workload.Workloads;
import io.breakwater.steps.Activities;
import io.breakwater.steps.Step;
import io.breakwater.volume.KeptSnapshots;
import io.breakwater.volume.Snapshots;
import io.fabric8.kubernetes.client.KubernetesClient;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;

/** The steps of a restore, in order. */
@ApplicationScoped
class RestoreSteps {
    private final List<Step<RestoreRun>> restore;
    private final List<Step<RestoreRun>> ordered;
    private final List<Step<RestoreRun>> rehearsal;
    private final List<Step<RestoreRun>> files;
    private final Orderings orderings;

    RestoreSteps(
            KubernetesClient client,
            Sources sources,
            Archives archives,
            NamespaceGate gate,
            Movers movers,
            Snapshots snapshots,
            KeptSnapshots kept,
            BreakwaterConfig config,
            Clock clock) {
        Activities activities = new Activities();
        Others others = new Others(client, gate);
        Validate validate = new Validate(client, config.site(), others, sources, archives, activities);
        Claims claims = new Claims(client, archives);
        Grip grip = new Grip(client, gate);
        this.orderings = new Orderings(archives, activities);
        Release release = new Release(grip, movers, kept, orderings);
        PodCommands commands = new PodCommands(client, activities, clock);
        InOrder inOrder =
                new InOrder(archives, orderings, new Workloads(client), gate, grip, commands, activities, clock);
        this.restore = List.of(
                validate,
                new Read(movers),
                new Hold(archives, gate, others),
                new Bring(client, snapshots, kept, config.namespace()),
                claims,
                new Fill(
                        movers,
                        new ClaimTrouble(client),
                        new Starting(config.mover().start(), clock)),
                new Objects(archives, activities),
                release,
                commands);
        List<Step<RestoreRun>> more = new ArrayList<>(restore);
        more.add(more.indexOf(commands), inOrder);
        this.ordered = List.copyOf(more);
        this.files = List.of(validate, new WriteFiles(movers), release);
        this.rehearsal = List.of(validate, new Rehearse(archives, claims, new ReportMap(client), activities));
    }

    /** What a Restore consists of; a dry run has no step that changes anything. */
    List<Step<RestoreRun>> of(RestoreSpec spec) {
        if (spec.files != null) {
            return files;
        }
        if (spec.rehearsal()) {
            return rehearsal;
        }
        return spec.ordered() ? ordered : restore;
    }

    /** A run is over or gone. */
    void forget(String uid) {
        orderings.forget(uid);
    }
}
