package io.uring.net;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.uring.reactor.BufferConfig;
import io.uring.reactor.ReactorConfig;
import io.uring.testkit.Behaviour;
import io.uring.testkit.NothingLeft;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
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
import org.junit.jupiter.params.ParameterizedTest;
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
            "multishot_accept",
            "cancel_fd",
            "send_msg_ring",
            "resize_rings",
            "ext_arg",
            "defer_taskrun",
            "nodrop",
            "no_sqarray,single_issuer",
            "pbuf_ring,multishot_recv,multishot_accept,cancel_fd,send_msg_ring,ext_arg,coop_taskrun,"
                    + "defer_taskrun,single_issuer,ring_fds,no_iowait,no_sqarray"
        })
final class MaskMatrixTest {
    private static final int MIB = 1 << 20;

    @Parameter String mask;

    private Loops start(ReactorConfig config) {
        return Loops.start(1, mask, config);
    }

    private Loops start() {
        return start(ReactorConfig.defaults());
    }

    @Test
    @Behaviour("SND-08")
    void echoesWithTheSameChecksum() throws Exception {
        Random random = Seed.random("MaskMatrixTest.echo");
        try (Loops loops = start();
                Peer peer = Peer.connect(loops.serve(new Echo()))) {
            CompletableFuture<Long> sent = async(() -> peer.sendRandom(random, 4 * MIB));
            assertEquals(peer.checksum(4 * MIB), Loops.get(sent));
        }
    }

    @Test
    @Behaviour("SND-09")
    void halfCloseLeavesTheOtherDirectionOpen() throws Exception {
        Recorder server =
                new Recorder() {
                    @Override
                    void atEnd(StreamSocket socket) {
                        socket.write(ByteBuffer.wrap("answer".getBytes(UTF_8)));
                        socket.close();
                    }
                };
        try (Loops loops = start();
                Peer peer = Peer.connect(loops.serve(server))) {
            peer.send("question").shutdownOutput();
            assertEquals("answer", peer.readText(6));
            peer.assertEnd();
            assertArrayEquals("question".getBytes(UTF_8), server.bytes());
            assertNull(server.closeCause());
        }
    }

    @Test
    void closeSendsAllThatIsQueued() throws Exception {
        byte[] all = new byte[3 * MIB];
        new Random(1).nextBytes(all);
        Recorder server = new Recorder();
        try (Loops loops = start();
                Peer peer = Peer.connect(loops.serve(server))) {
            server.onLoop(socket -> {
                socket.write(ByteBuffer.wrap(all));
                socket.close();
            });
            assertArrayEquals(all, peer.readToEnd());
            assertNull(server.closeCause());
        }
    }

    @Test
    @Behaviour({"RCV-04", "CAN-09"})
    void abortDuringSendResetsThePeerAndTellsTheWriter() throws Exception {
        Recorder server = new Recorder();
        IOException reason = new IOException("enough");
        CompletableFuture<IOException> told = new CompletableFuture<>();
        try (Arena arena = Arena.ofShared();
                Loops loops = start();
                Peer peer = Peer.connect(loops.serve(server))) {
            MemorySegment data = arena.allocate(32L * MIB);
            server.onLoop(socket -> socket.write(data, told::complete));
            peer.read(1);
            server.onLoop(socket -> socket.abort(reason));
            assertSame(reason, Loops.get(told));
            assertSame(reason, server.closeCause());
            assertThrows(IOException.class, peer::readToEnd);
        }
    }

    @Test
    @Behaviour({"MSH-02", "BUF-05"})
    void exhaustedBuffersLoseNothing() throws Exception {
        Random random = Seed.random("MaskMatrixTest.exhausted");
        List<Peer> peers = new ArrayList<>();
        try (Loops loops =
                start(ReactorConfig.defaults().withStreamBuffers(BufferConfig.fixed(2, 512)))) {
            Listener listener = loops.listen(_ -> new Echo());
            List<CompletableFuture<Long>> sums = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
                Peer peer = Peer.connect(listener.address());
                peers.add(peer);
                Random own = new Random(random.nextLong());
                sums.add(async(() -> peer.sendRandom(own, 256 * 1024)));
            }
            for (int i = 0; i < peers.size(); i++) {
                assertEquals(peers.get(i).checksum(256 * 1024), Loops.get(sums.get(i)));
            }
            peers.forEach(Peer::close);
        }
    }

    @Test
    void closingTheLoopEndsOpenConnections() throws Exception {
        Recorder server = new Recorder();
        Loops loops = start();
        try (Peer peer = Peer.connect(loops.serve(server))) {
            server.socket();
            loops.closeLoops();
            assertThrows(IOException.class, () -> peer.read(1));
            assertEquals(1, server.closes.get());
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void connectorReachesTheListenerAndIsRefusedWithoutOne(boolean listening) throws Exception {
        Recorder client = new Recorder();
        CompletableFuture<IOException> failure = new CompletableFuture<>();
        try (Loops loops = start()) {
            Listener listener = loops.listen(_ -> new Echo());
            if (!listening) {
                Loops.get(listener.close());
            }
            Connector.connect(
                    loops.loop(),
                    listener.address(),
                    StreamConfig.defaults(),
                    0,
                    client,
                    failure::complete);
            if (listening) {
                client.onLoop(StreamSocket::close);
                assertNull(client.closeCause());
            } else {
                assertEquals(java.net.ConnectException.class, Loops.get(failure).getClass());
            }
        }
    }

    private static final java.nio.charset.Charset UTF_8 = java.nio.charset.StandardCharsets.UTF_8;

    private static <T> CompletableFuture<T> async(java.util.concurrent.Callable<T> task) {
        return Background.run(task);
    }
}
