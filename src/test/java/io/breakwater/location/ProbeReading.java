package io.breakwater.location;

import io.breakwater.api.BackupLocation;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.location.keys.LocationKeys;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;

/** What the probe of a location finds, for tests of other packages. */
public final class ProbeReading {
    private ProbeReading() {}

    /** Probes the location as its controller does, and records the counter and the keys of the sites in its status. */
    public static void record(
            KubernetesClient client,
            Stores stores,
            LocationKeys keys,
            BreakwaterConfig config,
            BackupLocation location) {
        LocationProbe.Findings found = probe(client, stores, keys, config, location);
        location.getStatus().keyId = found.keyId();
        location.getStatus().documentCounter = found.counter();
        location.getStatus().sites = found.sites();
    }

    /** The findings, one a line. */
    public static List<String> lines(
            KubernetesClient client,
            Stores stores,
            LocationKeys keys,
            BreakwaterConfig config,
            BackupLocation location) {
        LocationProbe.Findings found = probe(client, stores, keys, config, location);
        List<String> lines = new ArrayList<>();
        lines.add("location: written with " + found.keyId() + ", counter " + found.counter() + ", conditional writes "
                + found.conditionalWrites());
        found.sites().forEach(s -> lines.add("pin of " + s.name + ": " + s.publicKey + ", refused " + s.refused));
        return lines;
    }

    private static LocationProbe.Findings probe(
            KubernetesClient client,
            Stores stores,
            LocationKeys keys,
            BreakwaterConfig config,
            BackupLocation location) {
        return new LocationProbe(client, stores, keys, config, Clock.systemUTC()).run(location);
    }
}
