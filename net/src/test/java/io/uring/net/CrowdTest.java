package io.uring.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.uring.testkit.ChildJvm;
import io.uring.testkit.Eventually;
import io.uring.testkit.NothingLeft;
import io.uring.testkit.OpenDescriptors;
import java.io.EOFException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** Many peers at once, most of them difficult. */
@Timeout(180)
@ExtendWith(NothingLeft.class)
final class CrowdTest {
    private static final Duration LIMIT = Duration.ofSeconds(90);

    @Test
    void tenThousandConnectionsAllGetTheirOwnBytesBack() throws Exception {
        AtomicInteger gone = new AtomicInteger();
        StreamAcceptor acceptor =
                _ ->
                        new Echo() {
                            @Override
                            public void onClose(StreamSocket socket, IOException cause) {
                                gone.incrementAndGet();
                            }
                        };
        try (Loops loops = Loops.start(2)) {
            OpenDescriptors before = OpenDescriptors.now();
            Listener listener = loops.listen(acceptor);
            String port = Integer.toString(((InetSocketAddress) listener.address()).getPort());
            try (ChildJvm child = ChildJvm.start(List.of(), Crowd.class, port, "10000", "3")) {
                child.awaitOutput(LIMIT, "all came back");
                assertEquals(0, gone.get(), "all are open still");
                child.kill();
            }
            Eventually.isTrue(LIMIT, () -> gone + " gone", () -> gone.get() == 10_000);
            Loops.get(listener.close());
            before.awaitReturn(LIMIT);
        }
    }

    /** Keeps connections open, and sends through all of them at once, in rounds. */
    static final class Crowd {
        public static void main(String[] arguments) throws Exception {
            InetSocketAddress server =
                    new InetSocketAddress(
                            InetAddress.getLoopbackAddress(), Integer.parseInt(arguments[0]));
            List<SocketChannel> channels = new ArrayList<>();
            for (int i = 0; i < Integer.parseInt(arguments[1]); i++) {
                channels.add(SocketChannel.open(server));
            }
            System.out.println("connected");
            for (int round = 0; round < Integer.parseInt(arguments[2]); round++) {
                for (int i = 0; i < channels.size(); i++) {
                    ByteBuffer message = ByteBuffer.wrap(message(round, i));
                    while (message.hasRemaining()) {
                        channels.get(i).write(message);
                    }
                }
                for (int i = 0; i < channels.size(); i++) {
                    check(channels.get(i), message(round, i));
                }
            }
            System.out.println("all came back");
            new CountDownLatch(1).await();
        }

        /** Of its own length and content. */
        private static byte[] message(int round, int channel) {
            Random random = new Random(((long) round << 32) + channel);
            byte[] bytes = new byte[1 + random.nextInt(2000)];
            random.nextBytes(bytes);
            return bytes;
        }

        private static void check(SocketChannel channel, byte[] expected) throws IOException {
            ByteBuffer answer = ByteBuffer.allocate(expected.length);
            while (answer.hasRemaining()) {
                if (channel.read(answer) < 0) {
                    throw new EOFException("closed");
                }
            }
            if (!Arrays.equals(expected, answer.array())) {
                throw new IOException("other bytes came back");
            }
        }
    }

    @Test
    void idleTimeoutEndsTheConnectionsOfAStoppedProcess() throws Exception {
        int count = 100;
        ConcurrentLinkedQueue<IOException> causes = new ConcurrentLinkedQueue<>();
        StreamAcceptor acceptor =
                _ ->
                        new Echo() {
                            @Override
                            public void onClose(StreamSocket socket, IOException cause) {
                                causes.add(cause);
                            }
                        };
        StreamConfig config = StreamConfig.defaults().withIdleNanos(TimeUnit.SECONDS.toNanos(5));
        try (Loops loops = Loops.start(1)) {
            Listener listener = loops.listen(config, acceptor);
            String port = Integer.toString(((InetSocketAddress) listener.address()).getPort());
            try (ChildJvm child = ChildJvm.start(List.of(), Crowd.class, port, "" + count, "1");
                    Peer busy = Peer.connect(loops.serve(config, new Echo()))) {
                child.awaitOutput(LIMIT, "all came back");
                stop(child.pid());
                Eventually.isTrue(
                        LIMIT,
                        () -> causes.size() + " ended",
                        () -> {
                            assertEquals("ping", send(busy));
                            return causes.size() == count;
                        });
                causes.forEach(cause -> assertInstanceOf(SocketTimeoutException.class, cause));
            }
        }
    }

    private static String send(Peer peer) {
        try {
            return peer.send("ping").readText(4);
        } catch (IOException e) {
            return e.toString();
        }
    }

    private static void stop(long pid) throws Exception {
        try {
            Process kill = new ProcessBuilder("kill", "-STOP", "" + pid).inheritIO().start();
            assertEquals(0, kill.waitFor());
        } catch (IOException e) {
            Assumptions.abort("the tool kill is missing: " + e.getMessage());
        }
    }

    /** A request of single bytes with pauses, from many peers at once. */
    @Test
    void peersThatSendAByteAtATimeHoldNoMemoryAndNobodyUp() throws Exception {
        int slow = 300;
        int bytes = 20;
        List<Peer> peers = new ArrayList<>();
        try (Loops loops = Loops.start(1);
                Peer busy = Peer.connect(loops.serve(new Echo()))) {
            List<Recorder> servers = new ArrayList<>();
            Listener listener =
                    loops.listen(_ -> {
                        Recorder server = new Recorder();
                        servers.add(server);
                        return server;
                    });
            for (int i = 0; i < slow; i++) {
                peers.add(Peer.connect(listener.address()));
            }
            for (int round = 0; round < bytes; round++) {
                for (Peer peer : peers) {
                    peer.send("x");
                }
                assertEquals("ping", send(busy));
            }
            for (int i = 0; i < slow; i++) {
                int at = i;
                Recorder server = loops.call(() -> servers.get(at));
                Eventually.isTrue(Loops.LIMIT, "all", () -> server.received.get() == bytes);
            }
            int held =
                    loops.call(() -> {
                        var buffers = loops.loop().reactor().buffers();
                        return buffers.outstanding() + buffers.chunksInUse();
                    });
            assertEquals(0, held, "half a request holds no memory of the loop's");
            peers.forEach(Peer::close);
        }
    }

    /** It gets everything in the end, at a thousandth of the speed of the others. */
    @Test
    void deadSlowReaderBesideAHundredOthersLosesNothing() throws Exception {
        int total = 400_000;
        List<Peer> others = new ArrayList<>();
        try (Loops loops = Loops.start(1)) {
            Listener listener = loops.listen(_ -> new Echo());
            try (Peer slow = Peer.connectWithReceiveBuffer(listener.address(), 2048)) {
                for (int i = 0; i < 100; i++) {
                    others.add(Peer.connect(listener.address()));
                }
                var sent = Background.run(() -> slow.sendRandom(new Random(5), total));
                byte[] block = new byte[10_000];
                java.util.zip.CRC32 sum = new java.util.zip.CRC32();
                int read = 0;
                while (read < total) {
                    byte[] some = slow.readOnce(Math.min(block.length, total - read));
                    assertTrue(some.length > 0, "the end came too early");
                    sum.update(some);
                    read += some.length;
                    for (Peer peer : others) {
                        peer.send("ping");
                    }
                    for (Peer peer : others) {
                        assertEquals("ping", peer.readText(4));
                    }
                }
                assertEquals(Loops.get(sent), sum.getValue());
            }
            others.forEach(Peer::close);
        }
    }
}
