package io.uring.grpc;

import io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.NettyServerBuilder;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.netty.util.concurrent.EventExecutor;
import io.uring.netty.Uring;
import io.uring.netty.UringIoHandler;
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
        if (loops == null) {
            return builder;
        }
        return builder.channelFactory(UringServerSocketChannel::new)
                .bossEventLoopGroup(loops)
                .workerEventLoopGroup(loops);
    }

    /**
     * Puts a client on these loops.
     *
     * @return {@code builder}
     */
    public NettyChannelBuilder configure(NettyChannelBuilder builder) {
        if (loops == null) {
            return builder;
        }
        return builder.channelFactory(UringSocketChannel::new).eventLoopGroup(loops);
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
