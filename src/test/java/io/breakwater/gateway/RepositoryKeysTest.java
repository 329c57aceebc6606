package io.breakwater.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.api.BackupLocation;
import io.breakwater.api.Digests;
import io.breakwater.location.TestRegister;
import io.breakwater.store.MemoryStore;
import io.breakwater.store.ObjectStore;
import io.breakwater.store.OwnedRepository;
import io.breakwater.store.TestStores;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** The key files of a repository, some of which Breakwater did not write. */
class RepositoryKeysTest {
    private static final String KEY = "0123456789abcdef";
    private static final byte[] MARKED =
            ("{\"hostname\":\"" + RepositoryKeys.mark(KEY) + "\"}").getBytes(StandardCharsets.UTF_8);
    private static final String FILE = Digests.sha256Hex(MARKED);
    private static final byte[] LARGE = new byte[ObjectStore.MAX_DOCUMENT + 1];

    private final MemoryStore store = new MemoryStore();
    private final RepositoryKeys keys = new RepositoryKeys(TestStores.always(store), TestRegister.of(store));
    private final OwnedRepository repository = TestRegister.create(store, "east", "shop");
    private final String directory = repository.prefix() + "keys/";
    private final BackupLocation location = new BackupLocation();

    @Test
    void skipsOtherObjectsOfAnySize() {
        store.objects.put(directory + FILE, MARKED);
        store.objects.put(directory + "large", LARGE);

        assertThat(keys.survey(location)).isEqualTo(Map.of(repository, Map.of(FILE, Optional.of(KEY))));
    }

    @Test
    void findsNoMarkInAKeyFileThatIsTooLarge() {
        store.objects.put(directory + FILE, LARGE);
        assertThat(keys.files(location, repository)).isEqualTo(Map.of(FILE, Optional.empty()));
        assertThat(keys.remove(location, repository, "f".repeat(64), FILE)).isFalse();

        store.objects.put(directory + FILE, MARKED);
        assertThat(keys.files(location, repository)).isEqualTo(Map.of(FILE, Optional.of(KEY)));
    }
}
