package io.uring.net;

import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import io.uring.reactor.EventLoopGroup;
import io.uring.reactor.ReactorConfig;
import java.io.DataInputStream;
import java.io.OutputStream;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/** Once a connection is open, a message costs the loop no memory, whichever way it is answered. */
class AllocationTest {
    private static final int WARM_UP = 30_000;
    private static final int MESSAGES = 20_000;
    private static final int BYTES = 64;
    private static final int ENTERS_PER_MESSAGE = 2;
    private static final long DOWNCALL_BYTES = 40;

    @Test
    void anEchoOfTheReceivedBufferAllocatesNothing() throws Exception {
        assertOnlyDowncalls(bytesPerMessage(StreamSocket::write));
    }

    @Test
    void anEchoOfACopyAllocatesNothing() throws Exception {
        ByteBuffer copy = ByteBuffer.allocate(BYTES);
        assertOnlyDowncalls(
                bytesPerMessage((socket, data) -> {
                    copy.clear();
                    data.read(copy);
                    data.release();
                    socket.write(copy.flip());
                }));
    }

    /**
     * Nothing, or what the JDK allocates in the two enter calls of a message where the JIT fails to
     * see that nobody keeps it. Anything of ours would be in between.
     */
    private static void assertOnlyDowncalls(long bytes) {
        boolean downcalls =
                LongStream.rangeClosed(0, ENTERS_PER_MESSAGE)
                        .map(calls -> calls * DOWNCALL_BYTES)
                        .anyMatch(expected -> Math.abs(bytes - expected) <= 1);
        assertTrue(downcalls, bytes + " bytes per message");
    }

    private static long bytesPerMessage(StreamHandler handler) throws Exception {
        InetSocketAddress any = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
        try (EventLoopGroup loops = EventLoopGroup.start(1, ReactorConfig.defaults())) {
            Listener listener = Listener.open(loops, ListenerConfig.of(any), socket -> handler);
            try (Socket socket = new Socket()) {
                socket.connect(listener.address());
                socket.setTcpNoDelay(true);
                pingPong(socket, WARM_UP);
                long before = allocatedBytes(loops);
                pingPong(socket, MESSAGES);
                // The two questions themselves allocate a little, which must not round up to a
                // byte.
                return (allocatedBytes(loops) - before) / MESSAGES;
            }
        }
    }

    private static void pingPong(Socket socket, int messages) throws Exception {
        OutputStream out = socket.getOutputStream();
        DataInputStream in = new DataInputStream(socket.getInputStream());
        byte[] message = new byte[BYTES];
        for (int i = 0; i < messages; i++) {
            out.write(message);
            in.readFully(message);
        }
    }

    private static long allocatedBytes(EventLoopGroup loops) {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        CompletableFuture<Long> id = new CompletableFuture<>();
        loops.next().execute(() -> id.complete(Thread.currentThread().threadId()));
        return threads.getThreadAllocatedBytes(id.join());
    }
}
