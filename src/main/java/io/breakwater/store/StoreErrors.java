package io.breakwater.store;

import java.io.IOException;
import java.net.ConnectException;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.util.concurrent.TimeoutException;
import java.util.function.Predicate;
import javax.net.ssl.SSLException;

/**
 * Texts about failures of a store that contain nothing that its server wrote. A tenant names the server and reads the text, so a
 * text with bytes of an answer would read any server that the operator reaches.
 */
public final class StoreErrors {
    private static final int CODE = 64;

    private StoreErrors() {}

    /** An error code, if it is one of the protocol; otherwise an empty text, since a server may write any text as a code. */
    public static String code(String code, Predicate<String> known) {
        return code != null && code.length() <= CODE && known.test(code) ? code : "";
    }

    /** Whether a call failed because no answer came in time. Clients have exceptions of their own for that. */
    public static boolean isTimeout(Throwable e) {
        for (Throwable t = e; t != null && t != t.getCause(); t = t.getCause()) {
            if (t.getClass().getSimpleName().endsWith("TimeoutException")) {
                return true;
            }
        }
        return false;
    }

    /** The cause of a failure without an answer, and what to check. */
    public static String cause(Throwable e) {
        for (Throwable t = e; t != null && t != t.getCause(); t = t.getCause()) {
            String text = text(t);
            if (text != null) {
                return text;
            }
        }
        return "its answer could not be read; check that the endpoint is a server of this protocol";
    }

    private static String text(Throwable t) {
        if (t instanceof ConnectException || t instanceof UnknownHostException) {
            return "no connection to it (" + t.getClass().getSimpleName() + "); check endpoint and network";
        }
        if (t instanceof SSLException) {
            return "no encrypted connection to it; check its certificate and the endpoint; a certificate of a private"
                    + " authority needs caBundleSecretRef";
        }
        if (t instanceof SocketTimeoutException || t instanceof TimeoutException) {
            return "no answer in time; check the server and the network";
        }
        return t instanceof IOException ? "the connection to it failed; check the server and the network" : null;
    }
}
