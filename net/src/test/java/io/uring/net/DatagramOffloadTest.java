package io.uring.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.uring.reactor.ReactorConfig;
import io.uring.testkit.Eventually;
import io.uring.testkit.NothingLeft;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.zip.CRC32;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Many datagrams in one send (UDP_SEGMENT), and in one receive (UDP_GRO). */
@Timeout(60)
@ExtendWith(NothingLeft.class)
final class DatagramOffloadTest {
    private static final int SEGMENT = 1200;

    private static long checksum(byte[] bytes, int from, int length) {
        CRC32 crc = new CRC32();
        crc.update(bytes, from, length);
        return crc.getValue();
    }

    private static CompletableFuture<IOException> send(
            DatagramSocket socket, byte[] payload, DatagramAddress target, int segmentBytes) {
        CompletableFuture<IOException> told = new CompletableFuture<>();
        Loops.run(
                socket.reactor(),
                () -> socket.send(ByteBuffer.wrap(payload), target, segmentBytes, told::complete));
        return told;
    }

    @Test
    void segmentsArriveAsDatagramsOfTheirOwn() throws Exception {
        byte[] all = new byte[SEGMENT * 20 + 77];
        Seed.random("DatagramOffloadTest.segments").nextBytes(all);
        try (Loops loops = Loops.start(1);
                DatagramPeer peer = new DatagramPeer()) {
            DatagramSocket socket = loops.datagrams(new DatagramRecorder());
            assertNull(Loops.get(send(socket, all, DatagramAddress.of(peer.address()), SEGMENT)));
            for (int at = 0; at < all.length; at += SEGMENT) {
                byte[] datagram = peer.receive();
                int length = Math.min(SEGMENT, all.length - at);
                assertEquals(length, datagram.length);
                assertEquals(checksum(all, at, length), checksum(datagram, 0, length));
            }
        }
    }

    @Test
    void mergedDatagramsKeepTheirBytesAndSayHowLongEachIs() throws Exception {
        byte[] all = new byte[SEGMENT * 40 + 5];
        Seed.random("DatagramOffloadTest.merged").nextBytes(all);
        DatagramRecorder receiver = new DatagramRecorder();
        DatagramConfig config = DatagramConfig.bind(Loops.loopback()).withGro(true);
        try (Loops loops = Loops.start(1)) {
            DatagramSocket target = loops.datagrams(config, receiver);
            DatagramSocket sender =
                    loops.datagrams(
                            DatagramConfig.connect(target.localAddress()), new DatagramRecorder());
            assertNull(Loops.get(send(sender, all, null, SEGMENT)));
            int at = 0;
            int receives = 0;
            while (at < all.length) {
                DatagramRecorder.Seen seen = receiver.next();
                int length = seen.bytes().length;
                assertEquals(checksum(all, at, length), checksum(seen.bytes(), 0, length));
                if (length > SEGMENT) {
                    assertEquals(SEGMENT, seen.segmentBytes());
                }
                at += length;
                receives++;
            }
            assertEquals(all.length, at);
            assertTrue(receives < 41, receives + " receives: nothing was merged");
        }
    }

    @Test
    void mergedDatagramsGoBackAsSeveral() throws Exception {
        byte[] all = new byte[SEGMENT * 30 + 9];
        Seed.random("DatagramOffloadTest.echo").nextBytes(all);
        DatagramRecorder client = new DatagramRecorder();
        DatagramConfig config = DatagramConfig.bind(Loops.loopback()).withGro(true);
        try (Loops loops = Loops.start(1)) {
            DatagramSocket echo =
                    loops.datagrams(
                            config, (own, datagram) -> own.send(datagram, datagram.source()));
            DatagramSocket sender =
                    loops.datagrams(DatagramConfig.connect(echo.localAddress()), client);
            assertNull(Loops.get(send(sender, all, null, SEGMENT)));
            for (int at = 0; at < all.length; at += SEGMENT) {
                byte[] datagram = client.next().bytes(); // without GRO: one by one
                int length = Math.min(SEGMENT, all.length - at);
                assertEquals(length, datagram.length);
                assertEquals(checksum(all, at, length), checksum(datagram, 0, length));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "multishot_recv", "pbuf_ring", "pbuf_ring_inc"})
    void floodOfSegmentsKeepsItsChecksum(String mask) throws Exception {
        Random random = Seed.random("DatagramOffloadTest.flood");
        int rounds = 200;
        AtomicLong sum = new AtomicLong();
        AtomicInteger bytes = new AtomicInteger();
        DatagramConfig config = DatagramConfig.bind(Loops.loopback()).withGro(true);
        try (Arena arena = Arena.ofShared();
                Loops loops = Loops.start(1, mask, ReactorConfig.defaults())) {
            DatagramSocket target =
                    loops.datagrams(
                            config.withBuffers(0, 4 << 20),
                            (own, datagram) -> {
                                ByteBuffer copy = ByteBuffer.allocate(datagram.remaining());
                                int count = datagram.read(copy);
                                for (byte b : copy.array()) {
                                    sum.addAndGet(b);
                                }
                                bytes.addAndGet(count);
                                datagram.release();
                            });
            DatagramSocket sender =
                    loops.datagrams(
                            DatagramConfig.connect(target.localAddress()), new DatagramRecorder());
            MemorySegment data = arena.allocate(SEGMENT * 50L);
            byte[] content = new byte[SEGMENT * 50];
            long expected = 0;
            for (int round = 0; round < rounds; round++) {
                random.nextBytes(content);
                for (byte b : content) {
                    expected += b;
                }
                MemorySegment.copy(
                        content,
                        0,
                        data,
                        java.lang.foreign.ValueLayout.JAVA_BYTE,
                        0,
                        content.length);
                CompletableFuture<IOException> told = new CompletableFuture<>();
                Loops.run(sender.reactor(), () -> sender.send(data, null, SEGMENT, told::complete));
                assertNull(Loops.get(told));
                int sent = (round + 1) * content.length;
                Eventually.isTrue( // UDP drops what is too fast
                        Loops.LIMIT, () -> bytes.get() + " of " + sent, () -> bytes.get() == sent);
            }
            assertEquals(expected, sum.get());
        }
    }

    @Test
    void segmentsThatTheKernelRefusesFailAlone() throws Exception {
        DatagramRecorder handler = new DatagramRecorder();
        try (Loops loops = Loops.start(1);
                DatagramPeer peer = new DatagramPeer()) {
            DatagramSocket socket = loops.datagrams(handler);
            DatagramAddress target = DatagramAddress.of(peer.address());
            IOException failure = Loops.get(send(socket, new byte[60_000], target, 1));
            assertTrue(failure != null, "60,000 segments");
            assertTrue(failure.getMessage().contains("60000 bytes"), failure::getMessage);
            assertNull(Loops.get(send(socket, new byte[3], target, 0)));
            assertEquals(3, peer.receive().length);
        }
    }
}
