package io.breakwater.steps;

import io.breakwater.api.JournalEntry;
import java.util.List;

/** A journal as it lies in a status: at most one entry a step, in the order in which they were entered. */
public final class Journal {
    private Journal() {}

    /** Puts an entry in place of the one with the same step, or at the end. */
    public static void put(List<JournalEntry> journal, JournalEntry entry) {
        for (int i = 0; i < journal.size(); i++) {
            if (journal.get(i).step.equals(entry.step)) {
                journal.set(i, entry);
                return;
            }
        }
        journal.add(entry);
    }
}
