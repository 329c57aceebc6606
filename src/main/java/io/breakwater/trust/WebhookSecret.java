package io.breakwater.trust;

import io.breakwater.api.Digests;
import jakarta.enterprise.context.ApplicationScoped;

/**
 * The part of the webhook's paths that only the API server knows. Most clusters give the API server no client certificate, so
 * this part shows that a request comes from it: it is in the registration of the webhook, which only administrators may read.
 * Without it, anyone who reaches the port could ask questions as any user, and have stamps made for any author.
 */
@ApplicationScoped
public class WebhookSecret {
    private static final int LENGTH = 32;

    private final StampKey key;

    WebhookSecret(StampKey key) {
        this.key = key;
    }

    /** 32 hexadecimal digits; the same for all processes of an installation. */
    public String segment() {
        return Digests.hmacHex(key.bytes(), "path of the webhook").substring(0, LENGTH);
    }

    /** The path under which the webhook serves a check. */
    public String path(String check) {
        return "/" + segment() + check;
    }
}
