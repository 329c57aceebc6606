package io.breakwater.store.endpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.breakwater.tls.TestAuthority;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class CaBundleTest {
    private static final String PEM = new TestAuthority().pem();
    private static final String OTHER = new TestAuthority().pem();

    @Test
    void readsSeveralCertificatesWithComments() {
        for (String pem :
                List.of(PEM, PEM + OTHER, "# Our root\r\n" + PEM.replace("\n", "\r\n") + "\n# old\n" + OTHER)) {
            assertThat(CaBundle.of(pem).sockets()).isNotNull();
        }
    }

    /** A part of a bundle would be trusted, and the rest would fail at a time that no user expects. */
    @Test
    void refusesABundleOfWhichAPartCannotBeRead() {
        String key = "-----BEGIN PRIVATE KEY-----\nSECRET\n-----END PRIVATE KEY-----\n";
        Map.of(
                        "",
                        "no certificate in PEM",
                        "SECRET",
                        "no certificate in PEM",
                        PEM.substring(0, PEM.length() / 2),
                        "number 1, without an END line",
                        PEM + OTHER.substring(0, OTHER.length() / 2),
                        "number 2, without an END line",
                        PEM + PEM.replace("MII", "SECRET"),
                        "number 2, that cannot be read",
                        PEM.replace("-----END", "SECRET-----END"),
                        "number 1, that cannot be read",
                        PEM + key,
                        "not a certificate",
                        PEM + PEM.substring(PEM.indexOf("-----END")),
                        "END line without a BEGIN",
                        PEM.replaceAll("\n[^-]+\n", "\n"),
                        "number 1, that cannot be read",
                        PEM + "x".repeat(1 << 20),
                        "more than 1 MiB")
                .forEach((pem, fault) -> assertThatThrownBy(() -> CaBundle.of(pem))
                        .as(fault)
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessageContaining(fault)
                        .hasMessageNotContaining("SECRET"));
    }

    /** The parser of Java ignores them. */
    @Test
    void refusesBytesAfterACertificate() {
        String base64 = PEM.replaceAll("-----[A-Z ]+-----|\\s", "");
        byte[] der = Base64.getDecoder().decode(base64);
        String longer = Base64.getEncoder().encodeToString(Arrays.copyOf(der, der.length + 3));
        assertThatThrownBy(
                        () -> CaBundle.of("-----BEGIN CERTIFICATE-----\n" + longer + "\n-----END CERTIFICATE-----\n"))
                .hasMessageContaining("number 1, that cannot be read");
    }

    @Test
    void namesTheKeyOfTheSecretThatIsMissing() {
        assertThat(CaBundle.objection(null)).contains("does not have the key ca.crt");
        assertThat(CaBundle.objection(Map.of("tls.crt", ""))).contains("does not have the key ca.crt");
        assertThat(CaBundle.objection(Map.of("ca.crt", "%%%")).orElseThrow()).contains("ca.crt", "cannot be used");
    }
}
