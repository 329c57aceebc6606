package io.breakwater.tampering;

import io.breakwater.store.MemoryStore;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentSkipListSet;

/** A store that records earlier versions of its objects, so that a test can replay them. */
final class RecordingStore extends MemoryStore {
    /** Earlier contents of each key, the oldest first. */
    final Map<String, List<byte[]>> earlier = new HashMap<>();

    /** Objects whose locks were extended. */
    final Set<String> locked = new ConcurrentSkipListSet<>();

    /** Whether a deletion fails, as in a process that is killed. */
    boolean retains;

    RecordingStore() {
        beforeWrite = this::record;
    }

    private void record(String key) {
        byte[] before = objects.get(key);
        if (before != null) {
            earlier.computeIfAbsent(key, k -> new ArrayList<>()).add(before);
        }
    }

    @Override
    public void delete(String key) {
        if (!retains) {
            record(key);
            super.delete(key);
        }
    }

    @Override
    public boolean relock(String key, Duration least) {
        locked.add(key);
        return true;
    }
}
