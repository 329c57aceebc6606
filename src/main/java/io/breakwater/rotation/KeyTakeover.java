package io.breakwater.rotation;

import io.breakwater.api.BackupLocation;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.catalog.SealKeySurvey;
import io.breakwater.gateway.RepositoryKeys;
import io.breakwater.location.RepositoryRegister;
import io.breakwater.steps.Parallel;
import io.breakwater.store.OwnedRepository;
import io.breakwater.store.StoreLayout;
import io.breakwater.trust.PointKey;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import org.jboss.logging.Logger;

/** Makes all data that older master keys decrypt readable with the key that the location is written with. */
@ApplicationScoped
class KeyTakeover {
    private static final Logger LOG = Logger.getLogger(KeyTakeover.class);
    private static final int WRITERS = 8;

    /** Number of Jobs that one location may have at the same time. */
    private static final int JOBS = 4;

    private final SealKeySurvey seals;
    private final RepositoryKeys repositories;
    private final RepositoryRekey rekey;
    private final RepositoryRegister register;
    private final DocumentTakeover documents;

    KeyTakeover(
            SealKeySurvey seals,
            RepositoryKeys repositories,
            RepositoryRekey rekey,
            RepositoryRegister register,
            DocumentTakeover documents) {
        this.documents = documents;
        this.seals = seals;
        this.repositories = repositories;
        this.rekey = rekey;
        this.register = register;
    }

    /**
     * The repositories that still need older keys.
     *
     * @param running progress of the running Jobs
     * @param failed errors of failed Jobs
     * @param left repositories of this site that are not re-keyed
     * @param elsewhere repositories that another site must re-key
     */
    record Rest(List<String> running, List<String> failed, List<String> left, List<String> elsewhere) {
        static final Rest NONE = new Rest(List.of(), List.of(), List.of(), List.of());
    }

    /** The keys that verify each point of a location. Points that may be changed get a signature of the key first. */
    Map<PointKey, Set<String>> points(BackupLocation location, String keyId, Set<String> available, boolean writable) {
        Map<PointKey, Set<String>> found = seals.survey(location);
        List<PointKey> open = found.entrySet().stream()
                .filter(e -> !e.getValue().contains(keyId) && !Collections.disjoint(e.getValue(), available))
                .map(Map.Entry::getKey)
                .toList();
        if (!writable || open.isEmpty()) {
            return found;
        }
        Parallel.each(WRITERS, open, key -> {
            try {
                seals.vouch(location, key, keyId);
            } catch (BreakwaterException e) {
                if (e.reason() != Reason.Tampered && e.reason() != Reason.KeyMismatch) {
                    throw e;
                }
                LOG.warnf("skipped the new signature of a point: %s", e.getMessage());
            }
        });
        return seals.survey(location);
    }

    /**
     * Advances the re-keying of repositories.
     *
     * @param own whether this site re-keys the repositories of a site
     */
    Rest repositories(
            BackupLocation location,
            Map<OwnedRepository, Map<String, Optional<String>>> found,
            String keyId,
            Set<String> available,
            Predicate<String> own) {
        Rest rest = new Rest(new ArrayList<>(), new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
        found.forEach((repository, files) -> {
            if (rekey.isDone(location, repository, files, keyId) || isLocked(files, available)) {
                return;
            }
            if (repository.source() == null) {
                rest.failed.add("repository " + repository + ": its record cannot be verified; restore "
                        + StoreLayout.repositoryRecord(repository.id()));
                return;
            }
            if (!own.test(repository.source().site())) {
                rest.elsewhere.add(repository.toString());
                return;
            }
            RepositoryRekey.State state = rest.running.size() < JOBS
                    ? rekey.advance(location, repository, keyId)
                    : new RepositoryRekey.State(false, false, "");
            if (state.running()) {
                rest.running.add(state.message());
            } else if (!state.done() && !state.message().isEmpty()) {
                rest.failed.add(state.message());
            }
            if (!state.done()) {
                rest.left.add(repository.toString());
            }
        });
        return rest;
    }

    /**
     * The keys that the owner entries and the records of repositories are signed with. Those that may be changed are signed with
     * the key first.
     */
    Map<String, String> documents(BackupLocation location, String keyId, boolean writable) {
        if (writable) {
            register.resign(location, keyId);
        }
        return register.signers(location);
    }

    /** The other long-lived documents that still need another key, each with that key. */
    Map<String, String> others(BackupLocation location, String keyId, Set<String> known, boolean writable) {
        return documents.run(location, keyId, known, writable);
    }

    /** All repositories of a location, and the master keys that their key files are marked with. */
    Map<OwnedRepository, Map<String, Optional<String>>> survey(BackupLocation location) {
        return repositories.survey(location);
    }

    /** Whether all keys of a repository are known, and none of them is available. */
    private static boolean isLocked(Map<String, Optional<String>> files, Set<String> available) {
        return !files.containsValue(Optional.<String>empty())
                && Collections.disjoint(KeyUse.marks(files.values()), available);
    }
}
