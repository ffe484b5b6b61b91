package io.uring.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.uring.reactor.EventLoop;
import io.uring.reactor.EventLoopGroup;
import io.uring.reactor.ReactorConfig;
import io.uring.ring.RingException;
import io.uring.testkit.DescriptorLimit;
import io.uring.testkit.NothingLeft;
import io.uring.testkit.OpenDescriptors;
import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Whatever cannot be opened for lack of descriptors says so, leaves nothing, and can be retried.
 */
@Timeout(60)
@ExtendWith(NothingLeft.class)
final class DescriptorShortageTest {
    /** More than a loop, its listener and a connection need. */
    private static final int ENOUGH = 24;

    /** What the JVM loads when it is first used cannot be loaded without descriptors. */
    @BeforeAll
    static void loadAll() throws Exception {
        System.getLogger("test").log(System.Logger.Level.INFO, "logging is loaded");
        DescriptorLimit.none().close();
        for (String mask : new String[] {"", "send_msg_ring,ring_fds"}) {
            for (int i = 0; i < 2; i++) {
                assertEquals("", openAll(mask));
            }
        }
        Class.forName(RingException.class.getName());
        Class.forName(SocketErrors.class.getName());
        for (int left = 0; left < ENOUGH; left++) {
            try (DescriptorLimit _ = DescriptorLimit.leaving(left)) {
                failureOf("");
            } catch (LinkageError e) {
                // Has been loaded in part; the next round loads on.
            }
        }
    }

    /** A loop, a listener, a client and a connection; returns what went wrong, or nothing. */
    private static String failureOf(String mask) {
        try {
            return openAll(mask);
        } catch (RingException | IOException e) {
            return String.valueOf(e.getMessage());
        }
    }

    private static String openAll(String mask) throws IOException {
        try (Loops loops = Loops.start(2, mask, ReactorConfig.defaults())) {
            Listener listener = loops.listen(_ -> new Echo());
            CompletableFuture<String> outcome = new CompletableFuture<>();
            Recorder client =
                    new Recorder() {
                        @Override
                        public void onOpen(StreamSocket socket) {
                            socket.close();
                        }

                        @Override
                        public void onClose(StreamSocket socket, IOException cause) {
                            outcome.complete("");
                        }
                    };
            Connector.connect(
                    loops.loop(),
                    listener.address(),
                    StreamConfig.defaults(),
                    0,
                    client,
                    failure -> outcome.complete(failure.getMessage()));
            return Loops.get(outcome);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "send_msg_ring,ring_fds"})
    void everyShortageIsToldAndLeavesNothing(String mask) throws Exception {
        OpenDescriptors before = OpenDescriptors.now();
        int failures = 0;
        for (int left = 0; left < ENOUGH; left++) {
            String failure;
            try (DescriptorLimit _ = DescriptorLimit.leaving(left)) {
                failure = failureOf(mask);
            }
            if (!failure.isEmpty()) {
                failures++;
                assertTrue(failure.contains("EMFILE"), failure);
                assertTrue(failure.contains("ulimit -n"), failure);
            }
            before.awaitReturn(Loops.LIMIT);
        }
        assertTrue(failures > 3, failures + " failures: the limit was none");
        assertEquals("", failureOf(mask), "all is well again");
    }

    @Test
    void whatIsOpenGoesOn() throws Exception {
        try (Loops loops = Loops.start(1);
                Peer peer = Peer.connect(loops.serve(new Echo()))) {
            assertEquals("ping", peer.send("ping").readText(4));
            try (DescriptorLimit _ = DescriptorLimit.none()) {
                RingException loop =
                        assertThrows(
                                RingException.class,
                                () -> EventLoop.start(ReactorConfig.defaults()));
                assertTrue(loop.getMessage().contains("EMFILE"), loop::getMessage);
                assertThrows(
                        RingException.class,
                        () -> EventLoopGroup.start(3, ReactorConfig.defaults()));
                IOException listener =
                        assertThrows(IOException.class, () -> loops.listen(_ -> new Echo()));
                assertTrue(listener.getMessage().contains("EMFILE"), listener::getMessage);
                assertEquals("pong", peer.send("pong").readText(4));
            }
            try (Peer other = Peer.connect(loops.serve(new Echo()))) {
                assertEquals("ping", other.send("ping").readText(4));
            }
        }
    }
}
