package io.breakwater.trust;

import io.breakwater.store.CapturedNamespace;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * Data of earlier namespaces, or of namespaces on other sites: the start of a {@link CapturedNamespace#path}. Two parts mean all
 * namespaces of this name that the site has had. Three parts mean those of one cluster, and four parts mean one namespace.
 *
 * @param parts site, name, uid of the cluster and uid of the namespace; the last two are optional
 */
public record AdoptedHistory(List<String> parts) {
    private static final int FEWEST = 2;
    private static final int MOST = 4;
    private static final int MOST_ENTRIES = 32;
    private static final Pattern PART = Pattern.compile("[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?");

    public AdoptedHistory {
        parts = List.copyOf(parts);
    }

    /** All namespaces of this name that a site has had. */
    static AdoptedHistory of(String site, String name) {
        return new AdoptedHistory(List.of(site, name));
    }

    /** The namespaces of this name that a site has had on one cluster. */
    static AdoptedHistory of(String site, String name, String cluster) {
        return new AdoptedHistory(List.of(site, name, cluster));
    }

    /**
     * Parses the annotation of a Namespace: entries with commas between them.
     *
     * @return empty when one of the entries is not valid
     */
    public static Optional<List<AdoptedHistory>> parse(String text) {
        List<AdoptedHistory> all = new ArrayList<>();
        for (String entry : text.split(",", -1)) {
            List<String> parts = List.of(entry.strip().split("/", -1));
            boolean valid = parts.size() >= FEWEST
                    && parts.size() <= MOST
                    && parts.stream().allMatch(part -> PART.matcher(part).matches());
            if (!valid || all.size() == MOST_ENTRIES) {
                return Optional.empty();
            }
            all.add(new AdoptedHistory(parts));
        }
        return Optional.of(List.copyOf(all));
    }

    /** Whether the data of a namespace belongs to this history. */
    public boolean contains(CapturedNamespace source) {
        return List.of(source.site(), source.name(), source.cluster(), source.uid())
                .subList(0, parts.size())
                .equals(parts);
    }

    /** Whether it is the history of one cluster. */
    boolean namesCluster() {
        return parts.size() > FEWEST;
    }

    @Override
    public String toString() {
        return String.join("/", parts);
    }
}
