package io.breakwater.database;

import io.breakwater.api.BreakwaterException;

/** Something that is held quiet. Closing it lets it go, whatever happened. */
public interface Quiesced extends AutoCloseable {
    /** What is known about the database at this moment. */
    Facts facts();

    /**
     * Checks that it was held all the time.
     *
     * @throws BreakwaterException QuiesceFailed when the session was lost, so that nothing is known about the time between
     */
    void verify();

    @Override
    void close();

    /**
     * Facts about a database.
     *
     * @param name as the policy calls it
     * @param position where its log stands, in the engine's own notation
     */
    record Facts(String name, String kind, String version, String position) {}
}
