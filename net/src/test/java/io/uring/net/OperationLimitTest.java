package io.uring.net;

import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.uring.reactor.BufferConfig;
import io.uring.reactor.IdleStrategy;
import io.uring.reactor.ReactorConfig;
import io.uring.ring.OperationLimitException;
import io.uring.testkit.Eventually;
import io.uring.testkit.NothingLeft;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** More connections than a loop may have operations: the rest is told, and the loop goes on. */
@Timeout(60)
@ExtendWith(NothingLeft.class)
final class OperationLimitTest {
    /** So many operations in the kernel, and as many again that wait. */
    private static final int LIMIT = 16;

    private static final ReactorConfig CONFIG =
            new ReactorConfig(
                    64,
                    LIMIT,
                    BufferConfig.of(64, 64, 16384),
                    BufferConfig.of(16, 16, 16384),
                    TimeUnit.SECONDS.toNanos(2),
                    IdleStrategy.sleep());

    @ParameterizedTest
    @ValueSource(strings = {"", "multishot_accept", "cancel_fd"})
    void connectionsBeyondItAreClosedAndLaterOnesServed(String mask) throws Exception {
        List<IOException> causes = new CopyOnWriteArrayList<>();
        StreamAcceptor acceptor =
                _ ->
                        new Echo() {
                            @Override
                            public void onClose(StreamSocket socket, IOException cause) {
                                if (cause != null) {
                                    causes.add(cause);
                                }
                            }
                        };
        List<Peer> peers = new ArrayList<>();
        try (Loops loops = Loops.start(1, mask, CONFIG)) {
            Listener listener = loops.listen(acceptor);
            for (int i = 0; i < 3 * LIMIT; i++) {
                peers.add(Peer.connect(listener.address()));
            }
            if (!mask.equals("multishot_accept")) { // which waits in the same queue as they do
                Eventually.isTrue(Loops.LIMIT, "some are refused", () -> !causes.isEmpty());
                IOException cause = causes.getFirst();
                assertInstanceOf(OperationLimitException.class, cause.getCause());
                assertTrue(
                        cause.getMessage().contains("raise ReactorConfig.maxOperations"),
                        cause::getMessage);
            }
            for (Peer peer : peers) {
                peer.reset();
            }
            Eventually.isTrue(Loops.LIMIT, "served again", () -> isServed(listener));
        }
    }

    private static boolean isServed(Listener listener) {
        try (Peer peer = Peer.connect(listener.address())) {
            return peer.send("ping").readText(4).equals("ping");
        } catch (IOException e) {
            return false; // those that were reset are not all gone yet
        }
    }

    @Test
    void attemptToConnectBeyondItFailsAndLeavesNothing() throws Exception {
        List<Peer> peers = new ArrayList<>();
        try (Loops loops = Loops.start(1, "", CONFIG);
                Loops others = Loops.start(1)) {
            Listener target = others.listen(_ -> new Echo());
            Listener listener = loops.listen(_ -> new Recorder());
            for (int i = 0; i < 3 * LIMIT; i++) {
                peers.add(Peer.connect(listener.address()));
            }
            Eventually.isTrue(
                    Loops.LIMIT, "at the limit", () -> Loops.pending(loops.loop()) >= 2 * LIMIT);
            for (int i = 0; i < 10; i++) {
                CompletableFuture<IOException> failure = new CompletableFuture<>();
                Connector.connect(
                        loops.loop(),
                        target.address(),
                        StreamConfig.defaults(),
                        0,
                        new Recorder(),
                        failure::complete);
                IOException cause = Loops.get(failure);
                assertInstanceOf(OperationLimitException.class, cause.getCause());
            }
            for (Peer peer : peers) {
                peer.reset();
            }
        }
    }
}
