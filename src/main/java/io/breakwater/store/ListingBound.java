package io.breakwater.store;

import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.store.ObjectStore.ObjectInfo;
import java.time.Instant;
import java.util.function.Supplier;

/** Ends one listing of a store that has too many objects or pages, takes too long, repeats itself, or has impossible keys. */
public final class ListingBound {
    /** Pages that may be almost empty. A store may end a page early, but not each one. */
    private static final int SMALL_PAGES = 1000;

    private static final int SMALL_PAGE = 10;

    private final ObjectStore store;
    private final String root;
    private final String prefix;
    private final ListingLimits limits;
    private long objects;
    private long pages;
    private long nanos;
    private Object last;

    /**
     * A listing that starts now.
     *
     * @param root prefix of the location, which its keys do not contain
     * @param prefix that is listed
     */
    public ListingBound(ObjectStore store, String root, String prefix) {
        this.store = store;
        this.root = root;
        this.prefix = prefix;
        this.limits = store.limits();
    }

    /** Requests the next page. */
    public <T> T page(Supplier<T> request) {
        long start = System.nanoTime();
        try {
            return request.get();
        } finally {
            nanos += System.nanoTime() - start;
            pages++;
        }
    }

    /**
     * Checks a page before the next one is requested.
     *
     * @param next where the next page starts; must differ from page to page
     * @throws BreakwaterException TooManyObjects, when the listing must end
     */
    public void more(Object next) {
        if (next == null || next.equals(last)) {
            throw endless("the store answers the same page again and again");
        }
        last = next;
        if (pages > SMALL_PAGES + objects / SMALL_PAGE) {
            throw endless("the store answers with pages that are almost empty, " + pages + " by now");
        }
        if (nanos > limits.time().toNanos()) {
            throw endless("the store took more than " + limits.time() + " for " + pages + " pages");
        }
    }

    /**
     * Counts an object, a version or an upload of the listing.
     *
     * @param name its key with the prefix of the location
     * @return its key
     * @throws BreakwaterException TooManyObjects, when the listing must end; StoreUnavailable, when the store did not list this
     *     prefix
     */
    public String count(String name) {
        if (name == null || !name.startsWith(root) || !name.startsWith(prefix, root.length())) {
            throw wrong("it has an object that is not below " + prefix);
        }
        if (name.length() > ListingLimits.KEY) {
            throw endless("a key has " + name.length() + " characters");
        }
        if (++objects > limits.objects()) {
            throw tooMany(store, prefix, limits.objects(), "store.maxObjects");
        }
        return name.substring(root.length());
    }

    /** Counts an object, and returns what the store reports about it. */
    public ObjectInfo object(String name, Long size, String etag, Instant modified) {
        String key = count(name);
        if (size == null || size < 0 || modified == null) {
            throw wrong("object " + key + " has no size or no time");
        }
        return new ObjectInfo(key, size, etag == null ? "" : etag, modified);
    }

    /** Counts a directory, and returns its name. */
    public String directory(String name) {
        String key = count(name);
        int end = key.length() - 1;
        if (end < prefix.length() || key.indexOf('/', prefix.length()) != end) {
            throw wrong(key + " is no directory in " + prefix);
        }
        return key.substring(prefix.length(), end);
    }

    private BreakwaterException wrong(String what) {
        return BreakwaterException.permanent(
                Reason.StoreUnavailable,
                store.place() + ": list " + prefix + " has a wrong answer: " + what
                        + "; check the server of the location");
    }

    private BreakwaterException endless(String what) {
        return BreakwaterException.permanent(
                Reason.TooManyObjects,
                store.place() + ": list " + prefix + " was stopped: " + what + "; check the server of the location");
    }

    /** @param value Helm value of the limit */
    static BreakwaterException tooMany(ObjectStore store, String prefix, long limit, String value) {
        return BreakwaterException.permanent(
                Reason.TooManyObjects,
                store.place() + ": list " + prefix + " was stopped: there are more than " + limit
                        + " objects; delete objects that Breakwater did not write, or raise the Helm value " + value);
    }
}
