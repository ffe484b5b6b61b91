package io.uring.bench;

import io.uring.net.Listener;
import io.uring.net.ListenerConfig;
import io.uring.net.StreamAcceptor;
import io.uring.net.StreamHandler;
import io.uring.net.StreamSocket;
import io.uring.reactor.EventLoopGroup;
import io.uring.reactor.IdleStrategy;
import io.uring.reactor.ReactorConfig;
import io.uring.reactor.ReceivedBuffer;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;

/** Our own sockets. */
final class NetServer implements Server {
    /** Longer than a round trip through the scheduler, short beside what a core costs. */
    private static final long SPIN_NANOS = TimeUnit.MICROSECONDS.toNanos(100);

    private static final String RESPONSE =
            "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 13\r\n\r\nHello, World!";

    /** So many pipelined answers go out of one piece of memory. */
    private static final int ANSWERS = 64;

    private final ReactorConfig config;

    NetServer(ReactorConfig config) {
        this.config = config;
    }

    static NetServer sleeping() {
        return new NetServer(ReactorConfig.defaults());
    }

    static NetServer spinning() {
        return new NetServer(
                ReactorConfig.defaults().withIdle(IdleStrategy.spinThenSleep(SPIN_NANOS)));
    }

    @Override
    public int start(Mode mode, int port, int loops) throws IOException {
        return listen(EventLoopGroup.start(loops, config), mode, port);
    }

    static int listen(EventLoopGroup loops, Mode mode, int port) throws IOException {
        ListenerConfig config =
                ListenerConfig.of(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
        Listener listener =
                Listener.open(
                        loops,
                        config,
                        switch (mode) {
                            case ECHO -> always(new Echo());
                            case SINK -> always(new Sink());
                            case HTTP -> {
                                MemorySegment answers = answers();
                                yield socket -> new Plaintext(answers);
                            }
                        });
        return ((InetSocketAddress) listener.address()).getPort();
    }

    private static StreamAcceptor always(StreamHandler handler) {
        return socket -> handler;
    }

    private static MemorySegment answers() {
        byte[] bytes = RESPONSE.repeat(ANSWERS).getBytes(StandardCharsets.US_ASCII);
        MemorySegment memory = Arena.global().allocate(bytes.length);
        MemorySegment.copy(MemorySegment.ofArray(bytes), 0, memory, 0, bytes.length);
        return memory;
    }

    private static final class Echo implements StreamHandler {
        @Override
        public void onData(StreamSocket socket, ReceivedBuffer data) {
            socket.write(data);
        }
    }

    private static final class Sink implements StreamHandler {
        @Override
        public void onData(StreamSocket socket, ReceivedBuffer data) {
            data.release();
        }
    }

    private static final class Plaintext implements StreamHandler {
        private final HttpEnds ends = new HttpEnds();
        private final MemorySegment answers;

        Plaintext(MemorySegment answers) {
            this.answers = answers;
        }

        @Override
        public void onData(StreamSocket socket, ReceivedBuffer data) {
            int missing = ends.count(data.memory(), data.offset(), data.remaining());
            data.release();
            while (missing > 0) {
                int now = Math.min(missing, ANSWERS);
                socket.write(answers.asSlice(0, (long) now * RESPONSE.length()), failure -> {});
                missing -= now;
            }
        }
    }
}
