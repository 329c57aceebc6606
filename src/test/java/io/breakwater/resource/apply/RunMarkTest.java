package io.breakwater.resource.apply;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.breakwater.api.RestoreSpec.OnConflict;
import io.breakwater.resource.RestoreMark;
import io.breakwater.trust.StampFixture;
import java.io.IOException;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RunMarkTest {
    private static final String PATH = ApplyFixture.CORE + "configmaps/c";

    /** A user of the namespace can read the marks of other objects, and can write annotations. */
    @ParameterizedTest
    @ValueSource(strings = {"run-1/replaced", "run-1/replaced/", "run-1/created/0123", "copied"})
    void replacesAnObjectWithAForgedMark(String mark) throws IOException {
        try (ApplyFixture shop = new ApplyFixture()) {
            shop.spec.onConflict = OnConflict.Replace;
            shop.configMap("c", "'data':{'a':'captured'}");
            shop.configMap("other", "'data':{}");
            shop.server.put(ApplyFixture.CORE + "configmaps", "{'metadata':{'name':'c'},'data':{'a':'forged'}}");
            ApplyRequest request = signed(shop.request());
            String forged = mark.equals("copied")
                    ? request.mark().value("created", ApplyFixture.CORE + "configmaps/other")
                    : mark;
            annotate(shop, forged);

            ApplyReport report = new ResourceApply(shop.server.client()).apply(request);

            assertThat(report.failed()).isEmpty();
            assertThat(shop.server.at(PATH).at("/data/a").asText()).isEqualTo("captured");
            assertThat(RestoreMark.of(shop.server.at(PATH)))
                    .startsWith("run-1/replaced/")
                    .hasSizeGreaterThan(40);

            // The same run recognises its own mark.
            int writes = shop.writes().size();
            new ResourceApply(shop.server.client()).apply(request);
            assertThat(shop.writes().subList(writes, shop.writes().size()))
                    .noneMatch(w -> w.path().equals(PATH));
        }
    }

    private static void annotate(ApplyFixture shop, String mark) {
        ObjectNode live = (ObjectNode) shop.server.at(PATH);
        ((ObjectNode) live.path("metadata")).putObject("annotations").put(RestoreMark.ANNOTATION, mark);
    }

    private static ApplyRequest signed(ApplyRequest request) {
        return new ApplyRequest(
                request.archive(),
                request.sourceNamespace(),
                request.targetNamespace(),
                request.spec(),
                request.allowClusterScoped(),
                request.runId(),
                request.author().signingWith(StampFixture.stamps()),
                request.sandbox());
    }
}
