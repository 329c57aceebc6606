package io.breakwater.resource;

import io.breakwater.velero.ObjectKey;
import java.util.ArrayList;
import java.util.List;

/** Counts of a run, from many threads. */
final class Tally {
    private static final int NAMED = 200;

    private int created;
    private int replaced;
    private int skipped;
    private final List<Report.Failure> failed = new ArrayList<>();
    private final List<String> warnings = new ArrayList<>();

    /** What became of one object. */
    enum Fate {
        CREATED,
        REPLACED,
        SKIPPED
    }

    synchronized void count(Fate fate) {
        switch (fate) {
            case CREATED -> created++;
            case REPLACED -> replaced++;
            case SKIPPED -> skipped++;
        }
    }

    synchronized void fail(ObjectKey key, String reason) {
        failed.add(new Report.Failure(key.toString(), reason));
    }

    synchronized void warn(String warning) {
        if (warnings.size() < NAMED) {
            warnings.add(warning);
        }
    }

    synchronized Report report(int extra) {
        return new Report(created, replaced, skipped, extra, List.copyOf(failed), List.copyOf(warnings));
    }
}
