package io.breakwater.resource.apply;

import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.api.RestoreSpec.OnConflict;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Restores of Secrets that open points, or that Breakwater itself uses. */
class ProtectedSecretsTest {
    @ParameterizedTest
    @EnumSource(OnConflict.class)
    void neverChangesASecretOfALocationOrOfBreakwater(OnConflict onConflict) throws IOException {
        try (ApplyFixture shop = new ApplyFixture()) {
            shop.spec.onConflict = onConflict;
            shop.server.serve("breakwater.io/v1alpha1", "BackupLocation", "backuplocations", true);
            shop.server.put(
                    "/apis/breakwater.io/v1alpha1/namespaces/shop/backuplocations",
                    "{'metadata':{'name':'own','namespace':'shop'},'spec':{'azureBlob':{'credentialsSecretRef':"
                            + "{'name':'keys'}},'encryption':{'passwordSecretRef':{'name':'absent'}}}}");
            live(shop, "keys", "");
            live(shop, "labelled", ",'labels':{'breakwater.io/location-credentials':'true'}");
            live(shop, "own", ",'labels':{'breakwater.io/exclude':'true'}");
            for (String name : List.of("keys", "absent", "labelled", "own", "breakwater-master-key", "app")) {
                shop.archive("v1", "Secret", "secrets", name, "'data':{'a':'ZXZpbA=='}");
            }

            if (onConflict != OnConflict.Fail) {
                shop.apply();
                assertThat(shop.written()).isNotEmpty().allMatch(request -> request.equals("POST secrets"));
                assertThat(shop.server.at(ApplyFixture.CORE + "secrets/app")).isNotNull();
            }
            for (String name : List.of("keys", "labelled", "own")) {
                assertThat(shop.server
                                .at(ApplyFixture.CORE + "secrets/" + name)
                                .path("data")
                                .path("a")
                                .asText())
                        .as(name)
                        .isEqualTo("MQ==");
            }
            assertThat(shop.preview().existing()).as("conflicts").noneMatch(text -> text.endsWith("/keys"));
            assertThat(shop.server.at(ApplyFixture.CORE + "secrets/absent")).isNull();
            assertThat(shop.server.at(ApplyFixture.CORE + "secrets/breakwater-master-key"))
                    .isNull();
        }
    }

    private static void live(ApplyFixture shop, String name, String labels) {
        shop.server.put(
                ApplyFixture.CORE + "secrets",
                "{'metadata':{'name':'" + name + "','namespace':'shop'" + labels + "},'data':{'a':'MQ=='}}");
    }
}
