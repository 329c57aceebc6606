package io.breakwater.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.gateway.Repositories.Mode;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ResticPathTest {
    private static final String NAME = "ab".repeat(32);

    @ParameterizedTest
    @CsvSource({
        "config, breakwater/repos/east/shop/config",
        "keys/, breakwater/repos/east/shop/keys/",
        "data/, breakwater/repos/east/shop/data/",
        "locks/NAME, breakwater/repos/east/shop/locks/NAME",
        "data/NAME, breakwater/repos/east/shop/data/ab/NAME",
    })
    void mapsPathsToStoreKeys(String path, String key) {
        ResticPath parsed = ResticPath.of("/sys/blob/east/shop/" + path.replace("NAME", NAME))
                .orElseThrow();

        assertThat(parsed.key()).isEqualTo(key.replace("NAME", NAME));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/",
                "",
                "/sys/blob/east/shop",
                "/sys/blob/east/config",
                "/sys/blob/east/shop/x/config",
                "/sys/blob/east/shop/data/short",
                "/sys/blob/east/shop/data/NAME/",
                "/sys/blob/east/shop/data/../config",
                "/sys/blob/east/../config",
                "/sys/blob/%2e%2e/shop/config",
                "/sys/blob/east/shop/secrets/",
                "/sys/blob/east/shop/data/NAME%00",
                "//blob/east/shop/config",
                "/sys/blob/east/shop/DATA/",
            })
    void rejectsInvalidPaths(String path) {
        assertThat(ResticPath.of(path.replace("NAME", NAME))).isEmpty();
    }

    @Test
    void aTicketCoversItsOwnRepositoryOnly() {
        Ticket ticket = new Ticket.Draft()
                .location("sys", "blob")
                .repository("east", "shop")
                .mode(Mode.APPEND)
                .expires(Instant.EPOCH)
                .build();

        assertThat(ResticPath.of("/sys/blob/east/shop/config").orElseThrow().isCoveredBy(ticket))
                .isTrue();
        assertThat(ResticPath.of("/sys/blob/east/bank/config").orElseThrow().isCoveredBy(ticket))
                .isFalse();
        assertThat(ResticPath.of("/sys/blob/west/shop/config").orElseThrow().isCoveredBy(ticket))
                .isFalse();
        assertThat(ResticPath.of("/sys/other/east/shop/config").orElseThrow().isCoveredBy(ticket))
                .isFalse();
        assertThat(ResticPath.of("/shop/blob/east/shop/config").orElseThrow().isCoveredBy(ticket))
                .isFalse();
    }

    @ParameterizedTest
    @CsvSource({
        // path, mode, may write, may delete
        "data/NAME,  READ,     false, false",
        "config,     READ,     false, false",
        "locks/NAME, READ,     false, false",
        "data/NAME,  APPEND,   true,  false",
        "snapshots/NAME, APPEND, true, false",
        "locks/NAME, APPEND,   true,  true",
        "data/NAME,  MAINTAIN, true,  true",
        "config,     MAINTAIN, true,  false",
    })
    void limitsWritesAndDeletesByMode(String path, Mode mode, boolean write, boolean delete) {
        ResticPath parsed = ResticPath.of("/sys/blob/east/shop/" + path.replace("NAME", NAME))
                .orElseThrow();

        assertThat(parsed.mayWrite(mode)).isEqualTo(write);
        assertThat(parsed.mayDelete(mode)).isEqualTo(delete);
    }

    @Test
    void recognizesTheRepositoryPath() {
        ResticPath repository = ResticPath.of("/sys/blob/east/shop/").orElseThrow();

        assertThat(repository.isRepository()).isTrue();
        assertThat(repository.isLock()).isFalse();
    }
}
