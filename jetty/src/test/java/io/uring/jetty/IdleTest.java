package io.uring.jetty;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.uring.testkit.Eventually;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.eclipse.jetty.util.thread.Invocable.InvocationType;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@ExtendWith(NothingLeaks.class)
@Timeout(value = 30, unit = TimeUnit.SECONDS)
class IdleTest {
    @ParameterizedTest
    @EnumSource(Transport.class)
    void idleConnectionIsClosed(Transport transport) throws Exception {
        TestServer server = new TestServer(transport);
        server.connector.setIdleTimeout(200);
        try (server) {
            server.start(new PatternHandler(InvocationType.BLOCKING));
            try (RawClient silent = new RawClient(server.port());
                    RawClient served = new RawClient(server.port())) {
                long start = System.nanoTime();
                served.get("/").text();
                assertTrue(silent.closedByServer());
                assertTrue(served.closedByServer());
                long millis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start);
                assertTrue(millis < 5000, millis + " ms");
                server.awaitNothingHeld();
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Transport.class)
    void busyConnectionIsNot(Transport transport) throws Exception {
        TestServer server = new TestServer(transport);
        server.connector.setIdleTimeout(400);
        try (server) {
            server.start(new PatternHandler(InvocationType.NON_BLOCKING));
            try (RawClient client = new RawClient(server.port())) {
                long start = System.nanoTime();
                while (System.nanoTime() - start < TimeUnit.MILLISECONDS.toNanos(1000)) {
                    assertEquals(PatternHandler.HELLO, client.get("/").text());
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Transport.class)
    void timeoutIsChangedAtRunTime(Transport transport) throws Exception {
        try (TestServer server =
                        TestServer.start(transport, new PatternHandler(InvocationType.BLOCKING));
                RawClient client = new RawClient(server.port())) {
            client.get("/").text();
            server.connector
                    .getConnectedEndPoints()
                    .forEach(endPoint -> endPoint.setIdleTimeout(100));
            assertTrue(client.closedByServer());
            server.connector.setIdleTimeout(100);
            try (RawClient later = new RawClient(server.port())) {
                assertTrue(later.closedByServer());
            }
        }
    }

    /** A body that stops in the middle is as idle as none at all. */
    @ParameterizedTest
    @EnumSource(Transport.class)
    void readOfABodyThatStopsFails(Transport transport) throws Exception {
        TestServer server = new TestServer(transport);
        server.connector.setIdleTimeout(200);
        try (server) {
            server.start(new PatternHandler(InvocationType.BLOCKING));
            try (RawClient client = new RawClient(server.port())) {
                client.request("POST", "/up", "Content-Length: 1000").send(Pattern.bytes(10));
                Eventually.isTrue(
                        Duration.ofSeconds(5),
                        "it ended",
                        () -> server.connector.getConnectedEndPoints().isEmpty());
            }
        }
    }
}
