package io.breakwater.rotation;

import io.breakwater.api.BackupLocation;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.catalog.PointKey;
import io.breakwater.catalog.SealKeySurvey;
import io.breakwater.gateway.RepositoryKeys;
import io.breakwater.gateway.RepositoryKeys.Repository;
import io.breakwater.steps.Parallel;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import org.jboss.logging.Logger;

/** Makes the key with which a location is written good for all that older keys open. */
@ApplicationScoped
class KeyTakeover {
    private static final Logger LOG = Logger.getLogger(KeyTakeover.class);
    private static final int WRITERS = 8;

    /** Jobs that one location may have at a time. */
    private static final int JOBS = 4;

    private final SealKeySurvey seals;
    private final RepositoryKeys repositories;
    private final RepositoryRekey rekey;

    KeyTakeover(SealKeySurvey seals, RepositoryKeys repositories, RepositoryRekey rekey) {
        this.seals = seals;
        this.repositories = repositories;
        this.rekey = rekey;
    }

    /**
     * What is left.
     *
     * @param running what Jobs are at
     * @param failed what went wrong
     * @param left repositories of this site that are not done
     * @param elsewhere repositories that another site has to see to
     */
    record Rest(List<String> running, List<String> failed, List<String> left, List<String> elsewhere) {
        static final Rest NONE = new Rest(List.of(), List.of(), List.of(), List.of());
    }

    /** The points of a location; those that may be changed are vouched for by the key before. */
    Map<PointKey, Set<String>> points(BackupLocation location, String keyId, Set<String> atHand, boolean writable) {
        Map<PointKey, Set<String>> found = seals.survey(location);
        List<PointKey> open = found.entrySet().stream()
                .filter(e -> !e.getValue().contains(keyId) && !Collections.disjoint(e.getValue(), atHand))
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
                LOG.warnf("no new signature: %s", e.getMessage());
            }
        });
        return seals.survey(location);
    }

    /**
     * Goes on with repositories.
     *
     * @param mine whether the site of a repository is for us to look after
     */
    Rest repositories(
            BackupLocation location,
            Map<Repository, Map<String, Optional<String>>> found,
            String keyId,
            Set<String> atHand,
            Predicate<String> mine) {
        Rest rest = new Rest(new ArrayList<>(), new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
        found.forEach((repository, files) -> {
            if (rekey.isDone(location, repository, files, keyId) || isShut(files, atHand)) {
                return;
            }
            if (!mine.test(repository.site())) {
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

    /** All repositories of a location, and what their key files are marked with. */
    Map<Repository, Map<String, Optional<String>>> survey(BackupLocation location) {
        return repositories.survey(location);
    }

    /** Whether every key that would open a repository is known, and none is at hand. */
    private static boolean isShut(Map<String, Optional<String>> files, Set<String> atHand) {
        return !files.containsValue(Optional.<String>empty())
                && Collections.disjoint(KeyUse.marks(files.values()), atHand);
    }
}
