package io.breakwater.api;

import io.fabric8.kubernetes.client.KubernetesClientException;
import java.util.regex.Pattern;

/** The message of an error, as a status or an event shows it: what the API server answered, and the way out of a refusal. */
public final class ServerMessage {
    private static final int LONGEST = 1000;
    private static final int DEEPEST = 10;

    /** The client's words about a request. The address of the API server has no use for the reader of a status. */
    private static final Pattern REQUEST =
            Pattern.compile("(?:Failure|Error) executing: \\S+ at: \\S+\\s*(?:(?:Message|Cause): )?");

    /** All fields of the answer, which the client appends to the message. */
    private static final Pattern ANSWER = Pattern.compile("\\s*Received status: Status\\(.*", Pattern.DOTALL);

    private ServerMessage() {}

    /**
     * What the API server answered, for example {@code exceeded quota: …}. Without an answer, the message of the error and of its
     * cause, without the request.
     */
    public static String of(Throwable e) {
        Throwable cause = e;
        for (int i = 0; cause != null && i < DEEPEST; i++) {
            if (cause instanceof KubernetesClientException k
                    && k.getStatus() != null
                    && k.getStatus().getMessage() != null) {
                return shown(k.getStatus().getMessage());
            }
            cause = cause.getCause();
        }
        boolean connected = !(e instanceof KubernetesClientException)
                || e.getCause() == null
                || String.valueOf(e.getMessage())
                        .contains(String.valueOf(e.getCause().getMessage()));
        return shown(connected ? text(e) : text(e) + " " + text(e.getCause()));
    }

    private static String text(Throwable e) {
        return e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
    }

    private static String shown(String message) {
        String plain = ANSWER.matcher(REQUEST.matcher(message).replaceAll("")).replaceAll("");
        return Texts.cut(QuotaAdvice.addedTo(plain.strip()), LONGEST);
    }
}
