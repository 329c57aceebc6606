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

    private static final String INSTALL = "install";
    private static final String UNINSTALL = "uninstall";

    private HelmClient() {}

    /**
     * Installs a release or upgrades it, creates its namespace, and waits until its objects are ready.
     *
     * @param values as in {@code --set}, one each
     * @throws HostCommands.Failed with Helm's message
     */
    static void install(Path kubeconfig, String release, Path chart, String namespace, List<String> values) {
        List<String> all =
                new ArrayList<>(List.of(INSTALL, kubeconfig.toString(), release, chart.toString(), namespace));
        all.addAll(values);
        run(all);
    }

    /**
     * Uninstalls a release without its hooks, as a tool does it that does not know them.
     *
     * @throws HostCommands.Failed with Helm's message
     */
    static void uninstall(Path kubeconfig, String release, String namespace) {
        run(List.of(UNINSTALL, kubeconfig.toString(), release, namespace));
    }

    private static void run(List<String> arguments) {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "--enable-native-access=ALL-UNNAMED",
                "-Djava.util.logging.manager=org.jboss.logmanager.LogManager",
                "--class-path",
                System.getProperty("java.class.path"),
                HelmClient.class.getName()));
        command.addAll(arguments);
        HostCommands.run("", command);
    }

    /** Arguments: the action; then kubeconfig, release, chart, namespace, values, or kubeconfig, release, namespace. */
    public static void main(String[] arguments) {
        List<String> rest = List.of(arguments).subList(1, arguments.length);
        try {
            if (arguments[0].equals(UNINSTALL)) {
                uninstall(rest);
            } else {
                upgrade(rest);
            }
        } catch (IllegalStateException e) {
            System.err.println(e.getMessage());
            System.exit(1);
        }
        System.exit(0);
    }

    private static void uninstall(List<String> arguments) {
        Helm.uninstall(arguments.get(1))
                .withKubeConfig(Path.of(arguments.get(0)))
                .withNamespace(arguments.get(2))
                .noHooks()
                .call();
    }

    private static void upgrade(List<String> arguments) {
        // A file, not its content: the library does not pass the content to the first installation.
        UpgradeCommand command = new Helm(Path.of(arguments.get(2)))
                .upgrade()
                .install()
                .withKubeConfig(Path.of(arguments.get(0)))
                .withName(arguments.get(1))
                .withNamespace(arguments.get(3))
                .createNamespace()
                .waitReady()
                .withTimeout((int) TIMEOUT.toSeconds());
        for (String value : arguments.subList(4, arguments.size())) {
            int at = value.indexOf('=');
            command.set(value.substring(0, at), value.substring(at + 1));
        }
        command.call();
    }
}
