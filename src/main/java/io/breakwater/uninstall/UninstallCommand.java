package io.breakwater.uninstall;

import io.breakwater.api.ServerMessage;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/** The command {@code uninstall}, which the script {@code deploy/uninstall} and the hook of the chart run. */
public final class UninstallCommand {
    private static final String USAGE = """
        Reports what a removal of Breakwater affects in this cluster, or removes it. Data in stores is never deleted.

          uninstall
          uninstall --confirm CLUSTER [--start-pods NAMESPACE]...

        Without arguments it reports, and exits with 3 if there is anything. With the uid of the cluster, which the report
        names, it deletes FailoverPlans, stops Breakwater, removes finalizers, and opens gates. Each namespace with a closed
        gate must be named, because its pods start then.
        """;
    private static final String CONFIRM = "--confirm";
    private static final String START = "--start-pods";
    private static final Duration PATIENCE = Duration.ofMinutes(2);
    private static final int SHOWN = 10;
    private static final int FAILED = 1;
    private static final int INVALID = 2;
    private static final int REFUSED = 3;

    private UninstallCommand() {}

    public static void main(String[] arguments) {
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        String namespace =
                Optional.ofNullable(System.getenv("BREAKWATER_NAMESPACE")).orElse("breakwater-system");
        int code;
        try (KubernetesClient client = new KubernetesClientBuilder().build()) {
            code = run(List.of(arguments), client, namespace, PATIENCE, out);
        }
        System.exit(code);
    }

    /**
     * Runs the command.
     *
     * @return its exit code: 0; 1 if a step failed; 2 if arguments are not valid; 3 if it refuses, and nothing was changed
     */
    static int run(
            List<String> arguments, KubernetesClient client, String namespace, Duration patience, PrintStream out) {
        String confirmed = null;
        Set<String> open = new TreeSet<>();
        for (int i = 0; i < arguments.size(); i += 2) {
            boolean valid = i + 1 < arguments.size();
            if (valid && arguments.get(i).equals(CONFIRM)) {
                confirmed = arguments.get(i + 1);
            } else if (valid && arguments.get(i).equals(START)) {
                open.add(arguments.get(i + 1));
            } else {
                out.print(USAGE);
                return INVALID;
            }
        }
        try {
            InstallationSurvey survey = InstallationSurvey.read(client);
            if (confirmed == null) {
                report(survey, out);
                return survey.isEmpty() ? 0 : REFUSED;
            }
            Optional<String> objection = objection(survey, confirmed, open);
            if (objection.isPresent()) {
                out.println(objection.get());
                return REFUSED;
            }
            new InstallationRemoval(client, namespace, patience, out::println).run(open);
            out.println("done; remove the chart now, see docs/uninstall.md");
            return 0;
        } catch (IllegalStateException | KubernetesClientException e) {
            out.println("the removal stopped: " + ServerMessage.of(e));
            return FAILED;
        }
    }

    private static Optional<String> objection(InstallationSurvey survey, String confirmed, Set<String> open) {
        if (!confirmed.equals(survey.cluster())) {
            return Optional.of(CONFIRM + " names cluster " + confirmed + ", but this is cluster " + survey.cluster()
                    + "; nothing was changed");
        }
        Set<String> unknown = new TreeSet<>(open);
        unknown.removeAll(survey.gated().keySet());
        if (!unknown.isEmpty()) {
            return Optional.of(START + " names namespaces that have no closed gate: " + String.join(", ", unknown)
                    + "; nothing was changed");
        }
        Set<String> missing = new TreeSet<>(survey.gated().keySet());
        missing.removeAll(open);
        return missing.isEmpty()
                ? Optional.empty()
                : Optional.of("the pods of namespaces " + String.join(", ", missing)
                        + " start when their gates open; make sure that no other site runs the application, or scale its"
                        + " workloads here to 0, then add " + START + " for each namespace; nothing was changed");
    }

    private static void report(InstallationSurvey survey, PrintStream out) {
        if (survey.isEmpty()) {
            out.println("no namespace of this cluster is gated, and no object has a finalizer of Breakwater");
            return;
        }
        out.println("The removal of Breakwater affects this cluster:");
        survey.gated()
                .forEach((name, gated) -> out.println("- namespace " + name + " is gated by "
                        + (gated.holders().isEmpty() ? "its label" : String.join(", ", gated.holders())) + ": "
                        + gated.pods().size()
                        + " pods wait. They stay Pending without Breakwater, and new pods are refused"));
        survey.plans()
                .forEach(plan ->
                        out.println("- FailoverPlan " + plan.getMetadata().getNamespace() + "/"
                                + plan.getMetadata().getName() + " has a lease"));
        Map<String, TreeSet<String>> kept = new TreeMap<>();
        for (HasMetadata object : survey.kept()) {
            kept.computeIfAbsent(object.getMetadata().getNamespace(), n -> new TreeSet<>())
                    .add(object.getKind() + "/" + object.getMetadata().getName());
        }
        kept.forEach((name, objects) -> out.println("- namespace " + name
                + " cannot be deleted without Breakwater, because of the finalizers of " + objects.size() + " objects: "
                + String.join(", ", objects.stream().limit(SHOWN).toList()) + (objects.size() > SHOWN ? ", …" : "")));
        out.println("To remove all of it before the chart: deploy/uninstall " + CONFIRM + " " + survey.cluster()
                + String.join(
                        "",
                        survey.gated().keySet().stream()
                                .map(name -> " " + START + " " + name)
                                .toList())
                + " (docs/uninstall.md says what happens then)");
    }
}
