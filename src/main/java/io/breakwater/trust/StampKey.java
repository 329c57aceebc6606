package io.breakwater.trust;

import io.breakwater.api.Api;
import io.breakwater.config.BreakwaterConfig;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import jakarta.enterprise.context.ApplicationScoped;
import java.net.HttpURLConnection;
import java.security.SecureRandom;
import java.util.Base64;

/**
 * The random key that signs the stamps of authors, in the Secret {@value #SECRET} of the operator's namespace. The process that
 * needs the key first creates it. Without the Secret, all stamps that exist are invalid.
 */
@ApplicationScoped
class StampKey {
    static final String SECRET = "breakwater-author-key";
    private static final String ENTRY = "key";
    private static final int BYTES = 32;

    private final KubernetesClient client;
    private final BreakwaterConfig config;
    private volatile byte[] key;

    StampKey(KubernetesClient client, BreakwaterConfig config) {
        this.client = client;
        this.config = config;
    }

    byte[] bytes() {
        byte[] known = key;
        String namespace = config.namespace();
        if (known == null) {
            Secret secret =
                    client.secrets().inNamespace(namespace).withName(SECRET).get();
            known = Base64.getDecoder()
                    .decode((secret == null ? create() : secret).getData().get(ENTRY));
            if (known.length != BYTES) {
                throw new IllegalStateException("Secret " + namespace + "/" + SECRET + " does not contain a key of "
                        + BYTES + " bytes; delete the Secret, and edit the objects whose authors it had signed");
            }
            key = known;
        }
        return known;
    }

    private Secret create() {
        String namespace = config.namespace();
        byte[] random = new byte[BYTES];
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
