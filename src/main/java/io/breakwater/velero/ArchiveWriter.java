package io.breakwater.velero;

import java.io.Closeable;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;

/**
 * Writes objects into {@code <backup>.tar.gz} as they arrive. Safe for use from many threads. Memory does not depend on
 * the number of objects, except their compressed names, which become the resource list.
 */
public final class ArchiveWriter implements Closeable {
    /** Version of Velero's layout. */
    static final String FORMAT = "1.1.0";

    private static final int MODE = 0755;

    private final ParallelGzip gzip;
    private final TarWriter tar;
    private final ResourceList list = new ResourceList();
    private long count;
    private boolean finished;

    /**
     * @param out receives the archive; is not closed
     * @param time of all entries
     */
    public ArchiveWriter(OutputStream out, Instant time) throws IOException {
        this.gzip = new ParallelGzip(out);
        this.tar = new TarWriter(gzip, MODE, time);
        tar.file("metadata/version", (FORMAT + "\n").getBytes(StandardCharsets.UTF_8));
    }

    /**
     * Adds one object in both of its places.
     *
     * @param version API version of the bytes, without the group
     * @param kind for the resource list
     * @param json the complete object, compact
     */
    public synchronized void add(ObjectKey key, String version, String kind, byte[] json) throws IOException {
        tar.file(key.path(), json);
        tar.file(key.preferredPath(version), json);
        list.add(key, version, kind);
        count++;
    }

    /** Number of objects so far. */
    public synchronized long count() {
        return count;
    }

    /** Ends the archive. If the writer is closed without it, readers recognise the file as incomplete. */
    public synchronized void finish() throws IOException {
        tar.finish();
        gzip.close();
        finished = true;
    }

    /** Content of {@code <backup>-resource-list.json.gz}; after the last object. */
    public synchronized byte[] resourceList() throws IOException {
        return list.compressed();
    }

    @Override
    public synchronized void close() {
        if (!finished) {
            gzip.abort();
        }
    }
}
