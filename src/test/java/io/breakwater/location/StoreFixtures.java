package io.breakwater.location;

import java.nio.file.Path;
import java.time.Clock;

/** Real stores for the tests of other packages. */
public final class StoreFixtures {
    private StoreFixtures() {}

    /** A directory as a store. */
    public static ObjectStore filesystem(Path root) {
        return new FilesystemStore(root, Clock.systemUTC());
    }
}
