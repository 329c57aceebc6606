package io.breakwater.gateway;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.breakwater.api.BoundedJson;
import io.breakwater.api.Digests;
import io.breakwater.config.BreakwaterConfig;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.client.KubernetesClient;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PublicKey;
import java.security.Signature;
import java.security.spec.X509EncodedKeySpec;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.function.LongSupplier;
import org.jboss.logging.Logger;

/**
 * Verifies the signatures of tickets with the public keys that {@link TicketSigner} publishes. It reads the keys again every
 * five minutes, and after a signature that no key verifies, but at most once in two seconds: strangers send such tickets too.
 */
@ApplicationScoped
class TicketVerifier {
    /** The Secret with the public keys. */
    static final String SECRET = "breakwater-ticket-public-keys";

    static final String CURRENT = "current";
    static final String PREVIOUS = "previous";

    static final Duration REREAD = Duration.ofMinutes(5);
    static final Duration PAUSE = Duration.ofSeconds(2);

    private static final Logger LOG = Logger.getLogger(TicketVerifier.class);
    private static final int MAX_LENGTH = 4096;
    private static final int SIGNATURE_LENGTH = 64;
    private static final Duration VERIFIED = Duration.ofSeconds(60);
    private static final int TICKETS = 10_000;
    private static final ObjectMapper JSON = BoundedJson.mapper();

    private record Keys(List<PublicKey> all, long readAt) {}

    private final KubernetesClient client;
    private final String namespace;
    private final Clock clock;
    private final LongSupplier nanos;
    private final TimedCache<String, Ticket> verified;
    private Keys keys;

    @Inject
    TicketVerifier(KubernetesClient client, BreakwaterConfig config, Clock clock) {
        this(client, config, clock, System::nanoTime);
    }

    /** @param nanos a monotonic clock */
    TicketVerifier(KubernetesClient client, BreakwaterConfig config, Clock clock, LongSupplier nanos) {
        this.client = client;
        this.namespace = config.namespace();
        this.clock = clock;
        this.nanos = nanos;
        this.verified = new TimedCache<>(TICKETS, (older, newer) -> newer, nanos);
    }

    /** The ticket, if its signature is valid and it has not expired. */
    Optional<Ticket> check(String signed) {
        int dot = signed.indexOf('.');
        if (dot < 0 || signed.length() > MAX_LENGTH) {
            return Optional.empty();
        }
        return verified.get(Digests.sha256Hex(signed), VERIFIED, () -> verify(signed, dot))
                .filter(ticket -> ticket.expires() > clock.instant().getEpochSecond());
    }

    private Optional<Ticket> verify(String signed, int dot) {
        try {
            String body = signed.substring(0, dot);
            byte[] signature = Base64.getUrlDecoder().decode(signed.substring(dot + 1));
            if (signature.length != SIGNATURE_LENGTH || !isSigned(body, signature)) {
                return Optional.empty();
            }
            return Optional.of(JSON.readValue(Base64.getUrlDecoder().decode(body), Ticket.class));
        } catch (IOException | IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    private boolean isSigned(String body, byte[] signature) {
        Keys known = keys(REREAD);
        if (isSigned(known.all, body, signature)) {
            return true;
        }
        Keys again = keys(PAUSE);
        return again != known && isSigned(again.all, body, signature);
    }

    private static boolean isSigned(List<PublicKey> keys, String body, byte[] signature) {
        return keys.stream().anyMatch(key -> {
            try {
                Signature check = Signature.getInstance(TicketSigner.ALGORITHM);
                check.initVerify(key);
                check.update(body.getBytes(StandardCharsets.US_ASCII));
                return check.verify(signature);
            } catch (GeneralSecurityException e) {
                return false;
            }
        });
    }

    /** The keys, read again if they are older than this. */
    private synchronized Keys keys(Duration maxAge) {
        long now = nanos.getAsLong();
        if (keys == null || now - keys.readAt >= maxAge.toNanos()) {
            keys = new Keys(
                    read(client.secrets()
                            .inNamespace(namespace)
                            .withName(SECRET)
                            .get()),
                    now);
        }
        return keys;
    }

    private List<PublicKey> read(Secret secret) {
        List<PublicKey> found = new ArrayList<>();
        for (String entry : List.of(CURRENT, PREVIOUS)) {
            String key = secret == null || secret.getData() == null
                    ? null
                    : secret.getData().get(entry);
            if (key != null) {
                try {
                    found.add(KeyFactory.getInstance(TicketSigner.ALGORITHM)
                            .generatePublic(
                                    new X509EncodedKeySpec(Base64.getDecoder().decode(key))));
                } catch (GeneralSecurityException | IllegalArgumentException e) {
                    LOG.warnf("Secret %s/%s: entry %s is not a valid public key", namespace, SECRET, entry);
                }
            }
        }
        return found;
    }
}
