package io.breakwater.location;

import java.nio.file.Path;
import java.time.Clock;

/** Stores for tests of other packages. */
public final class TestStores {
    private TestStores() {}

    public static ObjectStore filesystem(Path directory) {
        return new FilesystemStore(directory, Clock.systemUTC());
    }
}
