package io.breakwater.fleet;

import java.util.BitSet;
import java.util.List;
import java.util.NavigableMap;
import java.util.TreeMap;

/**
 * Objects by key, of which some are generated and the others were written. A written or deleted object replaces the generated one
 * of the same key.
 */
final class MergedObjects<V> {
    private final NavigableMap<String, V> written = new TreeMap<>();
    private final BitSet replaced = new BitSet();
    private GeneratedObjects generated;

    /** Sets the objects that are generated. */
    void generate(GeneratedObjects objects) {
        generated = objects;
    }

    GeneratedObjects generated() {
        return generated;
    }

    /** What was written; null if the object was deleted, never existed, or is generated. */
    V written(String key) {
        return written.get(key);
    }

    List<String> writtenKeys() {
        return List.copyOf(written.keySet());
    }

    /** The index of an object that is generated; -1 if it is not. */
    int generatedIndex(String key) {
        int index = generated == null ? -1 : generated.indexOf(key);
        return index >= 0 && replaced.get(index) ? -1 : index;
    }

    void put(String key, V value) {
        replace(key);
        written.put(key, value);
    }

    void remove(String key) {
        replace(key);
        written.remove(key);
    }

    private void replace(String key) {
        int index = generatedIndex(key);
        if (index >= 0) {
            replaced.set(index);
        }
    }

    /** A cursor before the first key that is not before a text. Every change makes it invalid. */
    Cursor from(String text) {
        return new Cursor(text);
    }

    /** Walks the keys in ascending order. */
    final class Cursor {
        private int next;
        private String nextWritten;
        private String key;
        private int index;

        private Cursor(String text) {
            skipTo(text);
        }

        /** Continues with the first key that is not before a text. */
        void skipTo(String text) {
            next = generated == null ? 0 : generated.firstFrom(text);
            nextWritten = written.ceilingKey(text);
        }

        /** Moves to the next key; false if there is none. */
        boolean advance() {
            next = replaced.nextClearBit(next);
            String made = generated != null && next < generated.size() ? generated.key(next) : null;
            if (made != null && (nextWritten == null || made.compareTo(nextWritten) < 0)) {
                key = made;
                index = next++;
            } else {
                key = nextWritten;
                index = -1;
                nextWritten = key == null ? null : written.higherKey(key);
            }
            return key != null;
        }

        String key() {
            return key;
        }

        /** The index of the generated object; -1 if it was written. */
        int index() {
            return index;
        }
    }
}
