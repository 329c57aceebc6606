package io.breakwater.rotation;

import io.breakwater.api.BackupLocationStatus;
import io.breakwater.api.Reason;
import io.breakwater.api.Texts;
import io.breakwater.rotation.RotationResult.Finding;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/** The conditions and the list of keys that the status of a location shows. */
record RotationReport(
        String secret, Set<String> available, String writing, KeyUse use, KeySwitch decision, KeyTakeover.Rest rest) {
    private static final int SHOWN = 5;
    private static final int LISTED = 16;
    private static final String ALL_READABLE =
            "all restore points and repositories can be decrypted with the keys in the Secret";

    /** The usual case: the location has one key, and no data needs another. */
    static RotationResult quiet(String writing, boolean switched, boolean writable) {
        Finding rotated =
                new Finding(true, Reason.Ready, "all restore points and repositories use master key " + writing);
        return new RotationResult(
                writing,
                switched,
                List.of(key(writing, true, null)),
                0,
                new Finding(true, Reason.Ready, ALL_READABLE),
                writable ? rotated : null,
                false);
    }

    RotationResult result(boolean switched, boolean writable, Set<String> known) {
        Set<String> ids = new TreeSet<>(known);
        ids.addAll(available);
        ids.addAll(use.keys());
        Set<String> missing = new TreeSet<>(use.keys());
        missing.removeAll(available);
        int unread = missing.stream()
                .mapToInt(id -> use.points(id).size() + use.repositories(id).size())
                .sum();
        Finding readable = missing.isEmpty()
                ? new Finding(true, Reason.Ready, ALL_READABLE)
                : new Finding(false, Reason.KeyMismatch, unreadable(missing));
        return new RotationResult(
                writing,
                switched,
                ids.stream()
                        .limit(LISTED)
                        .map(id -> key(id, available.contains(id), use))
                        .toList(),
                unread,
                readable,
                writable ? rotated(missing) : null,
                !rest.running().isEmpty());
    }

    private String unreadable(Set<String> missing) {
        List<String> parts = new ArrayList<>();
        for (String id : missing) {
            parts.add("master key " + id + " is not in Secret " + secret + ", and no other key decrypts " + things(id)
                    + "; add it to the Secret again as masterKey." + id + ". No data is lost");
        }
        return String.join(". ", parts);
    }

    private Finding rotated(Set<String> missing) {
        if (decision instanceof KeySwitch.Wait(var sites)) {
            List<String> others = sites.stream()
                    .map(s -> s.site() + (s.current() == null ? "" : " (" + s.current() + ")"))
                    .sorted()
                    .toList();
            return new Finding(
                    false,
                    Reason.KeyMismatch,
                    "the location still uses master key " + writing + " instead of the current key of Secret " + secret
                            + ": these sites have another current key: " + String.join(", ", others)
                            + "; copy the Secret to them");
        }
        if (decision instanceof KeySwitch.Go) {
            return new Finding(
                    false,
                    Reason.InProgress,
                    "the current master key of Secret " + secret
                            + " is not in escrow yet; Breakwater uses it after that");
        }
        if (!rest.failed().isEmpty()) {
            return new Finding(false, Reason.MoverFailed, String.join("; ", shortened(rest.failed())));
        }
        if (!rest.left().isEmpty() || !rest.elsewhere().isEmpty()) {
            return new Finding(
                    false, Reason.InProgress, "new points are written with master key " + writing + ". " + progress());
        }
        Set<String> older = new TreeSet<>(use.keys());
        older.remove(writing);
        older.removeAll(missing);
        if (!older.isEmpty()) {
            return new Finding(
                    false,
                    Reason.InProgress,
                    "new points are written with master key " + writing
                            + ". Data that still needs an older key: "
                            + String.join(
                                    "; ",
                                    older.stream()
                                            .map(id -> id + " for " + things(id))
                                            .toList()));
        }
        if (!missing.isEmpty()) {
            return new Finding(false, Reason.KeyMismatch, unreadable(missing));
        }
        return new Finding(
                true,
                Reason.Ready,
                "all restore points and repositories can be decrypted with master key " + writing + removable());
    }

    private String progress() {
        List<String> parts = new ArrayList<>();
        if (!rest.left().isEmpty()) {
            parts.add("Repositories to re-key next: " + first(rest.left()));
        }
        if (!rest.elsewhere().isEmpty()) {
            parts.add("Repositories that another site must re-key: " + first(rest.elsewhere()));
        }
        parts.addAll(shortened(rest.running()));
        return String.join(". ", parts);
    }

    private String removable() {
        Set<String> others = new TreeSet<>(available);
        others.remove(writing);
        return others.isEmpty()
                ? ""
                : "; when every location that uses Secret " + secret
                        + " reports this, these keys can be removed from it: " + String.join(", ", others);
    }

    private String things(String id) {
        List<String> parts = new ArrayList<>();
        if (!use.points(id).isEmpty()) {
            parts.add("points " + first(use.points(id)));
        }
        if (!use.repositories(id).isEmpty()) {
            parts.add("repositories " + first(use.repositories(id)));
        }
        if (!use.documents(id).isEmpty()) {
            parts.add("documents " + first(use.documents(id)));
        }
        return String.join(" and ", parts);
    }

    private static String first(Collection<String> names) {
        return Texts.first(names.stream().sorted().toList(), SHOWN);
    }

    private static List<String> shortened(List<String> all) {
        List<String> sorted = all.stream().sorted().toList();
        if (sorted.size() <= SHOWN) {
            return sorted;
        }
        List<String> some = new ArrayList<>(sorted.subList(0, SHOWN));
        some.add("and " + (sorted.size() - SHOWN) + " more");
        return some;
    }

    private static BackupLocationStatus.Key key(String id, boolean available, KeyUse use) {
        BackupLocationStatus.Key key = new BackupLocationStatus.Key();
        key.id = id;
        key.atHand = available;
        key.points = use == null ? null : use.points(id).size();
        key.repositories = use == null ? null : use.repositories(id).size();
        return key;
    }
}
