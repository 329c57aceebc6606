package io.breakwater.resource.apply;

import io.breakwater.resource.OmittedObjects;
import io.breakwater.steps.Warnings;
import io.breakwater.velero.ObjectKey;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;

/** Counts of a run. In a dry run also the result for each object. Safe for use from many threads. */
final class ApplyCounts {
    private static final int NAMED = 200;

    private final Map<Fate, Integer> counts = new EnumMap<>(Fate.class);
    private final List<ApplyReport.Failure> failed = new ArrayList<>();
    private final Map<ObjectKey, String> deferred = new LinkedHashMap<>();
    private final List<String> warnings = new ArrayList<>();
    private final List<ApplyReport.Line> lines = new ArrayList<>();
    private final Map<String, OmittedObjects> notes = new ConcurrentSkipListMap<>();
    private final boolean dryRun;
    private int furtherWarnings;

    ApplyCounts(boolean dryRun) {
        this.dryRun = dryRun;
    }

    /** Result for one object. */
    enum Fate {
        CREATED,
        UPDATED,
        REPLACED,
        SKIPPED
    }

    synchronized void count(Fate fate, ObjectKey key, String detail) {
        counts.merge(fate, 1, Integer::sum);
        if (dryRun) {
            lines.add(new ApplyReport.Line(
                    switch (fate) {
                        case CREATED -> ApplyReport.Verb.create;
                        case UPDATED -> ApplyReport.Verb.update;
                        case REPLACED -> ApplyReport.Verb.replace;
                        case SKIPPED -> ApplyReport.Verb.leave;
                    },
                    key.toString(),
                    detail));
        }
    }

    synchronized void fail(ObjectKey key, String reason) {
        failed.add(new ApplyReport.Failure(key.toString(), reason));
        if (dryRun) {
            lines.add(new ApplyReport.Line(ApplyReport.Verb.refuse, key.toString(), reason));
        }
    }

    /** The API server could not accept the object yet. */
    synchronized void defer(ObjectKey key, String reason) {
        deferred.put(key, reason);
    }

    synchronized boolean isDeferred(ObjectKey key) {
        return deferred.containsKey(key);
    }

    private List<ApplyReport.Deferral> deferrals() {
        return deferred.entrySet().stream()
                .map(e -> new ApplyReport.Deferral(
                        e.getKey().directory(),
                        e.getKey().name(),
                        new ApplyReport.Failure(e.getKey().toString(), e.getValue())))
                .toList();
    }

    synchronized void warn(String warning) {
        if (warnings.size() < NAMED) {
            warnings.add(warning);
        } else {
            furtherWarnings++;
        }
    }

    /** Names an object in a warning that is not restored, although a user may expect it. */
    void omit(ObjectKey key, String cause) {
        note("not restored", cause, key);
    }

    /** Names an object in a warning that differs from the captured one; the parameters are those of {@link OmittedObjects}. */
    void note(String effect, String cause, ObjectKey key) {
        notes.computeIfAbsent(effect, OmittedObjects::new).add(cause, key);
    }

    private List<String> allWarnings() {
        List<String> all = new ArrayList<>();
        notes.values().forEach(n -> all.addAll(n.warnings()));
        all.addAll(warnings);
        if (furtherWarnings > 0) {
            all.add(Warnings.further(furtherWarnings));
        }
        return all;
    }

    synchronized ApplyReport report(int extra) {
        return new ApplyReport(
                counts.getOrDefault(Fate.CREATED, 0),
                counts.getOrDefault(Fate.UPDATED, 0),
                counts.getOrDefault(Fate.REPLACED, 0),
                counts.getOrDefault(Fate.SKIPPED, 0),
                extra,
                List.copyOf(failed),
                deferrals(),
                allWarnings(),
                List.copyOf(lines));
    }
}
