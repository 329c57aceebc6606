package io.breakwater.store;

import io.breakwater.steps.ReconcilePlace;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.concurrent.Callable;

/** The content of an object in a store. A reconciliation that reads it has no place meanwhile. */
public final class OutsideStream extends FilterInputStream {
    public OutsideStream(InputStream content) {
        super(content);
    }

    @Override
    public int read() throws IOException {
        return io(super::read);
    }

    @Override
    public int read(byte[] buffer, int offset, int length) throws IOException {
        return io(() -> in.read(buffer, offset, length));
    }

    @Override
    public long skip(long n) throws IOException {
        return io(() -> in.skip(n));
    }

    /** Reads or writes outside of the place of a reconciliation. */
    public static <T> T io(Callable<T> action) throws IOException {
        try {
            return ReconcilePlace.outsideOf(action);
        } catch (IOException | RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new IOException(e);
        }
    }
}
