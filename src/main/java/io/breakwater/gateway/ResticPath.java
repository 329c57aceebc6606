package io.breakwater.gateway;

import io.breakwater.gateway.Repositories.Mode;
import io.breakwater.store.StoreLayout;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A path of the REST protocol. Only paths of exactly this form are valid, so that a path cannot name an object outside the
 * repository of the ticket.
 *
 * @param repository {@code <location namespace>/<location>/<id of the repository>}
 * @param type type of the object: config, data, keys, locks, snapshots or index; null for the repository itself
 * @param name SHA-256 of the content of the object; null for config, for a listing and for the repository itself
 */
record ResticPath(String repository, String type, String name) {
    private static final Pattern PATH = Pattern.compile("/((?:[a-z0-9][a-z0-9.-]*/){2}[0-9a-f]{32})/"
            + "(?:|(config)|(data|keys|locks|snapshots|index)/([0-9a-f]{64})?)");

    static Optional<ResticPath> of(String path) {
        Matcher m = PATH.matcher(path);
        return m.matches()
                ? Optional.of(new ResticPath(m.group(1), m.group(2) == null ? m.group(3) : m.group(2), m.group(4)))
                : Optional.empty();
    }

    /** Whether the path is in the repository of a ticket. */
    boolean isCoveredBy(Ticket ticket) {
        return repository.equals(String.join("/", ticket.locationNamespace(), ticket.location(), ticket.repository()));
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

    /** Whether this is a lock. Writers create and delete them in any epoch. A read lease protects readers. */
    boolean isLock() {
        return "locks".equals(type);
    }

    /** Whether this is a pack. Packs are 99 % of a repository. */
    boolean isPack() {
        return "data".equals(type);
    }

    boolean mayWrite(Mode mode) {
        return mode != Mode.READ;
    }

    boolean mayDelete(Mode mode) {
        return switch (mode) {
            case READ -> false;
            case APPEND -> isLock();
            case MAINTAIN -> !isConfig();
        };
    }

    /** Key below the prefix of the location; for a listing, the common prefix of the keys. */
    String key() {
        String prefix = StoreLayout.repository(repository.substring(repository.lastIndexOf('/') + 1));
        if (isConfig()) {
            return prefix + "config";
        }
        String shard = "data".equals(type) && name != null ? name.substring(0, 2) + "/" : "";
        return prefix + type + "/" + shard + (name == null ? "" : name);
    }
}
