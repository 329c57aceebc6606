package io.breakwater.tampering;

import io.breakwater.api.BreakwaterException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;

/** What a reader did, one a line: its decisions, its errors, and each object that it wrote or deleted. */
final class ReaderReport {
    private final List<String> lines = new ArrayList<>();

    List<String> lines() {
        return lines;
    }

    void add(String line) {
        lines.add(line);
    }

    /** Adds the lines of one task, or its error. */
    void line(String task, Callable<List<String>> call) {
        try {
            call.call().forEach(line -> lines.add(task + ": " + line));
        } catch (BreakwaterException e) {
            error(task, e);
        } catch (Exception e) {
            throw new AssertionError(task, e);
        }
    }

    void error(BreakwaterException e) {
        error("warning", e);
    }

    private void error(String task, BreakwaterException e) {
        lines.add(task + ": " + e.reason() + ": " + e.getMessage());
    }

    /** Adds the objects that are different now. Objects of the sites themselves are written all the time. */
    void changes(Map<String, byte[]> before, Map<String, byte[]> after) {
        before.forEach((key, content) -> {
            if (!after.containsKey(key)) {
                lines.add("deleted " + key);
            } else if (!isRoutine(key) && !Arrays.equals(content, after.get(key))) {
                lines.add("wrote " + key);
            }
        });
        after.keySet().stream()
                .filter(key -> !before.containsKey(key) && !isRoutine(key))
                .forEach(key -> lines.add("created " + key));
    }

    private static boolean isRoutine(String key) {
        return key.startsWith("breakwater/sites/")
                || key.startsWith("breakwater/immutability/")
                || key.startsWith("breakwater/probe/");
    }
}
