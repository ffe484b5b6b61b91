package io.uring.net;

import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import io.uring.reactor.EventLoopGroup;
import io.uring.reactor.ReactorConfig;
import io.uring.testkit.NothingLeft;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** Once a socket is open, a datagram costs the loop no memory, whichever way it is answered. */
@Timeout(120)
@ExtendWith(NothingLeft.class)
final class DatagramAllocationTest {
    private static final int WARM_UP = 30_000;
    private static final int MESSAGES = 20_000;
    private static final int BYTES = 64;
    private static final int ENTERS_PER_MESSAGE = 2;
    private static final long DOWNCALL_BYTES = 40;

    @Test
    void anEchoOfTheReceivedDatagramAllocatesNothing() throws Exception {
        assertOnlyDowncalls((socket, datagram) -> socket.send(datagram, datagram.source()));
    }

    @Test
    void anEchoOfACopyAllocatesNothing() throws Exception {
        ByteBuffer copy = ByteBuffer.allocate(BYTES);
        assertOnlyDowncalls((socket, datagram) -> {
            copy.clear();
            datagram.read(copy);
            socket.send(copy.flip(), datagram.source());
            datagram.release();
        });
    }

    @Test
    void anAnswerFromNativeMemoryToAKnownPeerAllocatesNothing() throws Exception {
        Map<DatagramAddress, WriteListener> known = new HashMap<>();
        try (Arena arena = Arena.ofShared()) {
            MemorySegment answer = arena.allocate(BYTES);
            assertOnlyDowncalls((socket, datagram) -> {
                WriteListener listener = known.get(datagram.source());
                if (listener == null) {
                    listener = _ -> {};
                    known.put(datagram.source().copy(), listener);
                }
                socket.send(answer, datagram.source(), 0, listener);
                datagram.release();
            });
        }
    }

    @Test
    void anAnswerInSegmentsAllocatesNothing() throws Exception {
        ByteBuffer answer = ByteBuffer.allocate(BYTES);
        assertOnlyDowncalls((socket, datagram) -> {
            // One segment: the client expects one datagram. The control message is there all the
            // same.
            socket.send(answer.clear(), datagram.source(), BYTES, null);
            datagram.release();
        });
    }

    /**
     * Nothing, or what the JDK allocates in the two enter calls of a message where the JIT fails to
     * see that nobody keeps it. Anything of ours would be in between.
     */
    private static void assertOnlyDowncalls(DatagramHandler handler) throws Exception {
        long bytes = bytesPerMessage(handler);
        boolean downcalls =
                LongStream.rangeClosed(0, ENTERS_PER_MESSAGE)
                        .map(calls -> calls * DOWNCALL_BYTES)
                        .anyMatch(expected -> Math.abs(bytes - expected) <= 1);
        assertTrue(downcalls, bytes + " bytes per message");
    }

    private static long bytesPerMessage(DatagramHandler handler) throws Exception {
        try (EventLoopGroup loops = EventLoopGroup.start(1, ReactorConfig.defaults());
                DatagramChannel peer = DatagramChannel.open()) {
            DatagramConfig config = DatagramConfig.bind(Loops.loopback());
            DatagramSocket socket = DatagramSocket.open(loops.next(), config, handler);
            pingPong(peer, socket.localAddress(), WARM_UP);
            long before = allocatedBytes(loops);
            pingPong(peer, socket.localAddress(), MESSAGES);
            // The two questions themselves allocate a little, which must not round up to a byte.
            return (allocatedBytes(loops) - before) / MESSAGES;
        }
    }

    private static void pingPong(DatagramChannel peer, InetSocketAddress server, int messages)
            throws Exception {
        if (!peer.isConnected()) {
            peer.connect(server);
        }
        ByteBuffer message = ByteBuffer.allocateDirect(BYTES);
        for (int i = 0; i < messages; i++) {
            peer.write(message.clear());
            peer.read(message.clear());
        }
    }

    private static long allocatedBytes(EventLoopGroup loops) {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        CompletableFuture<Long> id = new CompletableFuture<>();
        loops.next().execute(() -> id.complete(Thread.currentThread().threadId()));
        return threads.getThreadAllocatedBytes(id.join());
    }
}
