package io.uring.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.uring.reactor.BufferConfig;
import io.uring.reactor.IdleStrategy;
import io.uring.reactor.Operation;
import io.uring.reactor.Reactor;
import io.uring.reactor.ReactorConfig;
import io.uring.ring.Descriptor;
import io.uring.ring.OperationLimitException;
import io.uring.ring.PollOps;
import io.uring.ring.Sqe;
import io.uring.testkit.NothingLeft;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** Connections on a loop that takes no more operations. */
@Timeout(60)
@ExtendWith(NothingLeft.class)
final class WriterLimitTest {
    private static final ReactorConfig SMALL =
            new ReactorConfig(
                    1,
                    16,
                    BufferConfig.fixed(16, 4096),
                    BufferConfig.fixed(1, 64),
                    1_000_000_000,
                    IdleStrategy.sleep());

    /** Operations that never end by themselves, as many as the loop takes. */
    private static final class Filler {
        private final List<Operation> operations = new ArrayList<>();

        void fill(StreamSocket socket) {
            Reactor reactor = socket.reactor();
            try {
                while (true) {
                    Operation operation = new Never(socket.descriptor());
                    reactor.submit(operation);
                    operations.add(operation);
                }
            } catch (OperationLimitException full) {
                assertTrue(operations.size() > 16);
            }
        }

        void clear(Reactor reactor) {
            operations.forEach(reactor::cancel);
        }
    }

    private static final class Never extends Operation {
        private final Descriptor descriptor;

        Never(Descriptor descriptor) {
            this.descriptor = descriptor;
        }

        @Override
        protected void prepare(Sqe sqe) {
            PollOps.poll(sqe, descriptor, PollOps.PRI);
        }

        @Override
        protected void complete(int result, int flags) {}
    }

    @Test
    void writerWhoCannotWaitForRoomIsTold() throws Exception {
        CompletableFuture<BlockingStream> serving = new CompletableFuture<>();
        CompletableFuture<Boolean> filled = new CompletableFuture<>();
        CompletableFuture<IOException> told = new CompletableFuture<>();
        CompletableFuture<Boolean> cleared = new CompletableFuture<>();
        try (Loops loops = Loops.start(1, "", SMALL)) {
            Listener listener =
                    BlockingListener.serve(
                            loops.group(),
                            ListenerConfig.of(Loops.loopback()),
                            Thread::startVirtualThread,
                            stream -> {
                                serving.complete(stream);
                                filled.join();
                                try {
                                    while (true) {
                                        stream.output().write(new byte[1 << 20]);
                                    }
                                } catch (IOException e) {
                                    told.complete(e);
                                }
                                cleared.join();
                            });
            try (Peer _ = Peer.connect(listener.address())) {
                StreamSocket socket = Loops.get(serving).socket();
                Filler filler = new Filler();
                Loops.run(socket.reactor(), () -> filler.fill(socket));
                filled.complete(true);
                IOException e = Loops.get(told);
                assertTrue(e.getCause() instanceof OperationLimitException, e::toString);
                Loops.run(socket.reactor(), () -> filler.clear(socket.reactor()));
                cleared.complete(true);
            }
            Loops.get(listener.close());
        }
    }

    @Test
    void connectionClosesAtTheLimit() throws Exception {
        Recorder server = new Recorder();
        Recorder filled = new Recorder();
        try (Loops loops = Loops.start(1, "", SMALL);
                Peer other = Peer.connect(loops.serve(filled));
                Peer peer = Peer.connect(loops.serve(server))) {
            assertEquals(true, filled.socket().isOpen());
            server.socket();
            Filler filler = new Filler();
            filled.onLoop(filler::fill);
            server.onLoop(StreamSocket::close);
            assertNull(server.closeCause());
            peer.assertEnd();
            filled.onLoop(socket -> filler.clear(socket.reactor()));
            other.shutdownOutput().assertEnd();
        }
    }
}
