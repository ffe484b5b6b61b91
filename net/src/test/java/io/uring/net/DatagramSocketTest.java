package io.uring.net;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.uring.testkit.Eventually;
import io.uring.testkit.NothingLeft;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** Datagrams between our sockets and the JDK's. */
@Timeout(60)
@ExtendWith(NothingLeft.class)
final class DatagramSocketTest {
    private static final int MAX_PAYLOAD_BYTES = 65_507;

    /** An address where nobody listens. */
    private static InetSocketAddress nowhere() throws IOException {
        try (DatagramPeer gone = new DatagramPeer()) {
            return gone.address();
        }
    }

    private static ByteBuffer text(String text) {
        return ByteBuffer.wrap(text.getBytes(UTF_8));
    }

    private static void onLoop(DatagramSocket socket, Runnable task) {
        Loops.run(socket.reactor(), task);
    }

    /** Sends a copy with a listener. */
    private static CompletableFuture<IOException> send(
            DatagramSocket socket, ByteBuffer payload, DatagramAddress target) {
        CompletableFuture<IOException> told = new CompletableFuture<>();
        onLoop(socket, () -> socket.send(payload, target, 0, told::complete));
        return told;
    }

    @Test
    void sourceIsWhereTheDatagramCameFrom() throws Exception {
        DatagramRecorder server = new DatagramRecorder();
        try (Loops loops = Loops.start(1);
                DatagramPeer peer = new DatagramPeer()) {
            DatagramSocket socket = loops.datagrams(server);
            peer.send("hello", socket.localAddress());
            DatagramRecorder.Seen seen = server.next();
            assertEquals("hello", seen.text());
            assertEquals(peer.address(), seen.source());
            assertEquals(DatagramAddress.of(peer.address()), seen.address());
            assertFalse(seen.truncated());
            assertEquals(0, seen.segmentBytes());
            assertEquals(1, server.opens.get());
            assertNull(socket.remoteAddress());
        }
    }

    @Test
    void receivedDatagramGoesBackWithoutACopy() throws Exception {
        try (Loops loops = Loops.start(1);
                DatagramPeer peer = new DatagramPeer()) {
            DatagramSocket socket =
                    loops.datagrams((own, datagram) -> own.send(datagram, datagram.source()));
            for (int i = 0; i < 1000; i++) {
                assertEquals("n" + i, peer.send("n" + i, socket.localAddress()).receiveText());
            }
        }
    }

    @Test
    void whatWasReadOrSkippedIsNotSentOn() throws Exception {
        try (Loops loops = Loops.start(1);
                DatagramPeer peer = new DatagramPeer()) {
            DatagramSocket socket =
                    loops.datagrams((own, datagram) -> {
                        datagram.skip(2);
                        datagram.read(ByteBuffer.allocate(1));
                        assertEquals(6, datagram.length());
                        assertEquals(3, datagram.remaining());
                        assertEquals(3, datagram.segment().byteSize());
                        own.send(datagram, datagram.source());
                    });
            assertEquals("def", peer.send("abcdef", socket.localAddress()).receiveText());
        }
    }

    @Test
    void ipv6AndDualStackReceiveFromBothFamilies() throws Exception {
        DatagramRecorder server = new DatagramRecorder();
        InetAddress v6 = InetAddress.ofLiteral("::1");
        try (Loops loops = Loops.start(1);
                DatagramPeer peer4 = new DatagramPeer();
                DatagramPeer peer6 = new DatagramPeer(v6)) {
            DatagramConfig any = DatagramConfig.bind(new InetSocketAddress(0));
            DatagramSocket socket = loops.datagrams(any, server);
            int port = socket.localAddress().getPort();
            peer4.send("four", new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), port));
            DatagramRecorder.Seen four = server.next();
            assertEquals(peer4.address(), four.source());
            assertTrue(four.address().isIpv4());
            assertNull(Loops.get(send(socket, text("back4"), four.address())));
            assertEquals("back4", peer4.receiveText());
            peer6.send("six", new InetSocketAddress(v6, port));
            DatagramRecorder.Seen six = server.next();
            assertEquals(peer6.address(), six.source());
            assertNull(Loops.get(send(socket, text("back6"), six.address())));
            assertEquals("back6", peer6.receiveText());
        }
    }

    @Test
    void withoutDualStackEachFamilyHasItsOwnSocket() throws Exception {
        InetAddress any6 = InetAddress.ofLiteral("::");
        try (Loops loops = Loops.start(1)) {
            InetSocketAddress any4 = new InetSocketAddress(InetAddress.ofLiteral("0.0.0.0"), 0);
            DatagramSocket four =
                    loops.datagrams(
                            DatagramConfig.bind(any4).withDualStack(false), new DatagramRecorder());
            int port = four.localAddress().getPort();
            DatagramSocket six =
                    loops.datagrams(
                            DatagramConfig.bind(new InetSocketAddress(any6, port))
                                    .withDualStack(false),
                            new DatagramRecorder());
            assertTrue(six.option(SocketOption.IPV6_V6ONLY));
            assertEquals(port, six.localAddress().getPort());
        }
    }

    @Test
    void connectedSocketHearsItsPeerOnly() throws Exception {
        DatagramRecorder client = new DatagramRecorder();
        try (Loops loops = Loops.start(1);
                DatagramPeer peer = new DatagramPeer();
                DatagramPeer stranger = new DatagramPeer()) {
            DatagramSocket socket = loops.datagrams(DatagramConfig.connect(peer.address()), client);
            assertEquals(peer.address(), socket.remoteAddress());
            assertNull(Loops.get(send(socket, text("question"), null)));
            assertEquals("question", peer.receiveText());
            stranger.send("stranger", socket.localAddress());
            peer.send("answer", socket.localAddress());
            assertEquals("answer", client.next().text());
            assertTrue(client.datagrams.isEmpty());
        }
    }

    @Test
    void emptyDatagramsGoBothWays() throws Exception {
        DatagramRecorder server = new DatagramRecorder();
        try (Loops loops = Loops.start(1);
                DatagramPeer peer = new DatagramPeer()) {
            DatagramSocket socket = loops.datagrams(server);
            DatagramAddress target = DatagramAddress.of(peer.address());
            for (int i = 0; i < 5; i++) {
                peer.send(new byte[0], socket.localAddress());
                assertEquals(0, server.next().bytes().length);
                assertNull(Loops.get(send(socket, ByteBuffer.allocate(0), target)));
                assertEquals(0, peer.receive().length);
            }
        }
    }

    @Test
    void largestDatagramsArriveWholeAmongSmallOnes() throws Exception {
        DatagramRecorder server = new DatagramRecorder();
        byte[] large = new byte[MAX_PAYLOAD_BYTES];
        Seed.random("DatagramSocketTest.large").nextBytes(large);
        try (Loops loops = Loops.start(1);
                DatagramPeer peer = new DatagramPeer()) {
            DatagramSocket socket = loops.datagrams(server);
            DatagramAddress target = DatagramAddress.of(peer.address());
            for (int i = 0; i < 200; i++) {
                peer.send("small", socket.localAddress()).send(large, socket.localAddress());
                assertEquals("small", server.next().text());
                assertArrayEquals(large, server.next().bytes());
            }
            assertNull(Loops.get(send(socket, ByteBuffer.wrap(large), target)));
            assertArrayEquals(large, peer.receive());
        }
    }

    @Test
    void memoryOfTheCallersIsSentAndGivenBack() throws Exception {
        DatagramRecorder handler = new DatagramRecorder();
        CompletableFuture<IOException> told = new CompletableFuture<>();
        try (Arena arena = Arena.ofShared();
                Loops loops = Loops.start(1);
                DatagramPeer peer = new DatagramPeer()) {
            DatagramSocket socket = loops.datagrams(handler);
            DatagramAddress target = DatagramAddress.of(peer.address());
            MemorySegment data = arena.allocateFrom("from native memory");
            onLoop(socket, () -> socket.send(data, target, 0, told::complete));
            assertEquals("from native memory\0", peer.receiveText());
            assertNull(Loops.get(told));
            assertEquals(0, socket.queuedBytes());
        }
    }

    @Test
    void tooLongDatagramFailsAloneAndIsNamed() throws Exception {
        DatagramRecorder handler = new DatagramRecorder();
        try (Loops loops = Loops.start(1);
                DatagramPeer peer = new DatagramPeer()) {
            DatagramSocket socket = loops.datagrams(handler);
            DatagramAddress target = DatagramAddress.of(peer.address());
            var before = send(socket, text("before"), target);
            var tooLong = send(socket, ByteBuffer.allocate(65_536), target);
            var after = send(socket, text("after"), target);
            assertNull(Loops.get(before));
            assertNull(Loops.get(after));
            IOException failure = Loops.get(tooLong);
            assertTrue(failure.getMessage().contains("EMSGSIZE"), failure::getMessage);
            assertTrue(failure.getMessage().contains("65536 bytes"), failure::getMessage);
            assertEquals("before", peer.receiveText());
            assertEquals("after", peer.receiveText());
            onLoop(socket, () -> socket.send(ByteBuffer.allocate(65_536), target));
            assertTrue(handler.nextError().getMessage().contains("EMSGSIZE"));
            assertTrue(socket.isOpen());
        }
    }

    @Test
    void peerThatIsGoneIsReportedAndTheSocketGoesOn() throws Exception {
        DatagramRecorder client = new DatagramRecorder();
        InetSocketAddress gone = nowhere();
        try (Loops loops = Loops.start(1)) {
            DatagramSocket socket = loops.datagrams(DatagramConfig.connect(gone), client);
            for (int i = 0; i < 3; i++) {
                // Whoever asks the kernel first is told: the receive, or the next send.
                onLoop(socket, () -> socket.send(text("anybody?"), null));
                assertInstanceOf(ConnectException.class, client.nextError());
            }
            try (DatagramPeer _ = new DatagramPeer();
                    java.net.DatagramSocket back = new java.net.DatagramSocket(gone)) {
                back.setSoTimeout((int) Loops.LIMIT.toMillis());
                onLoop(socket, () -> socket.send(text("now"), null));
                var packet = new java.net.DatagramPacket(new byte[64], 64);
                back.receive(packet);
                assertEquals("now", new String(packet.getData(), 0, packet.getLength(), UTF_8));
            }
            assertTrue(socket.isOpen());
        }
    }

    @Test
    void badArgumentsAreTheCallersErrors() throws Exception {
        DatagramRecorder handler = new DatagramRecorder();
        try (Loops loops = Loops.start(1)) {
            DatagramSocket socket = loops.datagrams(handler);
            DatagramAddress v4 = DatagramAddress.of(Loops.loopback());
            DatagramAddress v6 =
                    DatagramAddress.of(new InetSocketAddress(InetAddress.ofLiteral("::1"), 9));
            ByteBuffer payload = text("x");
            assertThrows(IllegalStateException.class, () -> socket.send(payload, v4));
            onLoop(
                    socket,
                    () -> {
                        assertThrows(
                                IllegalArgumentException.class, () -> socket.send(payload, v6));
                        assertThrows(
                                IllegalArgumentException.class,
                                () -> socket.send(payload, v4, 65_536, null));
                        assertThrows(
                                IllegalArgumentException.class,
                                () -> socket.send(ByteBuffer.allocate(65_537), v4));
                        assertThrows(
                                IllegalArgumentException.class,
                                () ->
                                        socket.send(
                                                MemorySegment.ofArray(new byte[4]),
                                                v4,
                                                0,
                                                _ -> {}));
                    });
            IOException unconnected = Loops.get(send(socket, text("x"), null));
            assertTrue(unconnected.getMessage().contains("EDESTADDRREQ"), unconnected::getMessage);
            CompletableFuture<IOException> closedMemory = new CompletableFuture<>();
            MemorySegment closed;
            try (Arena arena = Arena.ofShared()) {
                closed = arena.allocate(8);
            }
            onLoop(socket, () -> socket.send(closed, v4, 0, closedMemory::complete));
            assertTrue(Loops.get(closedMemory).getMessage().contains("closed"));
            assertTrue(socket.isOpen());
        }
        assertThrows(
                IllegalArgumentException.class,
                () -> DatagramConfig.connect(InetSocketAddress.createUnresolved("host", 1)));
    }

    @Test
    void addressInUseIsNamed() throws Exception {
        try (Loops loops = Loops.start(1);
                DatagramPeer peer = new DatagramPeer()) {
            IOException failure =
                    assertThrows(
                            java.net.BindException.class,
                            () ->
                                    DatagramSocket.open(
                                            loops.loop(),
                                            DatagramConfig.bind(peer.address()),
                                            new DatagramRecorder()));
            assertTrue(failure.getMessage().contains("EADDRINUSE"), failure::getMessage);
            assertTrue(failure.getMessage().contains("" + peer.address().getPort()));
        }
    }

    @Test
    void broadcastNeedsItsOption() throws Exception {
        InetSocketAddress broadcast =
                new InetSocketAddress(InetAddress.ofLiteral("127.255.255.255"), 9);
        DatagramConfig any = DatagramConfig.bind(Loops.loopback());
        try (Loops loops = Loops.start(1)) {
            DatagramAddress target = DatagramAddress.of(broadcast);
            DatagramSocket without = loops.datagrams(any, new DatagramRecorder());
            IOException refused = Loops.get(send(without, text("all"), target));
            assertTrue(refused.getMessage().contains("withBroadcast"), refused::getMessage);
            DatagramSocket with = loops.datagrams(any.withBroadcast(true), new DatagramRecorder());
            assertNull(Loops.get(send(with, text("all"), target)));
            assertTrue(with.option(SocketOption.SO_BROADCAST));
        }
    }

    @Test
    void queueBeyondItsMarksSaysSoAndDropsNothingElse() throws Exception {
        AtomicInteger dropped = new AtomicInteger();
        AtomicInteger sent = new AtomicInteger();
        List<Boolean> room = new ArrayList<>();
        CountDownLatch all = new CountDownLatch(1000);
        DatagramRecorder handler = new DatagramRecorder();
        try (Loops loops = Loops.start(1);
                DatagramPeer peer = new DatagramPeer()) {
            DatagramConfig config =
                    DatagramConfig.bind(Loops.loopback()).withWaterMarks(100_000, 200_000, 300_000);
            DatagramSocket socket = loops.datagrams(config, handler);
            DatagramAddress target = DatagramAddress.of(peer.address());
            onLoop(
                    socket,
                    () -> {
                        ByteBuffer payload = ByteBuffer.allocate(1000);
                        for (int i = 0; i < 1000; i++) {
                            room.add(
                                    socket.send(
                                            payload.rewind(),
                                            target,
                                            0,
                                            failure -> {
                                                (failure == null ? sent : dropped)
                                                        .incrementAndGet();
                                                all.countDown();
                                            }));
                        }
                        assertTrue(socket.queuedBytes() <= 300_000, "" + socket.queuedBytes());
                        assertFalse(socket.isWritable());
                    });
            assertTrue(all.await(10, java.util.concurrent.TimeUnit.SECONDS));
            assertEquals(300_000 / 1256, sent.get());
            assertEquals(1000, sent.get() + dropped.get());
            assertTrue(room.getFirst());
            assertFalse(room.getLast());
            Eventually.isTrue(Loops.LIMIT, "room again", () -> handler.writables.get() == 1);
            assertTrue(Loops.call(socket.reactor(), socket::isWritable));
            onLoop(socket, () -> assertTrue(socket.send(text("after"), target)));
        }
    }

    @Test
    void pausedSocketKeepsWhatCameAndTellsItInOrder() throws Exception {
        DatagramRecorder handler = new DatagramRecorder();
        try (Loops loops = Loops.start(1);
                DatagramPeer peer = new DatagramPeer()) {
            DatagramSocket socket = loops.datagrams(handler);
            peer.send("before", socket.localAddress());
            assertEquals("before", handler.next().text());
            onLoop(socket, socket::pauseReading);
            for (int i = 0; i < 100; i++) {
                peer.send("n" + i, socket.localAddress());
            }
            onLoop(socket, () -> assertTrue(handler.datagrams.isEmpty()));
            onLoop(socket, socket::resumeReading);
            for (int i = 0; i < 100; i++) {
                assertEquals("n" + i, handler.next().text());
            }
        }
    }

    @Test
    void slowApplicationStopsReceivingAndGoesOnAfterItsRelease() throws Exception {
        List<Datagram> kept = new ArrayList<>();
        AtomicInteger received = new AtomicInteger();
        DatagramConfig config = DatagramConfig.bind(Loops.loopback()).withReadAheadDatagrams(4);
        try (Loops loops = Loops.start(1);
                DatagramPeer peer = new DatagramPeer()) {
            int idle = Loops.pending(loops.loop());
            DatagramSocket socket =
                    loops.datagrams(
                            config,
                            (own, datagram) -> {
                                kept.add(datagram);
                                received.incrementAndGet();
                            });
            for (int i = 0; i < 5; i++) { // one at a time: a burst may overtake the cancel
                int expected = i + 1;
                peer.send("n", socket.localAddress());
                Eventually.isTrue(Loops.LIMIT, "came", () -> received.get() == expected);
            }
            Eventually.isTrue(Loops.LIMIT, "stopped", () -> Loops.pending(loops.loop()) == idle);
            for (int i = 0; i < 20; i++) {
                peer.send("n", socket.localAddress());
            }
            onLoop(socket, () -> assertEquals(5, received.get()));
            // From another thread, which must wake the loop.
            List<Datagram> first = Loops.call(socket.reactor(), () -> new ArrayList<>(kept));
            onLoop(socket, kept::clear);
            first.forEach(Datagram::release);
            Eventually.isTrue(Loops.LIMIT, "goes on", () -> received.get() > 5);
            while (received.get() < 25) {
                onLoop(
                        socket,
                        () -> {
                            kept.forEach(Datagram::release);
                            kept.clear();
                        });
            }
            onLoop(
                    socket,
                    () -> {
                        kept.forEach(Datagram::release);
                        kept.clear();
                    });
        }
    }

    @Test
    void handlersFailureCostsNothingButTheDatagram() throws Exception {
        DatagramRecorder handler =
                new DatagramRecorder() {
                    @Override
                    public void onDatagram(DatagramSocket socket, Datagram datagram) {
                        keep(datagram);
                        if (datagrams.peek().text().equals("bad")) {
                            datagrams.clear();
                            throw new IllegalStateException("expected by the test");
                        }
                        datagram.release();
                    }
                };
        try (Loops loops = Loops.start(1);
                DatagramPeer peer = new DatagramPeer()) {
            DatagramSocket socket = loops.datagrams(handler);
            for (int i = 0; i < 500; i++) {
                peer.send("bad", socket.localAddress());
            }
            Eventually.isTrue(
                    Loops.LIMIT,
                    "good datagrams still come",
                    () -> {
                        try {
                            peer.send("good", socket.localAddress());
                        } catch (IOException e) {
                            throw new AssertionError(e);
                        }
                        return handler.datagrams.stream().anyMatch(d -> d.text().equals("good"));
                    });
            assertTrue(socket.isOpen());
        }
    }

    @Test
    void releasingTwiceOrAfterSendingIsRefused() throws Exception {
        AtomicReference<Throwable> failure = new AtomicReference<>();
        CountDownLatch done = new CountDownLatch(1);
        try (Loops loops = Loops.start(1);
                DatagramPeer peer = new DatagramPeer()) {
            DatagramSocket socket =
                    loops.datagrams((own, datagram) -> {
                        try {
                            datagram.release();
                            assertThrows(IllegalStateException.class, datagram::release);
                            assertThrows(
                                    IllegalStateException.class, () -> own.send(datagram, null));
                        } catch (Throwable t) {
                            failure.set(t);
                        }
                        done.countDown();
                    });
            peer.send("x", socket.localAddress());
            assertTrue(done.await(10, java.util.concurrent.TimeUnit.SECONDS));
            assertNull(failure.get());
        }
    }

    @Test
    void optionsAreSetAndRead() throws Exception {
        try (Loops loops = Loops.start(1)) {
            DatagramConfig config =
                    DatagramConfig.bind(Loops.loopback())
                            .withBuffers(64 * 1024, 128 * 1024)
                            .withReuseAddress(true)
                            .withGro(true);
            DatagramSocket socket = loops.datagrams(config, new DatagramRecorder());
            assertEquals(128 * 1024, socket.option(SocketOption.SO_SNDBUF));
            assertEquals(256 * 1024, socket.option(SocketOption.SO_RCVBUF));
            assertTrue(socket.option(SocketOption.SO_REUSEADDR));
            assertTrue(socket.option(SocketOption.UDP_GRO));
            for (var option :
                    List.of(
                            SocketOption.IP_TTL,
                            SocketOption.IP_MULTICAST_TTL,
                            SocketOption.UDP_SEGMENT)) {
                socket.option(option, 7);
                assertEquals(7, socket.option(option), option.name());
            }
            socket.option(SocketOption.IP_MULTICAST_LOOP, false);
            assertFalse(socket.option(SocketOption.IP_MULTICAST_LOOP));
        }
    }

    @Test
    void whatTheKernelDropsIsCounted() throws Exception {
        assumeTrue(System.getProperty("os.name").equals("Linux"));
        DatagramConfig small = DatagramConfig.bind(Loops.loopback()).withBuffers(0, 4096);
        try (Loops loops = Loops.start(1);
                DatagramPeer peer = new DatagramPeer()) {
            DatagramSocket socket =
                    loops.datagrams(
                            small,
                            new DatagramRecorder() {
                                @Override
                                public void onOpen(DatagramSocket own) {
                                    own.pauseReading();
                                }
                            });
            assertEquals(0, socket.drops());
            loops.call(() -> true);
            for (int i = 0; i < 100; i++) {
                peer.send(new byte[1000], socket.localAddress());
            }
            assertTrue(socket.drops() > 50, "" + socket.drops());
        }
    }

    @Test
    void bytesAreCounted() throws Exception {
        DatagramRecorder handler = new DatagramRecorder();
        try (Loops loops = Loops.start(1);
                DatagramPeer peer = new DatagramPeer()) {
            DatagramSocket socket = loops.datagrams(handler);
            peer.send("12345", socket.localAddress());
            handler.next();
            Loops.get(send(socket, text("123"), DatagramAddress.of(peer.address())));
            var seen = loops.loop().counters().snapshot();
            assertEquals(5, seen.bytesReceived());
            assertEquals(3, seen.bytesSent());
            assertEquals(0, seen.failures());
        }
    }
}
