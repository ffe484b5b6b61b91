package io.uring.net;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.uring.reactor.BufferConfig;
import io.uring.reactor.ReactorConfig;
import io.uring.testkit.Eventually;
import io.uring.testkit.NothingLeft;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.ValueSource;

/** The same behaviour on every kind of ring: each optional feature missing in turn. */
@Timeout(60)
@ExtendWith(NothingLeft.class)
@ParameterizedClass(name = "without \"{0}\"")
@ValueSource(
        strings = {
            "",
            "pbuf_ring",
            "pbuf_ring_inc",
            "multishot_recv",
            "cancel_fd",
            "send_msg_ring",
            "defer_taskrun",
            "nodrop",
            "submit_stable",
            "pbuf_ring,multishot_recv,multishot_accept,cancel_fd,send_msg_ring,ext_arg,coop_taskrun,"
                    + "defer_taskrun,single_issuer,ring_fds,no_iowait,no_sqarray"
        })
final class DatagramMatrixTest {
    @Parameter String mask;

    private Loops start(ReactorConfig config) {
        return Loops.start(1, mask, config);
    }

    private Loops start() {
        return start(ReactorConfig.defaults());
    }

    @Test
    void datagramsOfAllLengthsComeBackToTheirSender() throws Exception {
        Random random = Seed.random("DatagramMatrixTest.echo");
        try (Loops loops = start();
                DatagramPeer one = new DatagramPeer();
                DatagramPeer two = new DatagramPeer()) {
            DatagramSocket echo =
                    loops.datagrams((own, datagram) -> own.send(datagram, datagram.source()));
            InetSocketAddress server = echo.localAddress();
            for (int i = 0; i < 100; i++) {
                byte[] first = new byte[i == 0 ? 0 : random.nextInt(65_507)];
                byte[] second = new byte[random.nextInt(1472)];
                random.nextBytes(first);
                random.nextBytes(second);
                one.send(first, server);
                two.send(second, server);
                assertArrayEquals(first, one.receive());
                assertArrayEquals(second, two.receive());
            }
        }
    }

    @Test
    void copiesOfAllLengthsArriveInOrder() throws Exception {
        Random random = Seed.random("DatagramMatrixTest.copies");
        List<byte[]> payloads = new ArrayList<>();
        for (int i = 0; i < 40; i++) { // all of it fits a receive buffer of the default size
            byte[] payload =
                    new byte[i == 20 ? random.nextInt(16_385, 65_508) : random.nextInt(1000)];
            random.nextBytes(payload);
            payloads.add(payload);
        }
        try (Loops loops = start();
                DatagramPeer peer = new DatagramPeer()) {
            DatagramSocket socket = loops.datagrams(new DatagramRecorder());
            DatagramAddress target = DatagramAddress.of(peer.address());
            Loops.run(
                    socket.reactor(),
                    () ->
                            payloads.forEach(
                                    payload -> socket.send(ByteBuffer.wrap(payload), target)));
            for (byte[] payload : payloads) {
                assertArrayEquals(payload, peer.receive());
            }
        }
    }

    @Test
    void exhaustedBuffersLoseNothing() throws Exception {
        DatagramRecorder handler = new DatagramRecorder();
        ReactorConfig few =
                ReactorConfig.defaults().withDatagramBuffers(BufferConfig.fixed(2, 2048));
        try (Loops loops = start(few);
                DatagramPeer peer = new DatagramPeer()) {
            DatagramSocket socket = loops.datagrams(handler);
            DatagramSocket other = loops.datagrams(handler);
            for (int round = 0; round < 20; round++) {
                for (int i = 0; i < 50; i++) {
                    peer.send("first", socket.localAddress()).send("second", other.localAddress());
                }
                for (int i = 0; i < 100; i++) {
                    handler.next();
                }
            }
        }
    }

    @Test
    void heldBuffersOfOneSocketDoNotStarveAnother() throws Exception {
        List<Datagram> kept = new ArrayList<>();
        ReactorConfig few =
                ReactorConfig.defaults().withDatagramBuffers(BufferConfig.fixed(2, 2048));
        try (Loops loops = start(few);
                DatagramPeer peer = new DatagramPeer()) {
            DatagramSocket greedy = loops.datagrams((_, datagram) -> kept.add(datagram));
            DatagramSocket echo =
                    loops.datagrams((own, datagram) -> own.send(datagram, datagram.source()));
            for (int i = 0; i < 10; i++) {
                peer.send("keep", greedy.localAddress());
            }
            Eventually.isTrue(
                    Loops.LIMIT,
                    "all are held",
                    () -> Loops.call(greedy.reactor(), kept::size) == 10);
            for (int i = 0; i < 10; i++) {
                assertEquals("n" + i, peer.send("n" + i, echo.localAddress()).receiveText());
            }
            Loops.run(greedy.reactor(), () -> kept.forEach(Datagram::release));
        }
    }

    @Test
    void datagramLongerThanTheBuffersIsMarkedTruncated() throws Exception {
        DatagramRecorder server = new DatagramRecorder();
        ReactorConfig small =
                ReactorConfig.defaults().withDatagramBuffers(BufferConfig.fixed(2, 64));
        try (Loops loops = start(small);
                DatagramPeer peer = new DatagramPeer()) {
            DatagramSocket socket = loops.datagrams(server);
            peer.send(new byte[300], socket.localAddress()).send("next", socket.localAddress());
            DatagramRecorder.Seen cut = server.next();
            assertTrue(cut.truncated());
            assertTrue(cut.bytes().length < 300);
            DatagramRecorder.Seen next = server.next();
            assertEquals("next", next.text());
            assertFalse(next.truncated());
        }
    }

    @Test
    void segmentsAreCutAndMerged() throws Exception {
        DatagramRecorder receiver = new DatagramRecorder();
        DatagramConfig config = DatagramConfig.bind(Loops.loopback()).withGro(true);
        byte[] payload = new byte[10_000];
        new Random(1).nextBytes(payload);
        try (Loops loops = start()) {
            DatagramSocket target = loops.datagrams(config, receiver);
            DatagramSocket sender = loops.datagrams(new DatagramRecorder());
            DatagramAddress address = DatagramAddress.of(target.localAddress());
            Loops.run(
                    sender.reactor(),
                    () -> sender.send(ByteBuffer.wrap(payload), address, 1000, null));
            ByteBuffer all = ByteBuffer.allocate(payload.length);
            while (all.hasRemaining()) {
                DatagramRecorder.Seen seen = receiver.next();
                assertEquals(sender.localAddress(), seen.source());
                if (seen.bytes().length > 1000) {
                    assertEquals(1000, seen.segmentBytes());
                }
                all.put(seen.bytes());
            }
            assertArrayEquals(payload, all.array());
        }
    }

    @Test
    void closeSendsWhatIsQueuedAndAbortTellsItsReason() throws Exception {
        DatagramRecorder closing = new DatagramRecorder();
        DatagramRecorder aborted = new DatagramRecorder();
        IOException reason = new IOException("enough");
        CompletableFuture<IOException> told = new CompletableFuture<>();
        try (Loops loops = start();
                DatagramPeer peer = new DatagramPeer()) {
            DatagramAddress target = DatagramAddress.of(peer.address());
            DatagramSocket one = loops.datagrams(closing);
            Loops.run(
                    one.reactor(),
                    () -> {
                        for (int i = 0; i < 300; i++) {
                            one.send(ByteBuffer.wrap(new byte[] {(byte) i}), target);
                        }
                        one.close();
                        one.send(ByteBuffer.allocate(1), target, 0, told::complete);
                    });
            assertNull(closing.closeCause());
            assertTrue(Loops.get(told).getMessage().contains("closed"));
            for (int i = 0; i < 300; i++) {
                assertEquals((byte) i, peer.receive()[0]);
            }
            DatagramSocket two = loops.datagrams(aborted);
            Loops.run(two.reactor(), () -> two.abort(reason));
            assertSame(reason, aborted.closeCause());
            assertEquals(1, closing.closes.get() + aborted.closes.get() - 1);
        }
    }

    @Test
    void closingTheLoopClosesTheSocket() throws Exception {
        DatagramRecorder handler = new DatagramRecorder();
        Loops loops = start();
        DatagramSocket socket = loops.datagrams(handler);
        try (DatagramPeer peer = new DatagramPeer()) {
            peer.send("x", socket.localAddress());
            handler.next();
        }
        loops.closeLoops();
        assertTrue(handler.closeCause().getMessage().contains("the loop was closed"));
        assertEquals(1, handler.closes.get());
        assertTrue(socket.closed().isDone());
    }
}
