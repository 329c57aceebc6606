package io.breakwater.gateway;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.breakwater.api.BackupLocation;
import io.breakwater.api.BoundedJson;
import io.breakwater.api.Digests;
import io.breakwater.location.Stores;
import io.breakwater.store.GatheringBound;
import io.breakwater.store.ObjectStore;
import io.breakwater.store.ObjectStore.Document;
import io.breakwater.store.SoftDeleteStore;
import io.breakwater.store.StoreLayout;
import jakarta.enterprise.context.ApplicationScoped;
import java.io.IOException;
import java.util.Comparator;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
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

    private final Stores stores;
    /** Ids of master keys by file name, which is the digest of the content; empty for files without a mark. */
    private final Map<String, Optional<String>> marks = new ConcurrentHashMap<>();

    public RepositoryKeys(Stores stores) {
        this.stores = stores;
    }

    /** One namespace's repository in a location. */
    public record Repository(String site, String namespace) {
        String keys() {
            return StoreLayout.repository(site, namespace) + "keys/";
        }

        @Override
        public String toString() {
            return site + "/" + namespace;
        }
    }

    /** The mark of a master key. */
    public static String mark(String keyId) {
        return MARK + keyId;
    }

    /** All repositories of a location with their key files: name, and id of the master key; empty without a mark. */
    public Map<Repository, Map<String, Optional<String>>> survey(BackupLocation location) {
        ObjectStore store = stores.open(location);
        Map<Repository, Map<String, Optional<String>>> found =
                new TreeMap<>(Comparator.comparing(Repository::toString));
        for (String site : store.directories(StoreLayout.repositories())) {
            for (String namespace : store.directories(StoreLayout.repositories(site))) {
                Repository repository = new Repository(site, namespace);
                Map<String, Optional<String>> files = files(location, repository);
                if (!files.isEmpty()) {
                    found.put(repository, files);
                }
            }
        }
        return found;
    }

    /** The key files of one repository, without deleted ones. */
    public Map<String, Optional<String>> files(BackupLocation location, Repository repository) {
        ObjectStore store = softDeleteStore(location, repository);
        Set<String> names = new TreeSet<>();
        GatheringBound gathered = new GatheringBound(store, repository.keys());
        store.list(
                repository.keys(),
                o -> names.add(gathered.add(o.key()).substring(repository.keys().length())));
        Map<String, Optional<String>> files = new TreeMap<>();
        for (String name : names) {
            if (!FILE.matcher(name).matches()) {
                continue;
            }
            Optional<String> mark = marks.get(name);
            if (mark == null) {
                String key = repository.keys() + name;
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
    public boolean remove(BackupLocation location, Repository repository, String file, String except) {
        ObjectStore store = softDeleteStore(location, repository);
        boolean listed = files(location, repository).containsKey(except);
        boolean intact = store.readIfBounded(repository.keys() + except, ObjectStore.MAX_DOCUMENT)
                .map(document -> Digests.sha256Hex(document.content()).equals(except))
                .orElse(false);
        if (file.equals(except) || !FILE.matcher(file).matches() || !listed || !intact) {
            return false;
        }
        store.delete(repository.keys() + file);
        return true;
    }

    private SoftDeleteStore softDeleteStore(BackupLocation location, Repository repository) {
        return new SoftDeleteStore(stores.open(location), repository.site(), repository.namespace());
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
