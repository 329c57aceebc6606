package io.breakwater.gateway;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.breakwater.api.BackupLocation;
import io.breakwater.api.BoundedCache;
import io.breakwater.api.BoundedJson;
import io.breakwater.api.Digests;
import io.breakwater.location.RepositoryRegister;
import io.breakwater.location.Stores;
import io.breakwater.store.GatheringBound;
import io.breakwater.store.ObjectStore;
import io.breakwater.store.ObjectStore.Document;
import io.breakwater.store.OwnedRepository;
import io.breakwater.store.SoftDeleteStore;
import jakarta.enterprise.context.ApplicationScoped;
import java.io.IOException;
import java.util.Comparator;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The key files of repositories in the store. Each contains the key of the repository, encrypted with a password. Its host
 * name is a mark, {@code breakwater-<keyId>}: it names the master key that the password derives from. Files without a mark
 * come from other tools or from an older version.
 */
@ApplicationScoped
public class RepositoryKeys {
    private static final String MARK = "breakwater-";

    private static final Pattern MARKED = Pattern.compile(MARK + "([0-9a-f]{16})");
    private static final Pattern FILE = Pattern.compile("[0-9a-f]{64}");
    private static final ObjectMapper JSON = BoundedJson.mapper();

    /** Files whose marks are remembered. Another one is read again. */
    private static final int REMEMBERED = 20_000;

    private final Stores stores;
    private final RepositoryRegister register;
    /** Ids of master keys by file name, which is the digest of the content; empty for files without a mark. */
    private final Map<String, Optional<String>> marks = BoundedCache.of(REMEMBERED);

    public RepositoryKeys(Stores stores, RepositoryRegister register) {
        this.stores = stores;
        this.register = register;
    }

    /** The mark of a master key. */
    public static String mark(String keyId) {
        return MARK + keyId;
    }

    /**
     * All repositories of a location with their key files: name, and id of the master key; empty without a mark. A repository is
     * named by its newest owner. One whose record cannot be verified has no owner, but still needs its keys.
     */
    public Map<OwnedRepository, Map<String, Optional<String>>> survey(BackupLocation location) {
        Map<OwnedRepository, Map<String, Optional<String>>> found =
                new TreeMap<>(Comparator.comparing(OwnedRepository::toString));
        for (OwnedRepository repository : register.list(location)) {
            Map<String, Optional<String>> files = files(location, repository);
            if (!files.isEmpty()) {
                found.put(repository, files);
            }
        }
        return found;
    }

    private static String keys(OwnedRepository repository) {
        return repository.prefix() + "keys/";
    }

    /** The key files of one repository, without deleted ones. */
    public Map<String, Optional<String>> files(BackupLocation location, OwnedRepository repository) {
        ObjectStore store = softDeleteStore(location, repository);
        Set<String> names = new TreeSet<>();
        GatheringBound gathered = new GatheringBound(store, keys(repository));
        store.list(
                keys(repository),
                o -> names.add(gathered.add(o.key()).substring(keys(repository).length())));
        Map<String, Optional<String>> files = new TreeMap<>();
        for (String name : names) {
            if (!FILE.matcher(name).matches()) {
                continue;
            }
            Optional<String> mark = marks.get(name);
            if (mark == null) {
                String key = keys(repository) + name;
                Optional<byte[]> content =
                        store.readIfBounded(key, ObjectStore.MAX_DOCUMENT).map(Document::content);
                if (content.isEmpty()) {
                    // A file that is too large has no mark; it may still be replaced by the one with this digest.
                    if (store.head(key).isPresent()) {
                        files.put(name, Optional.empty());
                    }
                    continue;
                }
                mark = mark(content.get());
                marks.put(name, mark);
            }
            files.put(name, mark);
        }
        return files;
    }

    /**
     * Deletes a key file as restic does. The deletion can be undone during the grace period.
     *
     * @param except file that opens the repository; it must exist and be intact before another file is deleted
     * @return whether the file was deleted
     */
    public boolean remove(BackupLocation location, OwnedRepository repository, String file, String except) {
        ObjectStore store = softDeleteStore(location, repository);
        boolean listed = files(location, repository).containsKey(except);
        boolean intact = store.readIfBounded(keys(repository) + except, ObjectStore.MAX_DOCUMENT)
                .map(document -> Digests.sha256Hex(document.content()).equals(except))
                .orElse(false);
        if (file.equals(except) || !FILE.matcher(file).matches() || !listed || !intact) {
            return false;
        }
        store.delete(keys(repository) + file);
        return true;
    }

    private SoftDeleteStore softDeleteStore(BackupLocation location, OwnedRepository repository) {
        return new SoftDeleteStore(stores.open(location), repository.deletions());
    }

    private static Optional<String> mark(byte[] content) {
        try {
            Matcher m = MARKED.matcher(JSON.readTree(content).path("hostname").asText());
            return m.matches() ? Optional.of(m.group(1)) : Optional.empty();
        } catch (IOException e) {
            return Optional.empty();
        }
    }
}
