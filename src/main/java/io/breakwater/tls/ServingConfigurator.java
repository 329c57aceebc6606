package io.breakwater.tls;

import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsParameters;
import java.net.InetAddress;
import java.util.concurrent.RejectedExecutionException;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;

/**
 * The TLS settings of a server: version 1.3 only. The server calls it before the handshake of each connection, so it is also the
 * first place that knows the address of a client.
 */
public final class ServingConfigurator extends HttpsConfigurator {
    private static final String[] PROTOCOLS = {"TLSv1.3"};

    private final ConcurrencyLimit<InetAddress> sources;

    /** A server without a limit for each address. */
    public ServingConfigurator(SSLContext context) {
        this(context, new ConcurrencyLimit<>(Integer.MAX_VALUE));
    }

    /**
     * A server with a limit for each address.
     *
     * @param sources limits the connections whose handshake or first request is in progress; the server needs an executor of
     *     {@link ServerThreads}
     */
    public ServingConfigurator(SSLContext context, ConcurrencyLimit<InetAddress> sources) {
        super(context);
        this.sources = sources;
    }

    /** @throws RejectedExecutionException above the limit of the address; the server then closes the connection */
    @Override
    public void configure(HttpsParameters parameters) {
        InetAddress source = parameters.getClientAddress().getAddress();
        if (!ServerThreads.enter(sources, source)) {
            throw new RejectedExecutionException("too many connections of " + source + " at the same time");
        }
        SSLParameters tls = getSSLContext().getDefaultSSLParameters();
        tls.setProtocols(PROTOCOLS);
        parameters.setSSLParameters(tls);
    }
}
