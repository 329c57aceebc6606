package io.breakwater.testing;

import java.net.URL;
import java.net.URLClassLoader;
import java.util.Arrays;

/** The class path of this test run, for a child process. */
public final class ChildClasspath {
    private ChildClasspath() {}

    public static String text() {
        return Thread.currentThread().getContextClassLoader() instanceof URLClassLoader loader
                ? String.join(
                        ":", Arrays.stream(loader.getURLs()).map(URL::getPath).toList())
                : System.getProperty("java.class.path");
    }
}
