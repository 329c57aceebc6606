package io.breakwater.it;

import com.marcnuri.helm.Helm;
import com.marcnuri.helm.UpgradeCommand;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * Helm as a library. Each call runs in a JVM of its own, because the library takes over the signals of its process: after an
 * installation Ctrl-C no longer ends it.
 */
final class HelmClient {
    private static final Duration TIMEOUT = Duration.ofMinutes(3);

    private HelmClient() {}

    /**
     * Installs a release or upgrades it, creates its namespace, and waits until its objects are ready.
     *
     * @param values as in {@code --set}, one each
     * @throws HostCommands.Failed with Helm's message
     */
    static void install(Path kubeconfig, String release, Path chart, String namespace, List<String> values) {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "--enable-native-access=ALL-UNNAMED",
                "-Djava.util.logging.manager=org.jboss.logmanager.LogManager",
                "--class-path",
                System.getProperty("java.class.path"),
                HelmClient.class.getName(),
                kubeconfig.toString(),
                release,
                chart.toString(),
                namespace));
        command.addAll(values);
        HostCommands.run("", command);
    }

    /** Arguments: kubeconfig, release, chart, namespace, values. */
    public static void main(String[] arguments) {
        // A file, not its content: the library does not pass the content to the first installation.
        UpgradeCommand command = new Helm(Path.of(arguments[2]))
                .upgrade()
                .install()
                .withKubeConfig(Path.of(arguments[0]))
                .withName(arguments[1])
                .withNamespace(arguments[3])
                .createNamespace()
                .waitReady()
                .withTimeout((int) TIMEOUT.toSeconds());
        for (String value : List.of(arguments).subList(4, arguments.length)) {
            int at = value.indexOf('=');
            command.set(value.substring(0, at), value.substring(at + 1));
        }
        try {
            command.call();
        } catch (IllegalStateException e) {
            System.err.println(e.getMessage());
            System.exit(1);
        }
        System.exit(0);
    }
}
