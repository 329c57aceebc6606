package io.breakwater.gateway;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.breakwater.api.BackupLocation;
import io.breakwater.location.Stores;
import io.breakwater.store.ObjectStore;
import io.breakwater.store.ObjectStore.Document;
import io.breakwater.store.SoftDeleteStore;
import io.breakwater.store.StoreLayout;
import jakarta.enterprise.context.ApplicationScoped;
import java.io.IOException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The key files of repositories, as they lie in the store. Each holds the repository's own key, wrapped by a password; the
 * name of the machine in it is {@code breakwater-<keyId>}, which tells the master key that the password derives from. Files
 * without such a name were made by somebody else, or by an older version.
 */
@ApplicationScoped
public class RepositoryKeys {
    private static final String MARK = "breakwater-";

    private static final Pattern MARKED = Pattern.compile(MARK + "([0-9a-f]{16})");
    private static final Pattern FILE = Pattern.compile("[0-9a-f]{64}");
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Stores stores;
    /** What is marked, by file name, which is the digest of the content; empty for files without a mark. */
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

    /** What the mark for a master key looks like. */
    public static String mark(String keyId) {
        return MARK + keyId;
    }

    /** All repositories of a location, with their key files: name, and id of the master key; empty where there is no mark. */
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

    /** The key files of one repository; those that were deleted are left out. */
    public Map<String, Optional<String>> files(BackupLocation location, Repository repository) {
        ObjectStore store = grace(location, repository);
        Set<String> names = new TreeSet<>();
        store.list(
                repository.keys(),
                o -> names.add(o.key().substring(repository.keys().length())));
        Map<String, Optional<String>> files = new TreeMap<>();
        for (String name : names) {
            Optional<String> mark = marks.get(name);
            if (mark == null) {
                Optional<byte[]> content = store.read(repository.keys() + name).map(Document::content);
                if (content.isEmpty() || !FILE.matcher(name).matches()) {
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
     * Removes a key file as restic would do it; it can be taken back for a while.
     *
     * @param except file that opens the repository, and has to be there and whole before another one goes
     * @return whether it was removed
     */
    public boolean remove(BackupLocation location, Repository repository, String file, String except) {
        ObjectStore store = grace(location, repository);
        boolean listed = files(location, repository).containsKey(except);
        boolean whole = store.read(repository.keys() + except)
                .map(d -> sha256(d.content()).equals(except))
                .orElse(false);
        if (file.equals(except) || !FILE.matcher(file).matches() || !listed || !whole) {
            return false;
        }
        store.delete(repository.keys() + file);
        return true;
    }

    private SoftDeleteStore grace(BackupLocation location, Repository repository) {
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

    private static String sha256(byte[] content) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
