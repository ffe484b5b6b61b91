package io.uring.grpc;

import io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.NettyServerBuilder;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFactory;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.netty.util.concurrent.EventExecutor;
import io.uring.netty.Uring;
import io.uring.netty.UringDomainSocketChannel;
import io.uring.netty.UringIoHandler;
import io.uring.netty.UringServerDomainSocketChannel;
import io.uring.netty.UringServerSocketChannel;
import io.uring.netty.UringSocketChannel;
import io.uring.reactor.ReactorConfig;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Loops on io_uring that gRPC servers and channels share. Where io_uring cannot be used, builders
 * stay as they are, gRPC takes the loops it has, and one line of the log says why. Kernel 5.7; any
 * thread.
 *
 * <pre>{@code
 * try (UringGrpc uring = UringGrpc.create()) {
 *     Server server = uring.configure(NettyServerBuilder.forPort(8080))
 *             .addService(new Greeter())
 *             .build()
 *             .start();
 *     server.awaitTermination();
 * }
 * }</pre>
 *
 * <p>{@code grpc-netty-shaded} has a Netty of its own, which knows nothing of this one.
 */
public final class UringGrpc implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(UringGrpc.class.getName());
    private static final long CLOSE_LIMIT_SECONDS = 15;

    private final @Nullable EventLoopGroup loops;

    private UringGrpc(@Nullable EventLoopGroup loops) {
        this.loops = loops;
    }

    /** A loop per processor, each a daemon thread {@code uring-grpc-N}. */
    public static UringGrpc create() {
        return create(Runtime.getRuntime().availableProcessors(), ReactorConfig.defaults());
    }

    /**
     * As above, with a number and limits of your own.
     *
     * @param loops at least 1
     */
    public static UringGrpc create(int loops, ReactorConfig config) {
        if (loops < 1) {
            throw new IllegalArgumentException(loops + " loops");
        }
        Throwable cause = Uring.unavailabilityCause();
        if (cause != null) {
            LOG.log(
                    System.Logger.Level.WARNING,
                    "gRPC does not use io_uring: " + cause.getMessage());
            return new UringGrpc(null);
        }
        return new UringGrpc(
                new MultiThreadIoEventLoopGroup(
                        loops,
                        new DefaultThreadFactory("uring-grpc", true),
                        UringIoHandler.newFactory(config)));
    }

    /** Whether builders get loops on io_uring. */
    public boolean isUring() {
        return loops != null;
    }

    /**
     * Puts a server on these loops: the type of its channels, and who accepts and works.
     *
     * @return {@code builder}
     */
    public NettyServerBuilder configure(NettyServerBuilder builder) {
        return loops == null ? builder : on(loops, UringServerSocketChannel::new, builder);
    }

    /**
     * Puts a client on these loops.
     *
     * @return {@code builder}
     */
    public NettyChannelBuilder configure(NettyChannelBuilder builder) {
        return loops == null ? builder : on(loops, UringSocketChannel::new, builder);
    }

    /**
     * Puts a server of a unix socket on these loops.
     *
     * <pre>{@code
     * var path = new DomainSocketAddress("/run/greeter.socket");
     * Server server = uring.configureUnix(NettyServerBuilder.forAddress(path))...
     * ManagedChannel channel = uring.configureUnix(NettyChannelBuilder.forAddress(path))...
     * }</pre>
     *
     * @return {@code builder}
     * @throws IllegalStateException where io_uring cannot be used: gRPC's own loops have no
     *     channels for unix sockets
     */
    public NettyServerBuilder configureUnix(NettyServerBuilder builder) {
        return on(unixLoops(), UringServerDomainSocketChannel::new, builder);
    }

    /**
     * Puts a client of a unix socket on these loops, as above.
     *
     * @return {@code builder}
     * @throws IllegalStateException where io_uring cannot be used
     */
    public NettyChannelBuilder configureUnix(NettyChannelBuilder builder) {
        return on(unixLoops(), UringDomainSocketChannel::new, builder);
    }

    private EventLoopGroup unixLoops() {
        if (loops == null) {
            throw new IllegalStateException(
                    "gRPC has unix sockets here with io_uring only", Uring.unavailabilityCause());
        }
        return loops;
    }

    private static NettyServerBuilder on(
            EventLoopGroup loops,
            ChannelFactory<? extends ServerChannel> channels,
            NettyServerBuilder builder) {
        return builder.channelFactory(channels)
                .bossEventLoopGroup(loops)
                .workerEventLoopGroup(loops);
    }

    private static NettyChannelBuilder on(
            EventLoopGroup loops,
            ChannelFactory<? extends Channel> channels,
            NettyChannelBuilder builder) {
        return builder.channelFactory(channels).eventLoopGroup(loops);
    }

    /**
     * Ends the loops, which closes what is still open on them: shut servers and channels down
     * before. Waits for the end, {@value #CLOSE_LIMIT_SECONDS} s at most, unless a loop itself
     * calls. Closing twice does no harm.
     */
    @Override
    public void close() {
        if (loops == null) {
            return;
        }
        var ended = loops.shutdownGracefully(0, CLOSE_LIMIT_SECONDS, TimeUnit.SECONDS);
        for (EventExecutor loop : loops) {
            if (loop.inEventLoop()) {
                return;
            }
        }
        ended.awaitUninterruptibly(CLOSE_LIMIT_SECONDS, TimeUnit.SECONDS);
    }
}
