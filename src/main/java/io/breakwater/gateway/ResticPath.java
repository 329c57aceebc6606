package io.breakwater.gateway;

import io.breakwater.gateway.Repositories.Mode;
import io.breakwater.store.StoreLayout;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a path of the REST protocol means. Only paths of exactly this form exist, so that nothing outside the ticket's
 * repository can be named.
 *
 * @param repository {@code <location namespace>/<location>/<site>/<namespace>}
 * @param type of the object: config, data, keys, locks, snapshots or index; null for the repository itself
 * @param name SHA-256 of the object's content; null for config, for a listing and for the repository itself
 */
record ResticPath(String repository, String type, String name) {
    private static final Pattern PATH = Pattern.compile("/((?:[a-z0-9][a-z0-9.-]*/){3}[a-z0-9][a-z0-9.-]*)/"
            + "(?:|(config)|(data|keys|locks|snapshots|index)/([0-9a-f]{64})?)");

    static Optional<ResticPath> of(String path) {
        Matcher m = PATH.matcher(path);
        return m.matches()
                ? Optional.of(new ResticPath(m.group(1), m.group(2) == null ? m.group(3) : m.group(2), m.group(4)))
                : Optional.empty();
    }

    /** Whether this is in the repository that a ticket is for. */
    boolean covered(Ticket t) {
        return repository.equals(String.join("/", t.locationNamespace(), t.location(), t.site(), t.namespace()));
    }

    boolean isRepository() {
        return type == null;
    }

    boolean isConfig() {
        return "config".equals(type);
    }

    boolean isListing() {
        return type != null && name == null && !isConfig();
    }

    /** Locks protect readers, so readers write them too, whatever the epoch. */
    boolean isLock() {
        return "locks".equals(type);
    }

    /** Packs are what a repository consists of, but for a hundredth. */
    boolean isPack() {
        return "data".equals(type);
    }

    boolean mayWrite(Mode mode) {
        return isLock() || mode != Mode.READ;
    }

    boolean mayDelete(Mode mode) {
        return isLock() || mode == Mode.MAINTAIN && !isConfig();
    }

    /** Key below the location's prefix; of a listing: what all keys start with. */
    String key() {
        String[] parts = repository.split("/");
        String prefix = StoreLayout.repository(parts[2], parts[3]);
        if (isConfig()) {
            return prefix + "config";
        }
        String shard = "data".equals(type) && name != null ? name.substring(0, 2) + "/" : "";
        return prefix + type + "/" + shard + (name == null ? "" : name);
    }
}
