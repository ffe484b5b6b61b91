package io.uring.jetty;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.sun.management.UnixOperatingSystemMXBean;
import io.uring.testkit.ProcessCpu;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.eclipse.jetty.util.thread.Invocable.InvocationType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(NothingLeaks.class)
@Timeout(value = 120, unit = TimeUnit.SECONDS)
class ManyConnectionsTest {
    /** Not a wait for something: the time over which nothing may happen. */
    private static final long IDLE_MILLIS = 10_000;

    /** Ten ticks of the kernel's clock: other threads of this JVM tick, too. */
    private static final long IDLE_CPU_NANOS = 100_000_000;

    @Test
    void thousandIdleConnectionsCostNothing() throws Exception {
        withClients(
                1000,
                (server, clients) -> {
                    System.gc(); // not in the middle of the measurement
                    long best = Long.MAX_VALUE;
                    for (int i = 0; i < 3 && best >= IDLE_CPU_NANOS; i++) {
                        // More than once: the compiler may still be busy with what was run before.
                        ProcessCpu before = ProcessCpu.ofThreads("uring-loop");
                        Thread.sleep(IDLE_MILLIS);
                        best =
                                Math.min(
                                        best,
                                        ProcessCpu.ofThreads("uring-loop")
                                                .minus(before)
                                                .totalNanos());
                    }
                    assertTrue(best < IDLE_CPU_NANOS, best / 1_000_000 + " ms");
                    assertEquals(1000, server.connector.getConnectedEndPoints().size());
                });
    }

    @Test
    void fiveThousandConnectionsAreServed() throws Exception {
        var system = (UnixOperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
        assumeTrue(
                system.getMaxFileDescriptorCount() > 11_000,
                "open files: " + system.getMaxFileDescriptorCount() + ", 11000 are needed");
        withClients(
                5000,
                (server, clients) -> {
                    assertEquals(5000, server.connector.getConnectedEndPoints().size());
                    for (RawClient client : clients) {
                        assertEquals(PatternHandler.HELLO, client.get("/").text());
                    }
                });
    }

    private interface Body {
        void run(TestServer server, List<RawClient> clients) throws Exception;
    }

    /** Each has been served once. */
    private static void withClients(int count, Body body) throws Exception {
        TestServer server = new TestServer(Transport.URING, 2);
        server.connector.setIdleTimeout(120_000);
        List<RawClient> clients = new ArrayList<>();
        try (server) {
            server.start(new PatternHandler(InvocationType.NON_BLOCKING));
            try {
                for (int i = 0; i < count; i++) {
                    RawClient client = new RawClient(server.port());
                    clients.add(client);
                    assertEquals(PatternHandler.HELLO, client.get("/").text());
                }
                body.run(server, clients);
            } finally {
                for (RawClient client : clients) {
                    client.close();
                }
            }
        }
    }
}
