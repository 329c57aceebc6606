package io.breakwater.location.keys;

import io.breakwater.api.BackupLocation;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.location.LocationProbe;
import io.breakwater.location.Stores;
import io.breakwater.store.DeletionSigner;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/** Keys for tests of other packages. */
public final class TestKeys {
    private TestKeys() {}

    /** Data of a Secret with these master keys, the current one first. */
    public static Map<String, String> data(byte[]... keys) {
        Map<String, String> data = new LinkedHashMap<>();
        for (int i = 0; i < keys.length; i++) {
            String text = Base64.getEncoder().encodeToString(keys[i]);
            data.put(
                    i == 0 ? KeyRing.ENTRY : KeyRing.OLDER + KeyRing.id(keys[i]),
                    Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.US_ASCII)));
        }
        return data;
    }

    /** A ring of these master keys, the current one first. */
    public static KeyRing ring(byte[]... keys) {
        return KeyRing.of(data(keys));
    }

    /** A signer of deletions with this master key. */
    public static DeletionSigner removals(byte[] key) {
        KeyRing ring = ring(key);
        return new DeletionSigner(() -> ring.signingKeys(ring.current()), Clock.systemUTC());
    }

    /** Id of a master key. */
    public static String id(byte[] key) {
        return KeyRing.id(key);
    }

    /** Probes a location as a site does. */
    public static void probe(LocationKeys keys, Stores stores, BreakwaterConfig config, BackupLocation location) {
        new LocationProbe(null, stores, keys, config, Clock.systemUTC()).run(location);
    }

    /** Keys from a Secret without an API server. */
    public static LocationKeys from(Supplier<Map<String, String>> data) {
        return new LocationKeys(null) {
            @Override
            public Optional<Secret> secret(BackupLocation location) {
                return Optional.of(new SecretBuilder().withData(data.get()).build());
            }
        };
    }

    /** Keys that derive from the Secrets in an API server. */
    public static LocationKeys of(KubernetesClient client) {
        return new LocationKeys(client);
    }
}
