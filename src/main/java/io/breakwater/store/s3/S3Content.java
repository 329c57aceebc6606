package io.breakwater.store.s3;

import io.breakwater.api.BreakwaterException;
import io.breakwater.store.OutsideStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.util.Objects;
import software.amazon.awssdk.core.ResponseInputStream;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.s3.model.GetObjectResponse;

/** The bytes of one version of an object. After a connection is cut, a new one continues at the same byte. */
final class S3Content extends InputStream {
    /** Number of cuts in a row without a byte in between. */
    private static final int CUTS = 3;

    private final S3Store store;
    private final String key;
    private final String etag;
    private ResponseInputStream<GetObjectResponse> in;
    private long at;
    private long left;
    private int cuts;

    /** @param offset of the first byte that the answer holds */
    S3Content(S3Store store, String key, long offset, ResponseInputStream<GetObjectResponse> in) {
        this.store = store;
        this.key = key;
        this.etag = in.response().eTag();
        this.in = in;
        this.at = offset;
        this.left = in.response().contentLength();
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
        Objects.checkFromIndexSize(offset, length, bytes.length);
        if (left == 0 || length == 0) {
            return left == 0 ? -1 : 0;
        }
        while (true) {
            try {
                int most = (int) Math.min(length, left);
                int n = OutsideStream.io(() -> in.read(bytes, offset, most));
                if (n < 0) {
                    throw new EOFException("the answer ended " + left + " bytes early");
                }
                at += n;
                left -= n;
                cuts = 0;
                return n;
            } catch (IOException | SdkException e) {
                resume(e);
            }
        }
    }

    private void resume(Exception cause) throws IOException {
        in.abort();
        cuts++;
        if (cuts > CUTS) {
            throw new IOException("could not read " + key + ", cut off at byte " + at, cause);
        }
        try {
            in = store.errors.call("read on " + key, () -> store.get(key, at, left, etag));
        } catch (BreakwaterException e) {
            throw new IOException(e.getMessage(), e);
        }
    }

    @Override
    public void close() {
        // The rest must not be read from the connection.
        in.abort();
    }
}
