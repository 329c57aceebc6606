package io.breakwater.store;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/**
 * The keys of a location, with those that this process used earlier and that the Secret does not have any more. They still verify.
 * An earlier key signs until a probe has accepted another one. So a mistake in the Secret ends no lease of a running process.
 */
final class RetainedKeys implements SigningKeys {
    /** Keys of one location, with the earlier ones. */
    static final int MOST = 32;

    private final SigningKeys now;
    private final String current;
    private final Map<String, SigningKeys> origins;

    private RetainedKeys(SigningKeys now, String current, Map<String, SigningKeys> origins) {
        this.now = now;
        this.current = current;
        this.origins = origins;
    }

    /**
     * @param now the keys of the Secret
     * @param before the keys that this process used until now; null for the first ones
     */
    static SigningKeys of(SigningKeys now, SigningKeys before) {
        String current = before == null || now.isAccepted() ? now.current() : before.current();
        Map<String, SigningKeys> origins = new LinkedHashMap<>();
        now.ids().forEach(id -> origins.put(id, now));
        if (before instanceof RetainedKeys retained) {
            origins.computeIfAbsent(current, retained.origins::get);
            retained.origins.forEach((id, origin) -> {
                if (origins.size() < MOST) {
                    origins.putIfAbsent(id, origin);
                }
            });
        }
        return new RetainedKeys(now, current, origins);
    }

    @Override
    public String current() {
        return current;
    }

    @Override
    public Set<String> ids() {
        return origins.keySet();
    }

    @Override
    public byte[] key(String id) {
        return origins.get(id).key(id);
    }

    @Override
    public byte[] documentKey(String id, String area) {
        return origins.get(id).documentKey(id, area);
    }

    @Override
    public Map<String, String> pins() {
        return now.pins();
    }

    @Override
    public boolean isAccepted() {
        return now.isAccepted();
    }
}
