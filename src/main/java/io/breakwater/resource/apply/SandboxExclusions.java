package io.breakwater.resource.apply;

import io.breakwater.velero.ObjectKey;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Counts the objects that a sandbox does not have, or has in another form, by cause. Its size does not depend on the archive. */
final class SandboxExclusions {
    private static final int SHOWN = 5;

    private final Map<String, Group> groups = new LinkedHashMap<>();

    private static final class Group {
        final List<String> first = new ArrayList<>();
        int count;
    }

    /** @param note of a verdict, one of a small number of texts */
    void add(ObjectKey key, SandboxRules.Verdict verdict) {
        String start =
                verdict.isExcluded() ? "not restored into the sandbox, because " : "restored into the sandbox, but ";
        Group group = groups.computeIfAbsent(start + verdict.note(), n -> new Group());
        group.count++;
        if (group.first.size() < SHOWN) {
            group.first.add(key.directory() + " " + key.name());
        }
    }

    boolean isEmpty() {
        return groups.isEmpty();
    }

    /** One text for each cause, with the first objects and the number of the others. */
    List<String> texts() {
        List<String> texts = new ArrayList<>();
        groups.forEach((note, group) -> texts.add(String.join(", ", group.first)
                + (group.count > group.first.size() ? " and " + (group.count - group.first.size()) + " more" : "")
                + ": " + note));
        return texts;
    }
}
