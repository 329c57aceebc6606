package io.breakwater.steps;

import io.breakwater.api.JournalEntry;
import java.util.List;

/** A journal in a status: at most one entry for each step, in the order in which the steps were entered. */
public final class Journal {
    private Journal() {}

    /** Replaces the entry of the same step, or adds the entry at the end. */
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
