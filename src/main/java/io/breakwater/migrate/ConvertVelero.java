package io.breakwater.migrate;

import io.breakwater.api.BackupPolicy;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** The command {@code convert-velero}. */
public final class ConvertVelero {
    private static final String USAGE = """
        Turns Velero's objects into Breakwater's.

          kubectl get schedules,backupstoragelocations -n velero -o yaml | convert-velero > breakwater.yaml

        Reads Schedules, Backups and BackupStorageLocations of velero.io/v1 on standard input, in YAML or JSON. Writes
        BackupPolicies and BackupLocations on standard output, and on standard error a line for everything that has no
        counterpart: object, field, what becomes of it.

          --operator-namespace NAME   where locations and policies for several namespaces go (breakwater-system)
        """;
    private static final int UNREADABLE = 2;

    private ConvertVelero() {}

    public static void main(String[] arguments) {
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        PrintStream told = new PrintStream(System.err, true, StandardCharsets.UTF_8);
        System.exit(run(List.of(arguments), System.in, out, told));
    }

    /**
     * Runs the command.
     *
     * @return its exit code: 0, or 2 when arguments or input cannot be understood
     */
    static int run(List<String> arguments, InputStream in, PrintStream out, PrintStream told) {
        String operatorNamespace = "breakwater-system";
        if (arguments.size() == 2 && arguments.getFirst().equals("--operator-namespace")) {
            operatorNamespace = arguments.getLast();
        } else if (!arguments.isEmpty()) {
            boolean asked = Arrays.asList("-h", "--help").contains(arguments.getFirst());
            (asked ? out : told).print(USAGE);
            return asked ? 0 : UNREADABLE;
        }
        ConversionReport report = new ConversionReport();
        List<HasMetadata> made;
        try {
            made = convert(VeleroObjects.read(in, report), operatorNamespace, report);
        } catch (IOException e) {
            told.println("the input cannot be read: " + e.getMessage());
            return UNREADABLE;
        }
        KubernetesSerialization yaml = new KubernetesSerialization();
        made.forEach(o -> out.print(document(yaml.asYaml(o))));
        long policies = made.stream().filter(o -> o instanceof BackupPolicy).count();
        told.println(policies + " BackupPolicies and " + (made.size() - policies) + " BackupLocations; "
                + report.lines().size() + " things to know:");
        report.lines().forEach(l -> told.println("- " + l));
        return 0;
    }

    private static List<HasMetadata> convert(VeleroObjects input, String operatorNamespace, ConversionReport report) {
        List<HasMetadata> made = new ArrayList<>();
        LocationConversion locations = new LocationConversion(operatorNamespace, report);
        input.locations().forEach(l -> made.addAll(locations.of(l)));
        List<BackupPolicy> policies = new PolicyConversion(input, operatorNamespace, report).all();
        for (BackupPolicy policy : policies) {
            String location = policy.getSpec().locationRef.name;
            if (made.stream().noneMatch(o -> o.getMetadata().getName().equals(location))) {
                report.about(
                                "BackupPolicy",
                                policy.getMetadata().getNamespace(),
                                policy.getMetadata().getName())
                        .tell(
                                "spec.locationRef",
                                "there is no BackupLocation '" + location + "' among what is written; create it");
            }
        }
        made.addAll(policies);
        return made;
    }

    private static String document(String yaml) {
        return (yaml.startsWith("---") ? "" : "---\n") + yaml + (yaml.endsWith("\n") ? "" : "\n");
    }
}
