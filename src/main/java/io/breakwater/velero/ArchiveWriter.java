package io.breakwater.velero;

import java.io.Closeable;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;

/**
 * Writes {@code <backup>.tar.gz} as objects arrive. May be used from many threads; memory does not depend on the number of
 * objects but for their compressed names, which become the resource list.
 */
public final class ArchiveWriter implements Closeable {
    /** Velero's version of the layout. */
    static final String FORMAT = "1.1.0";

    private static final int MODE = 0755;

    private final ParallelGzip gzip;
    private final TarWriter tar;
    private final ResourceList list = new ResourceList();
    private long count;
    private boolean finished;

    /**
     * @param out receives the archive; stays open
     * @param time of all entries
     */
    public ArchiveWriter(OutputStream out, Instant time) throws IOException {
        this.gzip = new ParallelGzip(out);
        this.tar = new TarWriter(gzip, MODE, time);
        tar.file("metadata/version", (FORMAT + "\n").getBytes(StandardCharsets.UTF_8));
    }

    /**
     * Adds one object, at both of its places.
     *
     * @param version API version of the bytes, without the group
     * @param kind for the resource list
     * @param json the whole object, compact
     */
    public synchronized void add(ObjectKey key, String version, String kind, byte[] json) throws IOException {
        tar.file(key.path(), json);
        tar.file(key.preferredPath(version), json);
        list.add(key, version, kind);
        count++;
    }

    /** Objects so far. */
    public synchronized long count() {
        return count;
    }

    /** Ends the archive; without it, closing leaves a file that no reader takes for whole. */
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
