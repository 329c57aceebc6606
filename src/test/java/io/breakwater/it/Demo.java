package io.breakwater.it;

import java.nio.file.Path;
import java.util.List;

/**
 * Runs the story and prints it. Called by {@code dev/demo} and {@code dev/up}.
 *
 * <p>Arguments: none, {@code --keep} to leave the clusters running, or {@code up} to start them only.
 */
final class Demo {
    private Demo() {}

    public static void main(String[] arguments) {
        var options = List.of(arguments);
        var progress = new Progress(System.out);
        boolean keep = options.contains("--keep") || options.contains("up");
        int code = options.contains("up") ? up(progress) : runStory(progress, keep);
        System.out.flush();
        if (keep) {
            Runtime.getRuntime().halt(code); // Testcontainers would remove the clusters at exit
        }
        System.exit(code); // the threads of the clients would not let the process end
    }

    private static int up(Progress progress) {
        @SuppressWarnings("resource") // runs until dev/down
        Rig rig = Rig.start(progress);
        rig.install();
        rig.locate();
        howToUse(rig);
        return 0;
    }

    private static int runStory(Progress progress, boolean keep) {
        Rig rig = null;
        int code = 1;
        try {
            rig = Rig.start(progress);
            try (var story = new Story(rig)) {
                try {
                    story.run();
                    code = 0;
                } finally {
                    System.out.printf("%n%s%n", StoryRow.table(story.lines()));
                }
            }
        } catch (AssertionError e) {
            System.out.println("The story stopped: " + e.getMessage());
        } catch (RuntimeException e) {
            System.out.println("The story stopped: " + e.getMessage());
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
        System.out.println("The clusters are still running. To use them:");
        for (Path kubeconfig : rig.writeKubeconfigs()) {
            System.out.printf("  kubectl --kubeconfig %s get breakwater -A%n", kubeconfig);
        }
        System.out.println("To remove them: dev/down");
    }
}
