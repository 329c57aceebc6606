package io.breakwater.gateway;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.breakwater.api.Api;
import io.breakwater.api.BoundedJson;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.api.ServerMessage;
import io.breakwater.config.BreakwaterConfig;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import jakarta.enterprise.context.ApplicationScoped;
import java.net.HttpURLConnection;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.spec.PKCS8EncodedKeySpec;
import java.time.Clock;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jboss.logging.Logger;

/**
 * Signs tickets with Ed25519, in the operator only. Form: {@code base64url(json).base64url(signature)}. The private key is in a
 * Secret that the account of a separate gateway cannot read. Another Secret has the public keys, for {@link TicketVerifier}. A
 * key is replaced after 30 days, or when its Secret is deleted. The public key of the previous one stays until the next
 * replacement.
 */
@ApplicationScoped
class TicketSigner {
    /** The Secret with the private key. */
    static final String SECRET = "breakwater-ticket-key";

    static final String ALGORITHM = "Ed25519";

    /** Much longer than a ticket is valid, so the previous key verifies no ticket that matters when it goes. */
    static final Duration RENEWED = Duration.ofDays(30);

    private static final Logger LOG = Logger.getLogger(TicketSigner.class);
    private static final int TRIES = 5;
    private static final String PRIVATE = "private";
    private static final String PUBLIC = "public";
    private static final String CREATED = "created";

    private static final ObjectMapper JSON = BoundedJson.mapper();
    private static final Base64.Encoder ENCODER = Base64.getUrlEncoder().withoutPadding();

    /** A key pair, its public key as in the Secrets. */
    private record SigningKey(PrivateKey secret, String published, Instant created) {}

    private final KubernetesClient client;
    private final String namespace;
    private final Clock clock;

    TicketSigner(KubernetesClient client, BreakwaterConfig config, Clock clock) {
        this.client = client;
        this.namespace = config.namespace();
        this.clock = clock;
    }

    /**
     * A ticket in the form that a mover presents.
     *
     * @throws BreakwaterException SecretNotFound, when the key can be neither read nor created
     */
    String sign(Ticket ticket) {
        try {
            String body = ENCODER.encodeToString(JSON.writeValueAsBytes(ticket));
            Signature signature = Signature.getInstance(ALGORITHM);
            signature.initSign(key());
            signature.update(body.getBytes(StandardCharsets.US_ASCII));
            return body + "." + ENCODER.encodeToString(signature.sign());
        } catch (JsonProcessingException | GeneralSecurityException e) {
            throw new IllegalStateException("could not sign a ticket", e);
        }
    }

    /** The present key, from its Secret each time: a deleted Secret takes effect with the next ticket. */
    private synchronized PrivateKey key() throws GeneralSecurityException {
        KubernetesClientException last = null;
        for (int i = 0; i < TRIES; i++) {
            try {
                return readOrReplace();
            } catch (KubernetesClientException e) {
                if (e.getCode() != HttpURLConnection.HTTP_CONFLICT) {
                    throw unusable(e);
                }
                last = e;
            }
        }
        throw unusable(last);
    }

    private PrivateKey readOrReplace() throws GeneralSecurityException {
        Secret secret = get(SECRET);
        Optional<SigningKey> present = read(secret);
        if (present.isPresent() && present.get().created().plus(RENEWED).isAfter(clock.instant())) {
            publish(present.get().published(), Optional.empty());
            return present.get().secret();
        }
        KeyPair pair = KeyPairGenerator.getInstance(ALGORITHM).generateKeyPair();
        String published = Base64.getEncoder().encodeToString(pair.getPublic().getEncoded());
        // Gateways must know the public key before the first ticket is signed with it.
        publish(published, present.map(SigningKey::published));
        write(
                SECRET,
                secret,
                Map.of(
                        PRIVATE,
                                Base64.getEncoder()
                                        .encodeToString(pair.getPrivate().getEncoded()),
                        PUBLIC, published,
                        CREATED, base64(clock.instant().toString())));
        LOG.infof("created a key for tickets in Secret %s/%s", namespace, SECRET);
        return pair.getPrivate();
    }

    /**
     * Adds a public key to the published ones.
     *
     * @param previous the key that signed the tickets in use; the published one if empty
     */
    private void publish(String published, Optional<String> previous) {
        Secret secret = get(TicketVerifier.SECRET);
        Map<String, String> now = secret == null || secret.getData() == null ? Map.of() : secret.getData();
        if (now.containsValue(published)) {
            return;
        }
        Map<String, String> data = new LinkedHashMap<>();
        data.put(TicketVerifier.CURRENT, published);
        previous.or(() -> Optional.ofNullable(now.get(TicketVerifier.CURRENT)))
                .ifPresent(key -> data.put(TicketVerifier.PREVIOUS, key));
        write(TicketVerifier.SECRET, secret, data);
    }

    private Optional<SigningKey> read(Secret secret) {
        if (secret == null || secret.getData() == null) {
            return Optional.empty();
        }
        Map<String, String> data = secret.getData();
        try {
            if (!data.keySet().containsAll(Set.of(PRIVATE, PUBLIC, CREATED))) {
                throw new IllegalArgumentException("an entry is missing");
            }
            byte[] created = Base64.getDecoder().decode(data.get(CREATED));
            PrivateKey key = KeyFactory.getInstance(ALGORITHM)
                    .generatePrivate(new PKCS8EncodedKeySpec(Base64.getDecoder().decode(data.get(PRIVATE))));
            return Optional.of(new SigningKey(
                    key, data.get(PUBLIC), Instant.parse(new String(created, StandardCharsets.US_ASCII))));
        } catch (GeneralSecurityException | IllegalArgumentException | DateTimeException e) {
            LOG.warnf("Secret %s/%s has no valid key (%s); creating another key", namespace, SECRET, e.getMessage());
            return Optional.empty();
        }
    }

    /** Creates or updates a Secret; a conflict throws. */
    private void write(String name, Secret before, Map<String, String> data) {
        Secret wanted = new SecretBuilder()
                .withNewMetadata()
                .withName(name)
                .withNamespace(namespace)
                .addToLabels(Api.EXCLUDE, "true")
                .withResourceVersion(
                        before == null ? null : before.getMetadata().getResourceVersion())
                .endMetadata()
                .withData(data)
                .build();
        if (before == null) {
            client.resource(wanted).create();
        } else {
            client.resource(wanted).update();
        }
    }

    private Secret get(String name) {
        return client.secrets().inNamespace(namespace).withName(name).get();
    }

    private BreakwaterException unusable(KubernetesClientException e) {
        return BreakwaterException.retryable(
                Reason.SecretNotFound,
                "could not read or write Secret " + namespace + "/" + SECRET + " or " + TicketVerifier.SECRET
                        + ", will retry: " + ServerMessage.of(e),
                e);
    }

    private static String base64(String text) {
        return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.US_ASCII));
    }
}
