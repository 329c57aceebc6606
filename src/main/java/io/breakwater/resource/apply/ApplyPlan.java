package io.breakwater.resource.apply;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import com.fasterxml.jackson.databind.JsonNode;
import io.breakwater.api.BreakwaterException;
import io.breakwater.api.Reason;
import io.breakwater.api.RestoreSpec.OnConflict;
import io.breakwater.resource.ApiKind;
import io.breakwater.resource.ApiServer;
import io.breakwater.resource.Discovery;
import io.breakwater.resource.ObjectSelection;
import io.breakwater.steps.Parallel;
import io.breakwater.trust.ContentRule;
import io.breakwater.velero.ArchiveReader;
import io.breakwater.velero.ObjectJson;
import io.breakwater.velero.ObjectKey;
import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/** The objects of an archive, read once and sorted into waves. */
final class ApplyPlan implements Closeable {
    /**
     * Limits of one restore.
     *
     * @param objects number of objects: each needs about 600 bytes of memory until the restore ends
     * @param bytes of all objects, most of which are in a temporary file
     */
    record Limits(int objects, long bytes) {
        static final Limits DEFAULT = new Limits(200_000, 16L << 30);
    }

    private static final long IN_MEMORY = 32L << 20;
    private static final int MOST_BEYOND = 256;

    /** One object that waits for its wave. */
    record Entry(ObjectKey key, ObjectSpool.Slot slot) {}

    /** A kind of the archive. */
    record Type(String apiVersion, String kind, String qualified) implements Comparable<Type> {
        @Override
        public int compareTo(Type other) {
            return (qualified + apiVersion).compareTo(other.qualified + other.apiVersion);
        }
    }

    private final ApplyRequest request;
    private final ObjectSpool spool = new ObjectSpool(IN_MEMORY);
    private final Map<ApplyWave, List<Entry>> waves = new EnumMap<>(ApplyWave.class);
    private final Set<Type> types = new TreeSet<>();
    private final Set<Type> owned = new HashSet<>();
    private final Set<ObjectKey> keys = new HashSet<>();
    private final List<ObjectKey> beyond = new ArrayList<>();
    private final Map<ObjectKey, String> refused = new LinkedHashMap<>();
    private final Set<String> selecting = new HashSet<>();
    private final OwnerReferences owners = new OwnerReferences();
    private final ObjectSelection selection;
    private final ObjectTransforms transforms;
    private final OrderResolver order;
    private final UnvouchedObjects unvouched = new UnvouchedObjects();
    private final Set<ObjectKey> untaken = new HashSet<>();
    private final SandboxExclusions exclusions = new SandboxExclusions();

    private final Limits limits;
    private int outOfScope;
    private long bytes;

    private ApplyPlan(ApplyRequest request, Limits limits) {
        this.limits = limits;
        this.request = request;
        this.selection = new ObjectSelection("spec", request.spec().include, request.spec().exclude);
        this.transforms = new ObjectTransforms(request.spec());
        this.order = new OrderResolver(request.spec());
    }

    /**
     * @throws BreakwaterException Tampered if an object does not match its path, or the limits are exceeded; Forbidden if the request includes
     *     objects that only administrators may restore; InvalidSpec if no object is selected, or if objects would wait
     *     for each other
     */
    static ApplyPlan read(ApplyRequest request) throws IOException {
        return read(request, Limits.DEFAULT);
    }

    static ApplyPlan read(ApplyRequest request, Limits limits) throws IOException {
        ApplyPlan plan = new ApplyPlan(request, limits);
        try (ArchiveReader reader = new ArchiveReader(request.archive().open(), ArchiveReader.Limits.DEFAULT)) {
            for (Optional<ArchiveReader.Item> item = reader.next(); item.isPresent(); item = reader.next()) {
                plan.add(item.get());
            }
            plan.requireSelectedObjects();
            plan.order.settle();
            return plan;
        } catch (IOException | RuntimeException e) {
            plan.close();
            throw e;
        }
    }

    private void requireSelectedObjects() {
        if (outOfScope > 0) {
            throw BreakwaterException.permanent(
                    Reason.Forbidden,
                    "spec.include matches " + outOfScope
                            + " cluster-scoped objects of the point; only a Restore in the operator's namespace can"
                            + " restore them");
        }
        if (keys.isEmpty() && !exclusions.isEmpty()) {
            throw BreakwaterException.permanent(
                    Reason.InvalidSpec,
                    "no object of the point can be restored into a sandbox: " + String.join("; ", exclusions.texts())
                            + "; verify the point at level Checksum");
        }
        if (keys.isEmpty() && request.spec().partial()) {
            throw BreakwaterException.permanent(
                    Reason.InvalidSpec,
                    "no object of the point matches spec.include and spec.exclude; write kinds as 'deployments.apps',"
                            + " see kubectl api-resources -o name");
        }
    }

    private void add(ArchiveReader.Item item) throws IOException {
        ObjectKey key = item.key();
        boolean inScope = key.isClusterScoped()
                ? request.allowClusterScoped()
                : key.namespace().equals(request.sourceNamespace());
        if (!inScope) {
            outOfScope += isIncluded(item) ? 1 : 0;
            if (key.isClusterScoped()
                    && beyond.size() < MOST_BEYOND
                    && !RestoreRules.isNever(key.directory())
                    && selection.maySelect(key)) {
                beyond.add(key);
            }
            return;
        }
        JsonNode object;
        try {
            object = parse(key, item.json());
        } catch (StreamConstraintsException e) {
            if (selection.maySelect(key)) {
                refuse(key, e.getOriginalMessage());
            }
            return;
        }
        check(key, object);
        if (!selection.selects(key, object)) {
            return;
        }
        if (!mayTake(key, object)) {
            addKey(key, 0);
            untaken.add(key);
            if (isRestored(key, object)) {
                unvouched.add(key);
            }
            return;
        }
        Optional<JsonNode> admitted = admit(key, object);
        if (admitted.isEmpty()) {
            return;
        }
        JsonNode wanted = transforms.apply(key, admitted.get());
        byte[] json = wanted == object ? item.json() : ApiServer.JSON.writeValueAsBytes(wanted);
        Optional<String> exceeded = wanted == object ? Optional.empty() : ObjectJson.exceeded(json);
        if (exceeded.isPresent()) {
            refuse(key, "after the changes of the Restore, " + exceeded.get());
            return;
        }
        addKey(key, json.length);
        plan(key, object, wanted, json);
    }

    /** Whether the restore may take the object from this content. */
    private boolean mayTake(ObjectKey key, JsonNode object) {
        if (request.author().content().vouched()) {
            return true;
        }
        boolean named = selection.names(key, object);
        boolean grants = ContentRule.isGranting(key.group()) || request.author().lendsRights(key.directory(), object);
        return request.author().content().mayTake(grants, key.isClusterScoped(), named);
    }

    /** The object as the target namespace may have it; empty if a sandbox must not have it. */
    private Optional<JsonNode> admit(ObjectKey key, JsonNode object) {
        if (request.sandbox().isEmpty()) {
            return Optional.of(object);
        }
        SandboxRules.Verdict verdict = request.sandbox().get().judge(key, object);
        boolean matters = isRestored(key, object) || isClaim(key);
        if (verdict.note() != null && matters) {
            exclusions.add(key, verdict);
        }
        return Optional.ofNullable(verdict.object());
    }

    private void addKey(ObjectKey key, int size) {
        if (!keys.add(key)) {
            throw tampered(key, "is in the archive twice");
        }
        bytes += size;
        if (keys.size() > limits.objects() || bytes > limits.bytes()) {
            throw tampered(
                    key,
                    "exceeds the limit of " + limits.objects() + " objects or " + limits.bytes()
                            + " bytes for one Restore: create several Restores, each with fewer objects in"
                            + " spec.include or more in spec.exclude");
        }
    }

    /** The object exceeds a limit. It counts as failed, and does not end the restore of the others. */
    private void refuse(ObjectKey key, String why) {
        addKey(key, 0);
        if (!RestoreRules.isNeverAuthored(key.directory())) {
            refused.put(key, why + "; create it without the Restore");
        }
    }

    private void plan(ObjectKey key, JsonNode object, JsonNode wanted, byte[] json) throws IOException {
        owners.expect(wanted);
        if (!order.isEmpty() && isRestored(key, wanted)) {
            order.add(key, object);
        }
        Type type =
                new Type(wanted.path("apiVersion").asText(), wanted.path("kind").asText(), key.directory());
        // The author needs no right for objects that the cluster creates again, such as the revisions of a StatefulSet.
        if (isClaim(key) || isRestored(key, wanted)) {
            types.add(type);
        }
        if (!wanted.path("metadata").path("ownerReferences").isEmpty()) {
            owned.add(type);
        }
        if (key.directory().equals("services")
                && !wanted.path("spec").path("selector").isEmpty()) {
            selecting.add(key.name());
        }
        waves.computeIfAbsent(ApplyWave.of(key), w -> new ArrayList<>()).add(new Entry(key, spool.put(json)));
    }

    private static boolean isClaim(ObjectKey key) {
        return key.directory().equals("persistentvolumeclaims");
    }

    private boolean isRestored(ObjectKey key, JsonNode object) {
        String apiVersion = object.path("apiVersion").asText();
        ApiKind kind = new ApiKind(
                key.group(),
                apiVersion.substring(apiVersion.indexOf('/') + 1),
                object.path("kind").asText(),
                key.resource(),
                !key.isClusterScoped(),
                Set.of());
        return RestoreRules.excluded(kind, object, request.isMoved()).isEmpty();
    }

    /** Whether the Restore names a cluster-scoped object that it may not restore. */
    private boolean isIncluded(ArchiveReader.Item item) {
        if (!item.key().isClusterScoped() || request.spec().include == null) {
            return false;
        }
        try {
            return selection.selects(item.key(), parse(item.key(), item.json()));
        } catch (StreamConstraintsException e) {
            return false;
        }
    }

    private static void check(ObjectKey key, JsonNode object) {
        JsonNode meta = object.path("metadata");
        String apiVersion = object.path("apiVersion").asText();
        int slash = apiVersion.indexOf('/');
        boolean matches = meta.isObject()
                && meta.path("name").asText().equals(key.name())
                && meta.path("namespace").asText("").equals(key.namespace())
                && !object.path("kind").asText().isEmpty()
                && !apiVersion.isEmpty()
                && (slash < 0 ? "" : apiVersion.substring(0, slash)).equals(key.group());
        if (!matches) {
            throw tampered(key, "does not match its path in the archive");
        }
    }

    private static JsonNode parse(ObjectKey key, byte[] json) throws StreamConstraintsException {
        try {
            return ObjectJson.parse(json);
        } catch (StreamConstraintsException e) {
            throw e;
        } catch (IOException e) {
            throw tampered(key, "cannot be parsed (" + message(e) + ")");
        }
    }

    /** The first line: the others are an excerpt, which may belong to a Secret. */
    private static String message(IOException e) {
        return e instanceof JsonProcessingException json ? json.getOriginalMessage() : e.getMessage();
    }

    private static BreakwaterException tampered(ObjectKey key, String why) {
        return BreakwaterException.permanent(
                Reason.Tampered, "archived object " + key + " " + why + "; nothing was restored from this archive");
    }

    /** As the author, also the merge of an update, and owner references that are added later. */
    private List<String> verbs(Type type) {
        List<String> verbs = new ArrayList<>(verbs(request.onConflict()));
        boolean patches = request.onConflict() == OnConflict.Update || owned.contains(type);
        if (request.author().isImpersonating() && patches && !RestoreRules.isNeverAuthored(type.qualified())) {
            verbs.add("patch");
        }
        return verbs;
    }

    /**
     * All of them include the right to read: a restore shows objects, and reports the API server's messages about
     * refused ones.
     */
    static List<String> verbs(OnConflict onConflict) {
        return switch (onConflict) {
            case Fail, Skip -> List.of("get", "create");
            case Update -> List.of("get", "create", "update");
            case Replace -> List.of("get", "create", "update", "delete");
        };
    }

    /** @throws BreakwaterException Forbidden, with all rights that the author lacks */
    void authorize(Discovery discovery) {
        List<Type> wanted = types.stream()
                .filter(t -> !RestoreRules.isNeverAuthored(t.qualified()))
                .toList();
        Map<Type, String> lacking = Parallel.map(
                8,
                wanted,
                type -> discovery
                        .find(type.apiVersion(), type.kind())
                        .map(kind -> {
                            List<String> lacks = request.author()
                                    .lacks(kind, kind.namespaced() ? request.targetNamespace() : "", verbs(type));
                            return lacks.isEmpty() ? "" : String.join("/", lacks) + " " + type.qualified();
                        })
                        .orElse(""));
        List<String> missing =
                lacking.values().stream().filter(m -> !m.isEmpty()).toList();
        if (!missing.isEmpty()) {
            throw forbidden(request, String.join(", ", missing));
        }
    }

    static BreakwaterException forbidden(ApplyRequest request, String lacks) {
        return BreakwaterException.permanent(
                Reason.Forbidden,
                "author " + request.author().author() + " may not " + lacks + " in namespace "
                        + request.author().mapped(request.targetNamespace())
                        + "; a restore can do only what its author can do: grant the rights, or ask an administrator"
                        + " to create the Restore");
    }

    List<Entry> wave(ApplyWave wave) {
        return waves.getOrDefault(wave, List.of());
    }

    JsonNode object(Entry entry) {
        try {
            return ObjectJson.parse(spool.get(entry.slot()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    ApplyRequest request() {
        return request;
    }

    Set<Type> types() {
        return types;
    }

    /** Whether the archive has this object, with the name of the source namespace. */
    boolean has(ObjectKey key) {
        return keys.contains(key) && !untaken.contains(key);
    }

    /** Whether the archive has the CustomResourceDefinition of a kind, and it is restored. */
    boolean defines(String qualified) {
        return has(new ObjectKey("apiextensions.k8s.io", "customresourcedefinitions", "", qualified));
    }

    /** Rules of the Restore that matched nothing. For a sandbox, whose rules no user wrote, the excluded objects instead. */
    List<String> unmatched() {
        if (request.sandbox().isPresent()) {
            return exclusions.texts();
        }
        return Stream.of(selection.unmatched(), transforms.unmatched(), order.unmatched())
                .flatMap(List::stream)
                .toList();
    }

    /** The first cluster-scoped objects that only a Restore in the operator's namespace can restore. */
    List<ObjectKey> beyond() {
        return request.sandbox().isPresent() ? List.of() : beyond;
    }

    /** Objects that exceed a limit and are not restored, and the limit. */
    Map<ObjectKey, String> refused() {
        return refused;
    }

    /** Objects that are not restored, because nothing vouches for the archive. */
    UnvouchedObjects unvouched() {
        return unvouched;
    }

    int size() {
        return keys.size() - refused.size() - unvouched.keys().size();
    }

    /** Whether a Service of this name creates its own Endpoints. */
    boolean isSelecting(String service) {
        return selecting.contains(service);
    }

    OwnerReferences owners() {
        return owners;
    }

    OrderResolver order() {
        return order;
    }

    @Override
    public void close() throws IOException {
        spool.close();
    }
}
