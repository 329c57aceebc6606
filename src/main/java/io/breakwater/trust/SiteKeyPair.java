package io.breakwater.trust;

import io.breakwater.api.Api;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.api.ServerMessage;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.store.SiteSignature;
import io.breakwater.store.SiteSigner;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.net.HttpURLConnection;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.List;

/**
 * The Ed25519 key of this site, in the Secret {@value #SECRET} of the operator's namespace. The process that needs the key first
 * creates it. It is read once: a process that has signed does not need the API server to sign again. The other sites of a
 * location pin the public half, so a lost Secret makes them refuse what this site signs, until an administrator accepts the new
 * key there.
 */
public final class SiteKeyPair implements SiteSigner {
    static final String SECRET = "breakwater-site-key";
    private static final String PRIVATE = "private";
    private static final String PUBLIC = "public";

    private record Pair(PrivateKey secret, String published) {}

    private final KubernetesClient client;
    private final BreakwaterConfig config;
    private final NamespaceIdentities identities;
    private volatile Pair pair;

    public SiteKeyPair(KubernetesClient client, BreakwaterConfig config) {
        this.client = client;
        this.config = config;
        this.identities = new NamespaceIdentities(client, config);
    }

    @Override
    public String site() {
        return config.site();
    }

    @Override
    public String cluster() {
        try {
            return identities.cluster();
        } catch (KubernetesClientException e) {
            throw BreakwaterException.retryable(
                    Reason.InternalError,
                    "cannot get namespace kube-system, whose uid identifies this cluster: " + ServerMessage.of(e)
                            + "; will retry",
                    e);
        }
    }

    @Override
    public String publicKey() {
        return pair().published();
    }

    @Override
    public List<String> succeeds() {
        return config.siteSucceeds().orElse(List.of());
    }

    @Override
    public String sign(byte[] content) {
        try {
            Signature signature = Signature.getInstance(SiteSignature.ALGORITHM);
            signature.initSign(pair().secret());
            signature.update(content);
            return Base64.getUrlEncoder().withoutPadding().encodeToString(signature.sign());
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("Ed25519 is part of every JDK", e);
        }
    }

    private Pair pair() {
        Pair known = pair;
        if (known == null) {
            Secret present = get();
            known = parsed(present == null ? create() : present);
            pair = known;
        }
        return known;
    }

    private Pair parsed(Secret secret) {
        try {
            byte[] encoded = Base64.getDecoder().decode(secret.getData().get(PRIVATE));
            byte[] published = Base64.getDecoder().decode(secret.getData().get(PUBLIC));
            return new Pair(
                    KeyFactory.getInstance(SiteSignature.ALGORITHM).generatePrivate(new PKCS8EncodedKeySpec(encoded)),
                    new String(published, StandardCharsets.US_ASCII));
        } catch (GeneralSecurityException | RuntimeException e) {
            throw BreakwaterException.permanent(
                    Reason.SecretNotFound,
                    "Secret " + config.namespace() + "/" + SECRET
                            + " has no valid key of this site; restore it, or delete"
                            + " it and accept the new key on the other sites",
                    e);
        }
    }

    private Secret create() {
        KeyPair made;
        try {
            made = KeyPairGenerator.getInstance(SiteSignature.ALGORITHM).generateKeyPair();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("Ed25519 is part of every JDK", e);
        }
        String published = Base64.getUrlEncoder()
                .withoutPadding()
                .encodeToString(made.getPublic().getEncoded());
        Secret secret = new SecretBuilder()
                .withNewMetadata()
                .withName(SECRET)
                .withNamespace(config.namespace())
                .addToLabels(Api.EXCLUDE, "true")
                .endMetadata()
                .addToData(
                        PRIVATE,
                        Base64.getEncoder().encodeToString(made.getPrivate().getEncoded()))
                .addToData(PUBLIC, Base64.getEncoder().encodeToString(published.getBytes(StandardCharsets.US_ASCII)))
                .build();
        try {
            return client.secrets()
                    .inNamespace(config.namespace())
                    .resource(secret)
                    .create();
        } catch (KubernetesClientException e) {
            if (e.getCode() != HttpURLConnection.HTTP_CONFLICT) {
                throw refused("create", e);
            }
            return get();
        }
    }

    private Secret get() {
        try {
            return client.secrets()
                    .inNamespace(config.namespace())
                    .withName(SECRET)
                    .get();
        } catch (KubernetesClientException e) {
            throw refused("get", e);
        }
    }

    private BreakwaterException refused(String verb, KubernetesClientException e) {
        return BreakwaterException.retryable(
                Reason.SecretNotFound,
                "cannot " + verb + " Secret " + config.namespace() + "/" + SECRET + " with the key of this site: "
                        + ServerMessage.of(e) + "; will retry",
                e);
    }
}
