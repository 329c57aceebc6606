package io.breakwater.database;

import io.breakwater.api.BreakwaterException;

/** A quiesced database. Closing it releases the database in every case. */
public interface Quiesced extends AutoCloseable {
    /** Facts about the database at the moment of the checkpoint. */
    Facts facts();

    /**
     * Checks that the database was quiesced all the time.
     *
     * @throws BreakwaterException QuiesceFailed if the session was lost in between
     */
    void verify();

    @Override
    void close();

    /**
     * Facts about a database.
     *
     * @param name name in the policy
     * @param position position in its log, in the notation of the engine
     */
    record Facts(String name, String kind, String version, String position) {}
}
