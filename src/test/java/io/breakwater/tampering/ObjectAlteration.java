package io.breakwater.tampering;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** What an attacker who has the credentials of a store can do to one object. */
enum ObjectAlteration {
    /** One bit is another one. */
    FLIP,
    /** The end is missing. */
    CUT,
    /** Something follows the content. */
    APPEND,
    /** The content is that of another object of the same area. */
    EXCHANGE,
    /** The content is an earlier one of the same object. */
    REPLAY,
    /** The object does not exist. */
    DELETE;

    private static final int FOREIGN = 1;
    private static final int PLACES = 3;

    /** Contents of an object after this alteration; a single null for none. */
    List<byte[]> of(String key, Map<String, byte[]> objects, List<byte[]> earlier, String area) {
        byte[] content = objects.get(key);
        List<byte[]> altered = new ArrayList<>();
        switch (this) {
            case FLIP -> {
                for (int i = 0; i < PLACES; i++) {
                    byte[] one = content.clone();
                    one[(int) ((long) i * (content.length - 1) / (PLACES - 1))] ^= (byte) (1 << i % 7);
                    altered.add(one);
                }
            }
            case CUT -> {
                for (int length : new int[] {0, content.length - 1}) {
                    altered.add(Arrays.copyOf(content, length));
                }
            }
            case APPEND -> {
                byte[] one = Arrays.copyOf(content, content.length + 1);
                one[content.length] = '\n';
                altered.add(one);
            }
            case EXCHANGE ->
                objects.forEach((other, foreign) -> {
                    if (altered.size() < FOREIGN && other.startsWith(area) && !Arrays.equals(content, foreign)) {
                        altered.add(foreign);
                    }
                });
            case REPLAY ->
                earlier.stream().filter(e -> !Arrays.equals(content, e)).forEach(altered::add);
            case DELETE -> altered.add(null);
        }
        return altered;
    }
}
