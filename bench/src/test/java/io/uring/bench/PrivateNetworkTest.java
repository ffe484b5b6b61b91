package io.uring.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class PrivateNetworkTest {
    private static final Path SETTING = Path.of("/proc/sys/net/ipv4/tcp_congestion_control");

    @BeforeEach
    void needsANamespace() throws InterruptedException {
        String obstacle = PrivateNetwork.obstacle();
        assumeTrue(obstacle == null, obstacle);
    }

    private static String inside(String script) throws Exception {
        Process process =
                new ProcessBuilder(PrivateNetwork.command(List.of("sh", "-c", script)))
                        .redirectErrorStream(true)
                        .start();
        process.getOutputStream().close();
        String output =
                new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
        assertEquals(0, process.waitFor(), output);
        return output;
    }

    @Test
    void insideTcpUsesReno() throws Exception {
        assertEquals("reno", inside("cat " + SETTING));
    }

    @Test
    void outsideNothingChanges() throws Exception {
        String before = Files.readString(SETTING);
        inside("true");
        assertEquals(before, Files.readString(SETTING));
    }

    @Test
    void loopbackIsAllThereIsAndIsUp() throws Exception {
        String links = inside("ip -o link show up");
        assertEquals(1, links.lines().count(), links);
        assertTrue(links.contains("lo:"), links);
    }
}
