package io.breakwater.fleet;

/** Objects that are made when they are asked for, and never stored. Their keys are in ascending order. */
interface GeneratedObjects {
    int size();

    /** {@code <namespace>/<name>}. */
    String key(int index);

    /** The object as JSON. */
    byte[] body(int index);

    /** Its metadata as JSON. */
    byte[] metadata(int index);

    /** The first index whose key is not before a text; the size if there is none. */
    default int firstFrom(String text) {
        int low = 0;
        int high = size();
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (key(middle).compareTo(text) < 0) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low;
    }

    /** The index of a key; -1 if there is none. */
    default int indexOf(String key) {
        int index = firstFrom(key);
        return index < size() && key(index).equals(key) ? index : -1;
    }
}
