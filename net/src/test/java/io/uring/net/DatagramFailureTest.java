package io.uring.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.uring.testkit.NothingLeft;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Handlers of datagram sockets that throw anything: the loop and the other sockets go on. */
@Timeout(60)
@ExtendWith(NothingLeft.class)
final class DatagramFailureTest {
    enum Callback {
        OPEN,
        DATAGRAM,
        WRITABLE,
        ERROR,
        STOP,
        CLOSE
    }

    private static final ByteBuffer PING =
            ByteBuffer.wrap("ping".getBytes(StandardCharsets.UTF_8)).asReadOnlyBuffer();

    /** Answers, and then fails in one callback. */
    private static final class Failing extends DatagramRecorder {
        private final Callback where;
        private final Throwable failure;

        Failing(Callback where, Throwable failure) {
            this.where = where;
            this.failure = failure;
        }

        private void fail(Callback callback) {
            if (callback == where) {
                HostileHandlerTest.sneak(failure);
            }
        }

        @Override
        public void onOpen(DatagramSocket socket) {
            super.onOpen(socket);
            fail(Callback.OPEN);
        }

        @Override
        public void onDatagram(DatagramSocket socket, Datagram datagram) {
            fail(Callback.DATAGRAM);
            socket.send(datagram, datagram.source());
        }

        @Override
        public void onWritable(DatagramSocket socket) {
            super.onWritable(socket);
            fail(Callback.WRITABLE);
        }

        @Override
        public void onError(DatagramSocket socket, IOException cause) {
            super.onError(socket, cause);
            fail(Callback.ERROR);
        }

        @Override
        public void onStop(DatagramSocket socket) {
            fail(Callback.STOP);
            super.onStop(socket);
        }

        @Override
        public void onClose(DatagramSocket socket, IOException cause) {
            super.onClose(socket, cause);
            fail(Callback.CLOSE);
        }
    }

    @ParameterizedTest
    @EnumSource
    void failureOfACallbackIsNotTheLoops(Callback where) throws Exception {
        for (Throwable failure : HostileHandlerTest.failures()) {
            Failing handler = new Failing(where, failure);
            DatagramRecorder healthy = new Failing(null, failure);
            try (Loops loops = Loops.start(1);
                    DatagramPeer peer = new DatagramPeer()) {
                DatagramSocket other = loops.datagrams(healthy);
                DatagramConfig marks =
                        DatagramConfig.bind(Loops.loopback()).withWaterMarks(0, 1, 10_000);
                DatagramSocket socket = loops.datagrams(marks, handler);
                provoke(loops, socket, peer, where);
                assertEquals(1, handler.opens.get());
                if (where == Callback.OPEN) {
                    assertSame(failure, handler.closeCause().getCause());
                }
                peer.send("ping", other.localAddress());
                assertEquals("ping", peer.receiveText());
                assertTrue(loops.loop().isRunning());
            }
            assertNotNull(handler.closed.getNow(null), "told of its end");
            assertEquals(1, handler.closes.get());
        }
    }

    private static void provoke(
            Loops loops, DatagramSocket socket, DatagramPeer peer, Callback where)
            throws Exception {
        DatagramAddress target = DatagramAddress.of(peer.address());
        switch (where) {
            case OPEN, CLOSE -> {}
            case STOP -> Loops.run(loops.loop().reactor(), socket::stop);
            case DATAGRAM -> peer.send("ping", socket.localAddress());
            case WRITABLE -> {
                Loops.run(loops.loop().reactor(), () -> socket.send(PING.duplicate(), target));
                assertEquals("ping", peer.receiveText());
            }
            case ERROR ->
                    Loops.run(
                            loops.loop().reactor(),
                            () -> socket.send(ByteBuffer.allocate(20_000), target));
        }
    }

    @Test
    void socketWhoseStopFailsIsClosed() throws Exception {
        Exception failure = new Exception("checked, on purpose");
        Failing handler = new Failing(Callback.STOP, failure);
        Loops loops = Loops.start(1);
        DatagramSocket socket = loops.datagrams(handler);
        assertEquals(0, Loops.get(loops.group().stop(Duration.ofMinutes(1))), "nothing is cut");
        assertSame(failure, handler.closeCause().getCause());
        assertTrue(socket.closed().isDone());
    }
}
