package io.breakwater.steps;

import io.breakwater.api.Texts;
import io.fabric8.kubernetes.client.KubernetesClientException;

/** The message of an error, as a status shows it. */
public final class ServerMessage {
    private static final int LONGEST = 1000;

    private ServerMessage() {}

    /**
     * What the API server answered, for example {@code exceeded quota: …}. The message of the client's exception also has the
     * request and all fields of the answer.
     */
    public static String of(RuntimeException e) {
        boolean answered = e instanceof KubernetesClientException k
                && k.getStatus() != null
                && k.getStatus().getMessage() != null;
        String message =
                answered ? ((KubernetesClientException) e).getStatus().getMessage() : String.valueOf(e.getMessage());
        return Texts.cut(message.strip(), LONGEST);
    }
}
