package io.uring.net;

import io.uring.reactor.EventLoop;
import io.uring.reactor.EventLoopGroup;
import io.uring.ring.internal.SocketCalls;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Function;

/**
 * Datagram sockets on one port, one per loop. May be used from any thread.
 *
 * <pre>{@code
 * DatagramGroup group = DatagramSocket.openGroup(
 *         loops, DatagramConfig.bind(new InetSocketAddress(7000)), loop -> new Answers());
 * group.close().join();
 * }</pre>
 */
public final class DatagramGroup {
    private final List<DatagramSocket> sockets;

    private DatagramGroup(List<DatagramSocket> sockets) {
        this.sockets = List.copyOf(sockets);
    }

    static DatagramGroup open(
            EventLoopGroup loops,
            DatagramConfig config,
            Function<EventLoop, DatagramHandler> handlers)
            throws IOException {
        if (config.local() == null || config.remote() != null) {
            throw new IllegalArgumentException("a group needs a local and no remote address");
        }
        List<EventLoop> all = loops.loops();
        List<Integer> descriptors = DatagramBinding.openGroup(config, all.size());
        List<DatagramSocket> sockets = new ArrayList<>();
        int taken = 0;
        try {
            for (EventLoop loop : all) {
                DatagramHandler handler = handlers.apply(loop);
                int fd = descriptors.get(taken++);
                sockets.add(DatagramSocket.start(loop, fd, config, handler));
            }
            return new DatagramGroup(sockets);
        } catch (IOException | RuntimeException e) {
            descriptors.subList(taken, descriptors.size()).forEach(SocketCalls::close);
            var _ = new DatagramGroup(sockets).close();
            throw e;
        }
    }

    /** One for each loop, in their order. */
    public List<DatagramSocket> sockets() {
        return sockets;
    }

    /** The address that is bound, with the port that was chosen for port 0. */
    public InetSocketAddress address() {
        return sockets.getFirst().localAddress();
    }

    /**
     * Closes all sockets, as {@link DatagramSocket#close} does.
     *
     * @return completes when the port is free
     */
    public CompletableFuture<Void> close() {
        for (DatagramSocket socket : sockets) {
            try {
                socket.reactor().execute(socket::close);
            } catch (RejectedExecutionException e) {
                // The loop has closed, and the socket with it.
            }
        }
        return CompletableFuture.allOf(
                sockets.stream().map(DatagramSocket::closed).toArray(CompletableFuture<?>[]::new));
    }
}
