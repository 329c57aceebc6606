package io.breakwater.resource.apply;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ObjectSpoolTest {
    @Test
    void returnsObjectsFromMemoryAndFile() throws IOException {
        Random random = new Random(7);
        List<byte[]> objects = new ArrayList<>();
        List<ObjectSpool.Slot> slots = new ArrayList<>();
        try (ObjectSpool spool = new ObjectSpool(5_000)) {
            for (int i = 0; i < 50; i++) {
                byte[] object = new byte[random.nextInt(1000)];
                random.nextBytes(object);
                objects.add(object);
                slots.add(spool.put(object));
            }
            assertThat(slots).hasAtLeastOneElementOfType(ObjectSpool.Slot.Heap.class);
            assertThat(slots).hasAtLeastOneElementOfType(ObjectSpool.Slot.File.class);
            for (int i = 49; i >= 0; i--) {
                assertThat(spool.get(slots.get(i))).as("object " + i).isEqualTo(objects.get(i));
            }
        }
    }
}
