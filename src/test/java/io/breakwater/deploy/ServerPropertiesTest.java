package io.breakwater.deploy;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The image limits the HTTP server of the JDK by properties, whose names the JDK does not check. */
class ServerPropertiesTest {
    private static final Pattern PROPERTY = Pattern.compile("-D((?:jdk|sun\\.net)\\.httpserver\\.\\w+)=(\\d+)");

    @Test
    void limitsConnectionsHeadersAndTimes() throws IOException {
        Map<String, Integer> properties = new TreeMap<>();
        Matcher m = PROPERTY.matcher(Files.readString(Path.of("images/breakwater/Dockerfile")));
        while (m.find()) {
            properties.put(m.group(1), Integer.valueOf(m.group(2)));
        }

        assertThat(properties)
                .containsOnlyKeys(
                        "jdk.httpserver.maxConnections",
                        "sun.net.httpserver.maxIdleConnections",
                        "sun.net.httpserver.maxReqHeaderSize",
                        "sun.net.httpserver.maxReqHeaders",
                        "sun.net.httpserver.maxReqTime",
                        "sun.net.httpserver.maxRspTime")
                .allSatisfy((name, value) -> assertThat(value).as(name).isPositive());
        String known = configuration();
        assertThat(properties.keySet())
                .as("names that the HTTP server of the JDK reads")
                .allSatisfy(name -> assertThat(known).contains(name));
    }

    /** A process without memory answers nothing, and the kubelet cannot see that; after its end, it is started again. */
    @Test
    void everyProcessEndsWhenItHasNoMemory() throws IOException {
        assertThat(Files.readString(Path.of("images/breakwater/Dockerfile")))
                .containsPattern("ENTRYPOINT .*\"-XX:\\+ExitOnOutOfMemoryError\"");
        String pods = Files.readString(Path.of("deploy/helm/breakwater/templates/_helpers.tpl"));
        assertThat(pods)
                .as("the entry point of the image is used, with more options only")
                .doesNotContain("command:")
                .doesNotContain("-XX:-ExitOnOutOfMemoryError")
                .doesNotContain("JAVA_TOOL_OPTIONS");
    }

    /** The JDK uses 5 connections to a server again by default, and the gateway has more transfers at the same time. */
    @Test
    void transfersUseConnectionsAgain() throws IOException {
        Matcher m = Pattern.compile("-Dhttp\\.maxConnections=(\\d+)")
                .matcher(Files.readString(Path.of("images/breakwater/Dockerfile")));
        assertThat(m.find()).isTrue();
        assertThat(Integer.parseInt(m.group(1))).isGreaterThanOrEqualTo(16);
    }

    private static String configuration() throws IOException {
        Module server = ModuleLayer.boot().findModule("jdk.httpserver").orElseThrow();
        try (InputStream in = server.getResourceAsStream("sun/net/httpserver/ServerConfig.class")) {
            return new String(in.readAllBytes(), ISO_8859_1);
        }
    }
}
