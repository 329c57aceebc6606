package io.breakwater.gateway;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.breakwater.api.Api;
import io.breakwater.api.Digests;
import io.breakwater.config.BreakwaterConfig;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import jakarta.enterprise.context.ApplicationScoped;
import java.io.IOException;
import java.net.HttpURLConnection;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.time.Clock;
import java.util.Base64;
import java.util.Optional;

/**
 * Signs and checks tickets with a random key. The key is in a Secret of the operator's namespace, for operator and gateway.
 * Form: {@code base64url(json).base64url(hmac-sha256)}.
 */
@ApplicationScoped
class TicketSigner {
    static final String SECRET = "breakwater-gateway-key";
    private static final String ENTRY = "key";
    private static final int MAX_LENGTH = 4096;

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Base64.Encoder ENCODER = Base64.getUrlEncoder().withoutPadding();

    private final KubernetesClient client;
    private final String namespace;
    private final Clock clock;
    private volatile byte[] key;

    TicketSigner(KubernetesClient client, BreakwaterConfig config, Clock clock) {
        this.client = client;
        this.namespace = config.namespace();
        this.clock = clock;
    }

    String sign(Ticket ticket) {
        try {
            String body = ENCODER.encodeToString(JSON.writeValueAsBytes(ticket));
            return body + "." + ENCODER.encodeToString(mac(body));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a ticket cannot be written as JSON", e);
        }
    }

    /** The ticket, if its signature is valid and it has not expired. */
    Optional<Ticket> check(String signed) {
        int dot = signed.indexOf('.');
        if (dot < 0 || signed.length() > MAX_LENGTH) {
            return Optional.empty();
        }
        try {
            String body = signed.substring(0, dot);
            byte[] given = Base64.getUrlDecoder().decode(signed.substring(dot + 1));
            if (!MessageDigest.isEqual(given, mac(body))) {
                return Optional.empty();
            }
            Ticket ticket = JSON.readValue(Base64.getUrlDecoder().decode(body), Ticket.class);
            return ticket.expires() > clock.instant().getEpochSecond() ? Optional.of(ticket) : Optional.empty();
        } catch (IOException | IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    private byte[] mac(String body) {
        return Digests.hmac(key(), body.getBytes(StandardCharsets.US_ASCII));
    }

    private byte[] key() {
        if (key == null) {
            Secret secret =
                    client.secrets().inNamespace(namespace).withName(SECRET).get();
            key = Base64.getDecoder()
                    .decode((secret == null ? create() : secret).getData().get(ENTRY));
        }
        return key;
    }

    private Secret create() {
        byte[] random = new byte[32];
        new SecureRandom().nextBytes(random);
        Secret secret = new SecretBuilder()
                .withNewMetadata()
                .withName(SECRET)
                .withNamespace(namespace)
                .addToLabels(Api.EXCLUDE, "true")
                .endMetadata()
                .addToData(ENTRY, Base64.getEncoder().encodeToString(random))
                .build();
        try {
            return client.secrets().inNamespace(namespace).resource(secret).create();
        } catch (KubernetesClientException e) {
            if (e.getCode() != HttpURLConnection.HTTP_CONFLICT) {
                throw e;
            }
            return client.secrets().inNamespace(namespace).withName(SECRET).require();
        }
    }
}
