package io.breakwater.store.endpoint;

import java.util.Locale;
import java.util.Set;
import java.util.stream.Stream;

/** The kinds of requests to a store. Vendors have a price for each of them, and that of a listing differs from that of a read. */
public enum StoreVerb {
    GET,
    HEAD,
    LIST,
    PUT,
    POST,
    DELETE;

    /** Parameters of a GET that lists: blobs of Azure; objects, versions and unfinished uploads of S3. */
    private static final Set<String> LISTS = Set.of("comp=list", "list-type", "versions", "uploads");

    /**
     * The kind of a request.
     *
     * @param method of HTTP
     * @param query of the URL; null for none
     */
    public static StoreVerb of(String method, String query) {
        boolean lists = query != null
                && Stream.of(query.split("&"))
                        .anyMatch(part -> LISTS.contains(part) || LISTS.contains(part.replaceFirst("=.*", "")));
        return switch (method.toUpperCase(Locale.ROOT)) {
            case "GET" -> lists ? LIST : GET;
            case "HEAD" -> HEAD;
            case "PUT" -> PUT;
            case "DELETE" -> DELETE;
            default -> POST;
        };
    }

    /** The value of the label in metrics. */
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }
}
