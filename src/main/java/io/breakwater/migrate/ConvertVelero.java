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
        Converts Velero's objects into Breakwater's objects.

          kubectl get schedules,backupstoragelocations -n velero -o yaml | convert-velero > breakwater.yaml

        Reads Schedules, Backups and BackupStorageLocations of velero.io/v1 from standard input, in YAML or JSON. Writes
        BackupPolicies and BackupLocations to standard output. Writes a line to standard error for every field without an
        equivalent: the object, the field and the result.

          --operator-namespace NAME   namespace of locations and of policies for several namespaces (breakwater-system)
        """;
    private static final int UNREADABLE = 2;

    private ConvertVelero() {}

    public static void main(String[] arguments) {
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        PrintStream messages = new PrintStream(System.err, true, StandardCharsets.UTF_8);
        System.exit(run(List.of(arguments), System.in, out, messages));
    }

    /**
     * Runs the command.
     *
     * @return its exit code: 0, or 2 if arguments or input are not valid
     */
    static int run(List<String> arguments, InputStream in, PrintStream out, PrintStream messages) {
        String operatorNamespace = "breakwater-system";
        if (arguments.size() == 2 && arguments.getFirst().equals("--operator-namespace")) {
            operatorNamespace = arguments.getLast();
        } else if (!arguments.isEmpty()) {
            boolean asked = Arrays.asList("-h", "--help").contains(arguments.getFirst());
            (asked ? out : messages).print(USAGE);
            return asked ? 0 : UNREADABLE;
        }
        ConversionReport report = new ConversionReport();
        List<HasMetadata> objects;
        try {
            objects = convert(VeleroObjects.read(in, report), operatorNamespace, report);
        } catch (IOException e) {
            messages.println("the input cannot be read: " + e.getMessage());
            return UNREADABLE;
        }
        KubernetesSerialization yaml = new KubernetesSerialization();
        objects.forEach(o -> out.print(document(yaml.asYaml(o))));
        long policies = objects.stream().filter(o -> o instanceof BackupPolicy).count();
        messages.println(policies + " BackupPolicies and " + (objects.size() - policies) + " BackupLocations; "
                + report.lines().size() + " notes:");
        report.lines().forEach(l -> messages.println("- " + l));
        return 0;
    }

    private static List<HasMetadata> convert(VeleroObjects input, String operatorNamespace, ConversionReport report) {
        List<HasMetadata> objects = new ArrayList<>();
        LocationConversion locations = new LocationConversion(operatorNamespace, report);
        input.locations().forEach(l -> objects.addAll(locations.of(l)));
        List<BackupPolicy> policies = new PolicyConversion(input, operatorNamespace, report).all();
        for (BackupPolicy policy : policies) {
            String location = policy.getSpec().locationRef.name;
            if (objects.stream().noneMatch(o -> o.getMetadata().getName().equals(location))) {
                report.about(
                                "BackupPolicy",
                                policy.getMetadata().getNamespace(),
                                policy.getMetadata().getName())
                        .add("spec.locationRef", "BackupLocation '" + location + "' is not in the output; create it");
            }
        }
        objects.addAll(policies);
        return objects;
    }

    private static String document(String yaml) {
        return (yaml.startsWith("---") ? "" : "---\n") + yaml + (yaml.endsWith("\n") ? "" : "\n");
    }
}
