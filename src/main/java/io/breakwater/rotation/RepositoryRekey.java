package io.breakwater.rotation;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.breakwater.api.BackupLocation;
import io.breakwater.api.BoundedJson;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.gateway.Repositories;
import io.breakwater.gateway.RepositoryKeys;
import io.breakwater.location.Stores;
import io.breakwater.mover.MoverJobs;
import io.breakwater.mover.MoverTask;
import io.breakwater.steps.RetryPauses;
import io.breakwater.steps.RunLabel;
import io.breakwater.store.ObjectStore;
import io.breakwater.store.ObjectStore.Precondition;
import io.breakwater.store.OwnedRepository;
import io.breakwater.store.SignedDocument;
import io.breakwater.store.StoreLayout;
import jakarta.enterprise.context.ApplicationScoped;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.StreamSupport;
import org.jboss.logging.Logger;

/**
 * Adds the password of the master key that the location is written with to a repository, and deletes the older passwords. A
 * mover Job adds it: it finds a password that opens the repository, adds the new one, opens the repository with it, and reports
 * which key files belong to the older passwords. After that the operator deletes those files, as restic does, but without an
 * exclusive lock on the repository, and with a tombstone. The result is recorded in {@code breakwater/rotations/}, so that a key
 * file of another program is examined only once. All of this can be repeated after an interruption.
 */
@ApplicationScoped
class RepositoryRekey {
    private static final Logger LOG = Logger.getLogger(RepositoryRekey.class);
    private static final ObjectMapper JSON = BoundedJson.mapper();

    /** Longest pause after failures in a row: each attempt creates a Job. */
    private static final Duration LONGEST_PAUSE = Duration.ofMinutes(10);

    private final BreakwaterConfig config;
    private final Stores stores;
    private final RepositoryKeys files;
    private final MoverJobs movers;
    private final RetryPauses pauses;

    /** The last failure of each Job, by its run. It is reported during the pause. */
    private final Map<String, State> failures = new ConcurrentHashMap<>();

    RepositoryRekey(BreakwaterConfig config, Stores stores, RepositoryKeys files, MoverJobs movers, Clock clock) {
        this.config = config;
        this.stores = stores;
        this.files = files;
        this.movers = movers;
        this.pauses = new RetryPauses(clock);
    }

    /**
     * State of a repository.
     *
     * @param done whether nothing is left to do
     * @param running whether a Job is running
     * @param message progress or error
     */
    record State(boolean done, boolean running, String message) {
        static final State DONE = new State(true, false, "");
    }

    /** Whether a repository with these key files needs no change. */
    boolean isDone(
            BackupLocation location, OwnedRepository repository, Map<String, Optional<String>> present, String keyId) {
        if (present.isEmpty()) {
            return true;
        }
        if (!present.containsValue(Optional.of(keyId))) {
            return false;
        }
        return KeyUse.marks(present.values()).size() == 1 && !present.containsValue(Optional.<String>empty())
                || recorded(location, repository, keyId).containsAll(present.keySet());
    }

    /** Advances a repository that needs a change. */
    State advance(BackupLocation location, OwnedRepository repository, String keyId) {
        String id = "rekey/" + location.getMetadata().getUid() + "/" + repository.id() + "/" + keyId;
        String run = RunLabel.ofRekey(location, repository.id(), keyId);
        State failure = failures.get(run);
        if (failure != null && pauses.left(run).isPresent()) {
            return failure;
        }
        Repositories.Access access =
                new Repositories.Access(location, repository, Repositories.Mode.APPEND, Optional.empty()).unlimited();
        MoverJobs.Request request =
                new MoverJobs.Request(config.namespace(), run, id, new MoverTask.Rekey(keyId), access);
        return switch (movers.poll(request)) {
            case MoverJobs.State.Running(String message) -> new State(false, true, repository + ": " + message);
            case MoverJobs.State.Failed(String message) -> {
                movers.delete(config.namespace(), run);
                yield failed(run, "repository " + repository + ": " + message + "; will retry");
            }
            case MoverJobs.State.Succeeded(JsonNode report) -> {
                State state = finish(location, repository, keyId, report);
                movers.delete(config.namespace(), run);
                if (!state.done()) {
                    yield failed(run, state.message());
                }
                failures.remove(run);
                pauses.forget(run);
                yield state;
            }
        };
    }

    private State failed(String run, String message) {
        State state = new State(false, false, message);
        pauses.failed(run, LONGEST_PAUSE);
        failures.put(run, state);
        return state;
    }

    private State finish(BackupLocation location, OwnedRepository repository, String keyId, JsonNode report) {
        List<String> opening = names(report.path("new"));
        List<String> older = names(report.path("old"));
        if (opening.isEmpty()) {
            return new State(
                    false, false, "repository " + repository + ": the mover reported no key, will retry: " + report);
        }
        for (String file : older) {
            boolean there = files.files(location, repository).containsKey(file);
            if (there && !files.remove(location, repository, file, opening.getFirst())) {
                return new State(
                        false,
                        false,
                        "repository " + repository + ": key file " + opening.getFirst()
                                + " does not exist or is altered, so the older key files stay; will retry");
            }
        }
        record(location, repository, keyId, files.files(location, repository).keySet());
        return State.DONE;
    }

    private Set<String> recorded(BackupLocation location, OwnedRepository repository, String keyId) {
        return note(location, repository)
                .map(d -> {
                    try {
                        JsonNode record = JSON.readTree(d.payload());
                        return record.path("keyId").asText().equals(keyId)
                                ? Set.copyOf(names(record.path("files")))
                                : Set.<String>of();
                    } catch (IOException e) {
                        return Set.<String>of();
                    }
                })
                .orElse(Set.of());
    }

    /** Empty for a note without a valid signature: the repository is examined again then. */
    private Optional<SignedDocument> note(BackupLocation location, OwnedRepository repository) {
        try {
            return store(location).readSigned(recordKey(repository), ObjectStore.MAX_DOCUMENT);
        } catch (BreakwaterException e) {
            if (e.reason() != Reason.Tampered) {
                throw e;
            }
            LOG.warnf("the keys of repository %s are examined again: %s", repository, e.getMessage());
            return Optional.empty();
        }
    }

    private void record(BackupLocation location, OwnedRepository repository, String keyId, Collection<String> left) {
        ObjectNode record = JSON.createObjectNode().put("schemaVersion", 1).put("keyId", keyId);
        new TreeSet<>(left).forEach(record.putArray("files")::add);
        try {
            store(location)
                    .writeSigned(
                            recordKey(repository),
                            1,
                            JSON.writeValueAsString(record).getBytes(StandardCharsets.UTF_8),
                            Precondition.NONE);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    private ObjectStore store(BackupLocation location) {
        return stores.open(location);
    }

    private static String recordKey(OwnedRepository repository) {
        return StoreLayout.rekeyNote(repository.id());
    }

    private static List<String> names(JsonNode array) {
        return StreamSupport.stream(array.spliterator(), false)
                .map(JsonNode::asText)
                .toList();
    }
}
