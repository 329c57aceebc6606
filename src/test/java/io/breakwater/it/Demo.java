package io.breakwater.it;

import java.nio.file.Path;
import java.util.List;

/**
 * Tells the story for people. Called by {@code dev/demo} and {@code dev/up}.
 *
 * <p>Arguments: none, {@code --keep} to leave the clusters up, or {@code up} to only bring them up.
 */
final class Demo {
    private Demo() {}

    public static void main(String[] arguments) {
        var options = List.of(arguments);
        var progress = new Progress(System.out);
        boolean keep = options.contains("--keep") || options.contains("up");
        int code = options.contains("up") ? up(progress) : tell(progress, keep);
        System.out.flush();
        if (keep) {
            Runtime.getRuntime().halt(code); // Testcontainers would remove the clusters on its way out
        }
        System.exit(code); // the clients' threads would keep the process alive
    }

    private static int up(Progress progress) {
        @SuppressWarnings("resource") // stays up until dev/down
        Rig rig = Rig.start(progress);
        rig.install();
        rig.locate();
        howToUse(rig);
        return 0;
    }

    private static int tell(Progress progress, boolean keep) {
        Rig rig = null;
        int code = 1;
        try {
            rig = Rig.start(progress);
            try (var story = new Story(rig)) {
                try {
                    story.tell();
                    code = 0;
                } finally {
                    System.out.printf("%n%s%n", StoryRow.table(story.lines()));
                }
            }
        } catch (AssertionError e) {
            System.out.println("The story ended early: " + e.getMessage());
        } catch (RuntimeException e) {
            System.out.println("The story ended early: " + e.getMessage());
            e.printStackTrace(System.out);
        } finally {
            if (rig != null && keep) {
                howToUse(rig);
            } else if (rig != null) {
                rig.close();
            }
        }
        return code;
    }

    private static void howToUse(Rig rig) {
        System.out.println("The clusters stay up. To use them:");
        for (Path kubeconfig : rig.writeKubeconfigs()) {
            System.out.printf("  kubectl --kubeconfig %s get breakwater -A%n", kubeconfig);
        }
        System.out.println("dev/down removes them.");
    }
}
