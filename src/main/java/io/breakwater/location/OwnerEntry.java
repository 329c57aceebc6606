package io.breakwater.location;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.breakwater.api.BoundedJson;
import io.breakwater.api.RepositoryNames;
import java.io.IOException;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.Optional;

/**
 * Content of {@code breakwater/owners/<namespace>.json}: which repository a namespace has. It is created once. Only its signature
 * is renewed.
 *
 * @param schemaVersion 1
 * @param repository id of the repository
 * @param since when the namespace became an owner, by the store's clock, RFC 3339 in UTC
 */
record OwnerEntry(int schemaVersion, String repository, String since) {
    private static final int SCHEMA = 1;
    private static final ObjectMapper JSON = BoundedJson.mapper();

    OwnerEntry(String repository, Instant since) {
        this(SCHEMA, repository, since.toString());
    }

    Instant start() {
        return Instant.parse(since);
    }

    byte[] bytes() {
        try {
            return JSON.writeValueAsBytes(this);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("an owner entry can always be written", e);
        }
    }

    /** The entry in a verified payload; empty when it is none. */
    static Optional<OwnerEntry> parse(byte[] payload) {
        try {
            return Optional.ofNullable(JSON.readValue(payload, OwnerEntry.class))
                    .filter(OwnerEntry::isComplete);
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    private boolean isComplete() {
        try {
            return schemaVersion == SCHEMA && RepositoryNames.isRepository(repository) && start() != null;
        } catch (DateTimeException | NullPointerException e) {
            return false;
        }
    }
}
