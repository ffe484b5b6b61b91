package io.uring.jetty;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.uring.testkit.ChildJvm;
import io.uring.testkit.SeccompChild;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.util.thread.Invocable.InvocationType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Where the kernel refuses io_uring. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class FallbackTest {
    private static final Duration LIMIT = Duration.ofSeconds(20);

    /** Serves on a free port of this machine until it is killed. */
    static final class Main {
        private Main() {}

        public static void main(String[] arguments) throws Exception {
            Server server = new Server();
            UringConnector connector = new UringConnector(server, 1, 1);
            connector.setHost("127.0.0.1");
            connector.setRequired(List.of(arguments).contains("required"));
            server.addConnector(connector);
            server.setHandler(new PatternHandler(InvocationType.BLOCKING));
            try {
                server.start();
            } catch (java.io.IOException e) {
                System.out.println("FAILED " + e.getMessage());
                System.exit(3);
            }
            System.out.println(
                    "PORT=" + connector.getLocalPort() + " uring=" + connector.isUring() + ".");
            server.stop();
            server.start(); // says it again, for it is another start
            System.out.println("AGAIN=" + connector.getLocalPort() + ".");
        }
    }

    @Test
    void serverServesWithNioAndSaysWhyOnce() throws Exception {
        try (ChildJvm child = SeccompChild.start(SeccompChild.EPERM, List.of(), Main.class)) {
            child.awaitOutput(LIMIT, "uring=false.");
            assertExplained(firstStart(child));
            child.awaitOutput(LIMIT, "AGAIN=");
            assertServes(child);
        }
    }

    @Test
    void maskHasTheSameEffect() throws Exception {
        List<String> flags =
                List.of("--enable-native-access=ALL-UNNAMED", "-Dio.uring.mask=io_uring");
        try (ChildJvm child = ChildJvm.start(flags, Main.class)) {
            child.awaitOutput(LIMIT, "uring=false.");
            assertEquals(1, firstStart(child).split("uses NIO instead of io_uring", -1).length - 1);
            child.awaitOutput(LIMIT, "AGAIN=");
            assertServes(child);
        }
    }

    @Test
    void startFailsWhereItIsRequired() {
        try (ChildJvm child =
                SeccompChild.start(SeccompChild.EPERM, List.of(), Main.class, "required")) {
            assertEquals(3, child.awaitExit(LIMIT), child::output);
            String output = child.output();
            assertTrue(output.contains("FAILED io_uring is required: "), output);
            assertTrue(output.contains("EPERM"), output);
        }
    }

    private static String firstStart(ChildJvm child) {
        String output = child.output();
        return output.substring(0, output.indexOf("PORT="));
    }

    private static void assertExplained(String output) {
        String[] parts = output.split("uses NIO instead of io_uring: ", -1);
        assertEquals(2, parts.length, output);
        String reason = parts[1].lines().findFirst().orElseThrow();
        assertTrue(reason.contains("EPERM"), reason);
        assertTrue(reason.contains("kernel.io_uring_disabled"), reason);
        assertTrue(reason.contains("seccomp"), reason);
        assertFalse(output.contains("\tat "), output); // no stack trace for what is no error
    }

    private static void assertServes(ChildJvm child) throws Exception {
        String output = child.output();
        int at = output.indexOf("AGAIN=") + "AGAIN=".length();
        int port = Integer.parseInt(output.substring(at, output.indexOf('.', at)));
        try (RawClient client = new RawClient(port)) {
            assertEquals(PatternHandler.HELLO, client.get("/").text());
        }
    }
}
