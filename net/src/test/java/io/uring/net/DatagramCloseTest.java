package io.uring.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.uring.reactor.ReactorConfig;
import io.uring.ring.RingException;
import io.uring.testkit.NothingLeft;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** The end of a datagram socket, whatever it is doing. */
@Timeout(60)
@ExtendWith(NothingLeft.class)
final class DatagramCloseTest {
    @Test
    void closedSocketSaysSoToEveryMethod() throws Exception {
        DatagramRecorder handler = new DatagramRecorder();
        try (Loops loops = Loops.start(1)) {
            DatagramSocket socket = loops.datagrams(handler);
            Loops.run(
                    socket.reactor(),
                    () -> {
                        socket.close();
                        socket.close();
                    });
            Loops.get(socket.closed());
            assertNull(handler.closeCause());
            assertEquals(1, handler.closes.get());
            assertFalse(socket.isOpen());
            assertTrue(socket.localAddress().getPort() > 0);
            assertThrows(
                    ClosedChannelException.class,
                    () -> socket.option(SocketOption.SO_REUSEADDR, true));
            assertThrows(ClosedChannelException.class, socket::drops);
            Loops.run(
                    socket.reactor(),
                    () -> {
                        socket.pauseReading();
                        socket.resumeReading();
                        socket.abort(new IOException("too late"));
                    });
            assertEquals(1, handler.closes.get());
        }
    }

    @Test
    void closeInsideEachCallbackIsSafe() throws Exception {
        for (String where : List.of("open", "datagram", "written")) {
            DatagramRecorder handler =
                    new DatagramRecorder() {
                        @Override
                        public void onOpen(DatagramSocket socket) {
                            if (where.equals("open")) {
                                socket.close();
                            }
                        }

                        @Override
                        public void onDatagram(DatagramSocket socket, Datagram datagram) {
                            DatagramAddress source = datagram.source().copy();
                            datagram.release();
                            if (where.equals("datagram")) {
                                socket.close();
                            } else {
                                socket.send(ByteBuffer.allocate(1), source, 0, _ -> socket.close());
                            }
                        }
                    };
            try (Loops loops = Loops.start(1);
                    DatagramPeer peer = new DatagramPeer()) {
                DatagramSocket socket = loops.datagrams(handler);
                peer.send("x", socket.localAddress()).send("y", socket.localAddress());
                assertNull(handler.closeCause());
            }
        }
    }

    @Test
    void datagramsHeldBeyondTheCloseStayReadable() throws Exception {
        List<Datagram> kept = new ArrayList<>();
        CountDownLatch came = new CountDownLatch(3);
        try (Loops loops = Loops.start(1);
                DatagramPeer peer = new DatagramPeer()) {
            DatagramSocket socket =
                    loops.datagrams((_, datagram) -> {
                        kept.add(datagram);
                        came.countDown();
                    });
            for (int i = 0; i < 3; i++) {
                peer.send("n" + i, socket.localAddress());
            }
            assertTrue(came.await(10, TimeUnit.SECONDS));
            Loops.run(socket.reactor(), socket::close);
            Loops.get(socket.closed());
            for (int i = 0; i < 3; i++) {
                ByteBuffer bytes = ByteBuffer.allocate(8);
                assertEquals(2, kept.get(i).read(bytes));
                assertEquals((byte) ('0' + i), bytes.get(1));
                kept.get(i).release();
            }
        }
    }

    /** Opens and closes while senders on both sides go on. */
    @Test
    void closeRacesSendsAndOptionsOfOtherThreads() throws Exception {
        AtomicInteger told = new AtomicInteger();
        AtomicInteger asked = new AtomicInteger();
        try (Loops loops = Loops.start(2);
                DatagramPeer peer = new DatagramPeer()) {
            DatagramAddress target = DatagramAddress.of(peer.address());
            for (int round = 0; round < 30; round++) {
                DatagramRecorder handler = new DatagramRecorder();
                DatagramSocket socket = loops.datagrams(handler);
                List<CompletableFuture<Boolean>> threads = new ArrayList<>();
                for (int thread = 0; thread < 3; thread++) {
                    threads.add(
                            Background.run(() -> {
                                while (socket.isOpen()) {
                                    asked.incrementAndGet();
                                    socket.reactor()
                                            .execute(() ->
                                                    socket.send(
                                                            ByteBuffer.allocate(100),
                                                            target,
                                                            0,
                                                            _ -> told.incrementAndGet()));
                                    peer.send(new byte[10], socket.localAddress());
                                    try {
                                        socket.option(SocketOption.IP_TTL, 9);
                                    } catch (ClosedChannelException e) {
                                        return true;
                                    }
                                }
                                return true;
                            }));
                }
                handler.next();
                boolean abort = round % 2 == 0;
                socket.reactor()
                        .execute(() -> {
                            if (abort) {
                                socket.abort(new IOException("enough"));
                            } else {
                                socket.close();
                            }
                        });
                Loops.get(socket.closed());
                threads.forEach(Loops::get);
                assertEquals(1, handler.closes.get());
                loops.call(() -> true);
            }
            io.uring.testkit.Eventually.isTrue(
                    Loops.LIMIT,
                    () -> told.get() + " told of " + asked.get(),
                    () -> told.get() == asked.get());
        }
    }

    @Test
    void manyShortLivedSocketsLeaveNothing() throws Exception {
        try (Loops loops = Loops.start(1);
                DatagramPeer peer = new DatagramPeer()) {
            for (int i = 0; i < 300; i++) {
                DatagramRecorder handler = new DatagramRecorder();
                DatagramSocket socket =
                        DatagramSocket.open(
                                loops.loop(), DatagramConfig.connect(peer.address()), handler);
                Loops.run(
                        socket.reactor(),
                        () -> {
                            socket.send(ByteBuffer.allocate(20_000), null);
                            socket.close();
                        });
                Loops.get(socket.closed());
                assertEquals(20_000, peer.receive().length);
            }
            Loops.call(
                    loops.loop().reactor(),
                    () -> {
                        Loops.assertNoDatagrams(loops.loop().reactor());
                        return true;
                    });
            assertTrue(loops.loop().reactor().buffers().chunks() < 10, "chunks are reused");
        }
    }

    @Test
    void failedLoopTellsItsSocketsAndEveryListenerOnce() throws Exception {
        DatagramRecorder handler = new DatagramRecorder();
        AtomicInteger told = new AtomicInteger();
        Loops loops = Loops.start(1, BrokenRing.MASK, ReactorConfig.defaults());
        try (Arena arena = Arena.ofShared();
                DatagramPeer peer = new DatagramPeer()) {
            DatagramSocket socket =
                    DatagramSocket.open(
                            loops.loop(), DatagramConfig.bind(Loops.loopback()), handler);
            MemorySegment data = arena.allocate(100);
            DatagramAddress target = DatagramAddress.of(peer.address());
            loops.call(() -> true);
            loops.loop()
                    .execute(() -> {
                        for (int i = 0; i < 300; i++) {
                            socket.send(
                                    data,
                                    target,
                                    0,
                                    failure -> {
                                        assertTrue(failure != null);
                                        told.incrementAndGet();
                                    });
                        }
                        BrokenRing.breakNow(loops.loop());
                    });
            Loops.get(loops.loop().terminated());
            IOException cause = handler.closeCause();
            assertTrue(cause.getMessage().contains("the loop has failed"), cause::getMessage);
            assertInstanceOf(RingException.class, cause.getCause());
            assertEquals(1, handler.closes.get());
            Loops.get(socket.closed());
            assertEquals(300, told.get());
            assertThrows(
                    RejectedExecutionException.class, () -> socket.reactor().execute(() -> {}));
        }
        loops.group().close();
    }

    @Test
    void groupThatStopsClosesItsSocketsWithoutWaiting() throws Exception {
        DatagramRecorder recorder = new DatagramRecorder();
        Loops loops = Loops.start(2);
        loops.datagrams(recorder);
        assertEquals(0, Loops.get(loops.group().stop(java.time.Duration.ofMinutes(10))));
        assertTrue(Loops.get(recorder.closed).isEmpty());
        loops.closeLoops();
    }
}
