package io.breakwater.location;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.breakwater.api.BoundedJson;
import io.breakwater.api.RepositoryNames;
import io.breakwater.store.CapturedNamespace;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Content of {@code repository.json}: which engine wrote a repository, and which namespaces own it. The line of its signature
 * names the master key.
 *
 * @param schemaVersion 1
 * @param id of the repository, which is also the name of its directory
 * @param engine {@link #ENGINE}
 * @param createdAt by the store's clock, RFC 3339 in UTC
 * @param owners the namespaces whose data is in it; the newest owner is last
 */
record RepositoryRecord(int schemaVersion, String id, String engine, String createdAt, List<CapturedNamespace> owners) {
    /** Repository format of restic, version 2. */
    static final String ENGINE = "restic-2";

    /** Owners of the largest record; each adoption adds one. */
    static final int MOST_OWNERS = 1000;

    private static final int SCHEMA = 1;
    private static final ObjectMapper JSON = BoundedJson.mapper();

    /** The record of a new repository. */
    static RepositoryRecord create(String id, Instant createdAt, CapturedNamespace owner) {
        return new RepositoryRecord(SCHEMA, id, ENGINE, createdAt.toString(), List.of(owner));
    }

    /** The same record with one owner more, which is the newest. */
    RepositoryRecord with(CapturedNamespace owner) {
        List<CapturedNamespace> all = new ArrayList<>(owners);
        all.remove(owner);
        all.add(owner);
        return new RepositoryRecord(schemaVersion, id, engine, createdAt, List.copyOf(all));
    }

    /** The owner that was added last. */
    CapturedNamespace newestOwner() {
        return owners.getLast();
    }

    byte[] bytes() {
        try {
            return JSON.writeValueAsBytes(this);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a record can always be written", e);
        }
    }

    /** The record in a verified payload; empty when it is none. */
    static Optional<RepositoryRecord> parse(byte[] payload) {
        try {
            return Optional.ofNullable(JSON.readValue(payload, RepositoryRecord.class))
                    .filter(RepositoryRecord::isComplete);
        } catch (IOException | IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    private boolean isComplete() {
        return schemaVersion == SCHEMA
                && RepositoryNames.isRepository(id)
                && createdAt != null
                && owners != null
                && !owners.isEmpty()
                && owners.size() <= MOST_OWNERS
                && !owners.contains(null);
    }
}
