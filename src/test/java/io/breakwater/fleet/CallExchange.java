package io.breakwater.fleet;

import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpContext;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpPrincipal;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;

/**
 * A request and its response, by HTTP/1.1. Unlike that of the JDK's server, the response has the date of a given clock: a store
 * reports its time there.
 */
final class CallExchange extends HttpExchange {
    private static final int CHUNKED = 0;

    private final OutputStream out;
    private final Clock clock;
    private final String method;
    private final URI uri;
    private final Headers request = new Headers();
    private final Headers response = new Headers();
    private final byte[] content;
    private OutputStream body = OutputStream.nullOutputStream();
    private int code = -1;

    /** Reads a request; {@code method} is null when the connection has ended. */
    CallExchange(InputStream in, OutputStream out, Clock clock) throws IOException {
        this.out = out;
        this.clock = clock;
        String first = line(in);
        String[] words = first == null ? new String[] {null, "/"} : first.split(" ", 3);
        this.method = words[0];
        this.uri = URI.create(words[1]);
        String line = first == null ? "" : line(in);
        for (; line != null && !line.isEmpty(); line = line(in)) {
            int colon = line.indexOf(':');
            request.add(line.substring(0, colon), line.substring(colon + 1).trim());
        }
        this.content = content(in);
    }

    /** Whether there was no further request. */
    boolean isEnd() {
        return method == null;
    }

    private byte[] content(InputStream in) throws IOException {
        String length = request.getFirst("Content-Length");
        if (length != null) {
            byte[] bytes = in.readNBytes(Integer.parseInt(length));
            if (bytes.length < Integer.parseInt(length)) {
                throw new EOFException();
            }
            return bytes;
        }
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        if ("chunked".equalsIgnoreCase(request.getFirst("Transfer-Encoding"))) {
            for (int size = chunk(in); size > 0; size = chunk(in)) {
                all.write(in.readNBytes(size));
                line(in);
            }
            line(in);
        }
        return all.toByteArray();
    }

    private static int chunk(InputStream in) throws IOException {
        String line = line(in);
        if (line == null) {
            throw new EOFException();
        }
        return Integer.parseInt(line.split(";", 2)[0].trim(), 16);
    }

    private static String line(InputStream in) throws IOException {
        StringBuilder line = new StringBuilder();
        int next = in.read();
        if (next < 0) {
            return null;
        }
        for (; next >= 0 && next != '\n'; next = in.read()) {
            if (next != '\r') {
                line.append((char) next);
            }
        }
        return line.toString();
    }

    @Override
    public void sendResponseHeaders(int status, long length) throws IOException {
        code = status;
        response.set(
                "Date",
                DateTimeFormatter.RFC_1123_DATE_TIME.format(clock.instant().atOffset(ZoneOffset.UTC)));
        if (length == CHUNKED) {
            response.set("Transfer-Encoding", "chunked");
        } else if (status != 204 && !(method.equals("HEAD") && response.containsKey("Content-Length"))) {
            response.set("Content-Length", Long.toString(Math.max(0, length)));
        }
        StringBuilder head = new StringBuilder("HTTP/1.1 " + status + " -\r\n");
        response.forEach((name, values) -> values.forEach(
                value -> head.append(name).append(": ").append(value).append("\r\n")));
        out.write(head.append("\r\n").toString().getBytes(StandardCharsets.ISO_8859_1));
        body = length == CHUNKED ? new Chunks() : length > 0 ? out : OutputStream.nullOutputStream();
    }

    /** Ends the response. */
    @Override
    public void close() {
        try {
            if (body instanceof Chunks chunks) {
                chunks.end();
            }
            out.flush();
        } catch (IOException e) {
            // The client has left.
        }
    }

    private final class Chunks extends OutputStream {
        private final ByteArrayOutputStream pending = new ByteArrayOutputStream();
        private boolean ended;

        @Override
        public void write(int next) throws IOException {
            write(new byte[] {(byte) next}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int start, int count) throws IOException {
            pending.write(bytes, start, count);
            if (pending.size() > 1 << 16) {
                send();
            }
        }

        @Override
        public void flush() throws IOException {
            send();
            out.flush();
        }

        private void send() throws IOException {
            if (pending.size() > 0) {
                out.write((Integer.toHexString(pending.size()) + "\r\n").getBytes(StandardCharsets.US_ASCII));
                pending.writeTo(out);
                out.write("\r\n".getBytes(StandardCharsets.US_ASCII));
                pending.reset();
            }
        }

        private void end() throws IOException {
            if (!ended) {
                ended = true;
                send();
                out.write("0\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            }
        }
    }

    @Override
    public Headers getRequestHeaders() {
        return request;
    }

    @Override
    public Headers getResponseHeaders() {
        return response;
    }

    @Override
    public URI getRequestURI() {
        return uri;
    }

    @Override
    public String getRequestMethod() {
        return method;
    }

    @Override
    public InputStream getRequestBody() {
        return new ByteArrayInputStream(content);
    }

    @Override
    public OutputStream getResponseBody() {
        return body;
    }

    @Override
    public int getResponseCode() {
        return code;
    }

    @Override
    public String getProtocol() {
        return "HTTP/1.1";
    }

    @Override
    public HttpContext getHttpContext() {
        throw new UnsupportedOperationException();
    }

    @Override
    public InetSocketAddress getRemoteAddress() {
        throw new UnsupportedOperationException();
    }

    @Override
    public InetSocketAddress getLocalAddress() {
        throw new UnsupportedOperationException();
    }

    @Override
    public Object getAttribute(String name) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void setAttribute(String name, Object value) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void setStreams(InputStream in, OutputStream replacement) {
        throw new UnsupportedOperationException();
    }

    @Override
    public HttpPrincipal getPrincipal() {
        throw new UnsupportedOperationException();
    }
}
