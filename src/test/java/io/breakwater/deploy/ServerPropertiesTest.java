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

    private static String configuration() throws IOException {
        Module server = ModuleLayer.boot().findModule("jdk.httpserver").orElseThrow();
        try (InputStream in = server.getResourceAsStream("sun/net/httpserver/ServerConfig.class")) {
            return new String(in.readAllBytes(), ISO_8859_1);
        }
    }
}
