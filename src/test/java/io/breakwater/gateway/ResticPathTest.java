package io.breakwater.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import io.breakwater.gateway.Repositories.Mode;
import io.breakwater.location.TestRegister;
import io.breakwater.store.OwnedRepository;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ResticPathTest {
    private static final String NAME = "ab".repeat(32);

    @ParameterizedTest
    @CsvSource({
        "config, breakwater/repos/0123456789abcdef0123456789abcdef/config",
        "keys/, breakwater/repos/0123456789abcdef0123456789abcdef/keys/",
        "data/, breakwater/repos/0123456789abcdef0123456789abcdef/data/",
        "locks/NAME, breakwater/repos/0123456789abcdef0123456789abcdef/locks/NAME",
        "data/NAME, breakwater/repos/0123456789abcdef0123456789abcdef/data/ab/NAME",
    })
    void mapsPathsToStoreKeys(String path, String key) {
        ResticPath parsed = ResticPath.of("/sys/blob/0123456789abcdef0123456789abcdef/" + path.replace("NAME", NAME))
                .orElseThrow();

        assertThat(parsed.key()).isEqualTo(key.replace("NAME", NAME));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/",
                "",
                "/sys/blob/0123456789abcdef0123456789abcdef",
                "/sys/blob/east/config",
                "/sys/blob/0123456789abcdef0123456789abcdef/x/config",
                "/sys/blob/0123456789abcdef0123456789abcdef0/config",
                "/sys/blob/east/shop/config",
                "/sys/blob/0123456789abcdef0123456789abcdef/data/short",
                "/sys/blob/0123456789abcdef0123456789abcdef/data/NAME/",
                "/sys/blob/0123456789abcdef0123456789abcdef/data/../config",
                "/sys/blob/0123456789abcdef0123456789abcdef/../config",
                "/sys/blob/%2e%2e/shop/config",
                "/sys/blob/0123456789abcdef0123456789abcdef/secrets/",
                "/sys/blob/0123456789abcdef0123456789abcdef/data/NAME%00",
                "//blob/0123456789abcdef0123456789abcdef/config",
                "/sys/blob/0123456789abcdef0123456789abcdef/DATA/",
            })
    void rejectsInvalidPaths(String path) {
        assertThat(ResticPath.of(path.replace("NAME", NAME))).isEmpty();
    }

    @Test
    void aTicketCoversItsOwnRepositoryOnly() {
        Ticket ticket = new Ticket.Draft()
                .location("sys", "blob")
                .repository(
                        new OwnedRepository("0123456789abcdef0123456789abcdef", TestRegister.namespace("east", "shop")))
                .mode(Mode.APPEND)
                .expires(Instant.EPOCH)
                .build();

        assertThat(ResticPath.of("/sys/blob/0123456789abcdef0123456789abcdef/config")
                        .orElseThrow()
                        .isCoveredBy(ticket))
                .isTrue();
        assertThat(ResticPath.of("/sys/blob/11111111111111111111111111111111/config")
                        .orElseThrow()
                        .isCoveredBy(ticket))
                .isFalse();
        assertThat(ResticPath.of("/sys/blob/22222222222222222222222222222222/config")
                        .orElseThrow()
                        .isCoveredBy(ticket))
                .isFalse();
        assertThat(ResticPath.of("/sys/other/0123456789abcdef0123456789abcdef/config")
                        .orElseThrow()
                        .isCoveredBy(ticket))
                .isFalse();
        assertThat(ResticPath.of("/shop/blob/0123456789abcdef0123456789abcdef/config")
                        .orElseThrow()
                        .isCoveredBy(ticket))
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
        ResticPath parsed = ResticPath.of("/sys/blob/0123456789abcdef0123456789abcdef/" + path.replace("NAME", NAME))
                .orElseThrow();

        assertThat(parsed.mayWrite(mode)).isEqualTo(write);
        assertThat(parsed.mayDelete(mode)).isEqualTo(delete);
    }

    @Test
    void recognizesTheRepositoryPath() {
        ResticPath repository =
                ResticPath.of("/sys/blob/0123456789abcdef0123456789abcdef/").orElseThrow();

        assertThat(repository.isRepository()).isTrue();
        assertThat(repository.isLock()).isFalse();
    }
}
