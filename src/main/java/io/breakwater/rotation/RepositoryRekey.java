package io.breakwater.rotation;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.breakwater.api.BackupLocation;
import io.breakwater.config.BreakwaterConfig;
import io.breakwater.gateway.Repositories;
import io.breakwater.gateway.RepositoryKeys;
import io.breakwater.gateway.RepositoryKeys.Repository;
import io.breakwater.location.Stores;
import io.breakwater.mover.MoverJobs;
import io.breakwater.mover.MoverTask;
import io.breakwater.steps.RunNames;
import io.breakwater.store.ObjectStore;
import io.breakwater.store.ObjectStore.Precondition;
import io.breakwater.store.StoreLayout;
import jakarta.enterprise.context.ApplicationScoped;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.StreamSupport;

/**
 * Gives a repository the password of the master key that its location is written with, and takes the older ones away. The
 * first is a mover Job's: it finds the password that opens the repository, adds the new one, opens the repository with it,
 * and tells which key files the older passwords open. Only then are those deleted, as restic would do it, but without its
 * lock on the whole repository, and under a tombstone. What was done is noted in {@code breakwater/rotations/}, so that a key
 * file of somebody else is asked about once. All of this may be killed anywhere and done again.
 */
@ApplicationScoped
class RepositoryRekey {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final BreakwaterConfig config;
    private final Stores stores;
    private final RepositoryKeys files;
    private final MoverJobs movers;

    RepositoryRekey(BreakwaterConfig config, Stores stores, RepositoryKeys files, MoverJobs movers) {
        this.config = config;
        this.stores = stores;
        this.files = files;
        this.movers = movers;
    }

    /**
     * How a repository stands.
     *
     * @param done whether nothing is left to do
     * @param running whether a Job is at it
     * @param message what is going on, or went wrong
     */
    record State(boolean done, boolean running, String message) {
        static final State DONE = new State(true, false, "");
    }

    /** Whether there is nothing to do for a repository with these key files. */
    boolean isDone(
            BackupLocation location, Repository repository, Map<String, Optional<String>> present, String keyId) {
        if (present.isEmpty()) {
            return true;
        }
        if (!present.containsValue(Optional.of(keyId))) {
            return false;
        }
        return KeyUse.marks(present.values()).size() == 1 && !present.containsValue(Optional.<String>empty())
                || noted(location, repository, keyId).containsAll(present.keySet());
    }

    /** Goes on with a repository for which there is something to do. */
    State advance(BackupLocation location, Repository repository, String keyId) {
        String id = "rekey/" + location.getMetadata().getUid() + "/" + repository + "/" + keyId;
        String run = RunNames.of(id);
        Repositories.Access access = new Repositories.Access(
                        location, repository.site(), repository.namespace(), Repositories.Mode.APPEND, Optional.empty())
                .unlimited();
        MoverJobs.Request request =
                new MoverJobs.Request(config.namespace(), run, id, new MoverTask.Rekey(keyId), access);
        return switch (movers.poll(request)) {
            case MoverJobs.State.Running(String message) -> new State(false, true, repository + ": " + message);
            case MoverJobs.State.Failed(String message) -> {
                movers.delete(config.namespace(), run);
                yield new State(false, false, "repository " + repository + ": " + message + "; trying again");
            }
            case MoverJobs.State.Succeeded(JsonNode report) -> {
                State state = settle(location, repository, keyId, report);
                movers.delete(config.namespace(), run);
                yield state;
            }
        };
    }

    private State settle(BackupLocation location, Repository repository, String keyId, JsonNode report) {
        List<String> opening = names(report.path("new"));
        List<String> older = names(report.path("old"));
        if (opening.isEmpty()) {
            return new State(false, false, "repository " + repository + ": the mover's report names no key: " + report);
        }
        for (String file : older) {
            boolean there = files.files(location, repository).containsKey(file);
            if (there && !files.remove(location, repository, file, opening.getFirst())) {
                return new State(
                        false,
                        false,
                        "repository " + repository + ": key file " + opening.getFirst()
                                + " is not there as it should be, so the older ones stay");
            }
        }
        note(location, repository, keyId, files.files(location, repository).keySet());
        return State.DONE;
    }

    private Set<String> noted(BackupLocation location, Repository repository, String keyId) {
        return store(location)
                .read(noteKey(repository))
                .map(d -> {
                    try {
                        JsonNode note = JSON.readTree(d.content());
                        return note.path("keyId").asText().equals(keyId)
                                ? Set.copyOf(names(note.path("files")))
                                : Set.<String>of();
                    } catch (IOException e) {
                        return Set.<String>of();
                    }
                })
                .orElse(Set.of());
    }

    private void note(BackupLocation location, Repository repository, String keyId, Collection<String> left) {
        ObjectNode note = JSON.createObjectNode().put("schemaVersion", 1).put("keyId", keyId);
        new TreeSet<>(left).forEach(note.putArray("files")::add);
        try {
            store(location)
                    .write(
                            noteKey(repository),
                            JSON.writeValueAsString(note).getBytes(StandardCharsets.UTF_8),
                            Precondition.NONE);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    private ObjectStore store(BackupLocation location) {
        return stores.open(location);
    }

    private static String noteKey(Repository repository) {
        return StoreLayout.rekeyNote(repository.site(), repository.namespace());
    }

    private static List<String> names(JsonNode array) {
        return StreamSupport.stream(array.spliterator(), false)
                .map(JsonNode::asText)
                .toList();
    }
}
