package io.breakwater.trust;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import io.breakwater.api.Api;
import io.breakwater.api.NamedRef;
import io.breakwater.api.Restore;
import io.breakwater.api.RestoreSpec;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class AuthorStampsTest {
    private static final Author JANE =
            new Author("jane", "u1", List.of("dev", "system:authenticated"), Map.of("scopes", List.of("a", "b")));
    private static final Author ADMIN = new Author("admin", "", List.of("system:masters"), Map.of());

    private final AuthorStamps stamps = new AuthorStamps(new StampKey(null, null) {
        @Override
        byte[] bytes() {
            return new byte[32];
        }
    });

    @Test
    void readsTheAuthorThatItStamped() {
        assertThat(stamps.read(stamped("shop", "r"), spec("p"))).contains(JANE);
    }

    @Test
    void refusesAStampWithoutASignature() {
        Restore forged = restore("shop", "r");
        forged.getMetadata().setAnnotations(Map.of(Api.AUTHOR, ADMIN.userInfo().toString()));
        assertThat(stamps.read(forged, spec("p"))).isEmpty();
    }

    @Test
    void refusesAnotherUserUnderTheSameSignature() {
        Restore forged = stamped("shop", "r");
        String value = forged.getMetadata().getAnnotations().get(Api.AUTHOR);
        forged.getMetadata().setAnnotations(Map.of(Api.AUTHOR, value.replace("\"jane\"", "\"admin\"")));
        assertThat(stamps.read(forged, spec("p"))).isEmpty();
        forged.getMetadata().setAnnotations(Map.of(Api.AUTHOR, value.replace("\"dev\"", "\"system:masters\"")));
        assertThat(stamps.read(forged, spec("p"))).isEmpty();
    }

    @Test
    void refusesAStampOfAnotherObject() {
        Map<String, String> annotations = stamped("shop", "r").getMetadata().getAnnotations();
        for (Restore other : List.of(restore("shop", "s"), restore("shopr", ""), restore("web", "r"))) {
            other.getMetadata().setAnnotations(annotations);
            assertThat(stamps.read(other, spec("p"))).isEmpty();
        }
    }

    @Test
    void refusesAStampForOtherPowers() {
        assertThat(stamps.read(stamped("shop", "r"), spec("q"))).isEmpty();
    }

    @Test
    void acceptsANameThatTheApiServerGenerated() {
        Restore restore = restore("shop", null);
        restore.getMetadata().setGenerateName("nightly-");
        restore.getMetadata().setAnnotations(Map.of(Api.AUTHOR, stamps.stamp(JANE, restore, spec("p"))));
        restore.getMetadata().setName("nightly-x7k2p");
        assertThat(stamps.read(restore, spec("p"))).contains(JANE);
        restore.getMetadata().setName("weekly-x7k2p");
        assertThat(stamps.read(restore, spec("p"))).isEmpty();
    }

    @Test
    void ignoresFieldsWithoutAValue() {
        RestoreSpec later = spec("p");
        later.include = List.of();
        assertThat(stamps.read(stamped("shop", "r"), later)).contains(JANE);
    }

    @Test
    void readsTheFormOfTheApiServer() {
        var json = JsonNodeFactory.instance.objectNode().put("username", "jane").put("uid", "u1");
        json.putArray("groups").add("dev").add("system:authenticated");
        json.putObject("extra").putArray("scopes").add("a").add("b");
        assertThat(Author.of(json)).isEqualTo(JANE);
        assertThat(Author.of(JANE.userInfo())).isEqualTo(JANE);
    }

    private Restore stamped(String namespace, String name) {
        Restore restore = restore(namespace, name);
        restore.getMetadata().setAnnotations(Map.of(Api.AUTHOR, stamps.stamp(JANE, restore, spec("p"))));
        return restore;
    }

    private static Restore restore(String namespace, String name) {
        Restore restore = new Restore();
        restore.setMetadata(
                new ObjectMetaBuilder().withNamespace(namespace).withName(name).build());
        return restore;
    }

    private static RestoreSpec spec(String point) {
        RestoreSpec spec = new RestoreSpec();
        spec.restorePointRef = new NamedRef(point);
        return spec;
    }
}
