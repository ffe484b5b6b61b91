package io.uring.reactornetty;

import io.netty.channel.Channel;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.IoEventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.socket.DatagramChannel;
import io.netty.channel.socket.ServerSocketChannel;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.unix.DomainSocketChannel;
import io.netty.channel.unix.ServerDomainSocketChannel;
import io.netty.util.concurrent.Future;
import io.uring.netty.Uring;
import io.uring.netty.UringDatagramChannel;
import io.uring.netty.UringDomainSocketChannel;
import io.uring.netty.UringIoHandler;
import io.uring.netty.UringServerDomainSocketChannel;
import io.uring.netty.UringServerSocketChannel;
import io.uring.netty.UringSocketChannel;
import io.uring.reactor.ReactorConfig;
import java.time.Duration;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import reactor.core.publisher.Mono;
import reactor.netty.FutureMono;
import reactor.netty.resources.LoopResources;

/**
 * Event loops on io_uring for Reactor Netty's servers and clients, TCP, UDP and unix sockets. What
 * Reactor Netty says about {@code preferNative} has no effect: there is no native library, and all
 * loops are on io_uring. Kernel 5.7.
 *
 * <pre>{@code
 * LoopResources loops = UringLoopResources.create("http");
 * DisposableServer server = HttpServer.create()
 *         .runOn(loops)
 *         .handle((request, response) -> response.sendString(Mono.just("hello")))
 *         .bindNow();
 * }</pre>
 *
 * <p>May be used by any thread. Who has made loops disposes of them, after all that runs on them.
 */
public final class UringLoopResources implements LoopResources {
    private static final System.Logger LOG = System.getLogger(UringLoopResources.class.getName());

    private final EventLoopGroup selectors;
    private final EventLoopGroup workers;
    private final EventLoopGroup clients;
    private final boolean daemon;

    private UringLoopResources(
            String prefix, int selectCount, int workerCount, boolean daemon, ReactorConfig config) {
        this.daemon = daemon;
        workers = group(prefix + "-uring", workerCount, config);
        selectors =
                selectCount == -1 ? workers : group(prefix + "-uring-select", selectCount, config);
        clients = LoopResources.colocate(workers);
    }

    /**
     * As many loops as Reactor Netty makes by default, on daemon threads: by its system properties,
     * or one per processor and four at least.
     *
     * @param prefix of the names of the threads
     * @return loops on io_uring, or Reactor Netty's own where that cannot be used: then one line of
     *     the log says why
     */
    public static LoopResources create(String prefix) {
        return create(prefix, DEFAULT_IO_SELECT_COUNT, DEFAULT_IO_WORKER_COUNT, true);
    }

    /**
     * As above, with numbers of your own.
     *
     * @param prefix of the names of the threads
     * @param selectCount loops that only accept, at least 1, or -1 when the workers accept
     * @param workerCount loops that do all the rest, at least 1
     * @param daemon whether the JVM may end while they run
     */
    public static LoopResources create(
            String prefix, int selectCount, int workerCount, boolean daemon) {
        return create(prefix, selectCount, workerCount, daemon, ReactorConfig.defaults());
    }

    /** As above, with limits of your own: buffers, operations, what a loop does when idle. */
    public static LoopResources create(
            String prefix, int selectCount, int workerCount, boolean daemon, ReactorConfig config) {
        if (prefix.isEmpty()) {
            throw new IllegalArgumentException("an empty prefix");
        }
        if (workerCount < 1 || (selectCount < 1 && selectCount != -1)) {
            throw new IllegalArgumentException(
                    selectCount + " selectors and " + workerCount + " workers");
        }
        Throwable cause = Uring.unavailabilityCause();
        if (cause == null) {
            return new UringLoopResources(prefix, selectCount, workerCount, daemon, config);
        }
        LOG.log(
                System.Logger.Level.WARNING,
                "Reactor Netty's loops \""
                        + prefix
                        + "\" are not on io_uring: "
                        + cause.getMessage());
        return selectCount == -1
                ? LoopResources.create(prefix, workerCount, daemon)
                : LoopResources.create(prefix, selectCount, workerCount, daemon);
    }

    private EventLoopGroup group(String name, int count, ReactorConfig config) {
        AtomicInteger number = new AtomicInteger();
        ThreadFactory threads =
                task -> new LoopThread(task, name + "-" + number.incrementAndGet(), daemon);
        return new MultiThreadIoEventLoopGroup(count, threads, UringIoHandler.newFactory(config));
    }

    @Override
    public boolean daemon() {
        return daemon;
    }

    @Override
    public EventLoopGroup onServerSelect(boolean useNative) {
        return selectors;
    }

    @Override
    public EventLoopGroup onServer(boolean useNative) {
        return workers;
    }

    /** A client's connection that a loop asks for stays on that loop. */
    @Override
    public EventLoopGroup onClient(boolean useNative) {
        return clients;
    }

    /** For loops of others, as Reactor Netty has it. */
    @Override
    public <C extends Channel> C onChannel(Class<C> type, EventLoopGroup group) {
        return isUring(group)
                ? type.cast(newChannel(type))
                : LoopResources.super.onChannel(type, group);
    }

    private static Channel newChannel(Class<?> type) {
        if (type == SocketChannel.class) {
            return new UringSocketChannel();
        }
        if (type == ServerSocketChannel.class) {
            return new UringServerSocketChannel();
        }
        if (type == DatagramChannel.class) {
            return new UringDatagramChannel();
        }
        if (type == DomainSocketChannel.class) {
            return new UringDomainSocketChannel();
        }
        if (type == ServerDomainSocketChannel.class) {
            return new UringServerDomainSocketChannel();
        }
        throw noSuch(type);
    }

    /** For loops of others, as Reactor Netty has it. */
    @Override
    public <C extends Channel> Class<? extends C> onChannelClass(
            Class<C> type, EventLoopGroup group) {
        return isUring(group)
                ? channelClass(type).asSubclass(type)
                : LoopResources.super.onChannelClass(type, group);
    }

    private static Class<? extends Channel> channelClass(Class<?> type) {
        if (type == SocketChannel.class) {
            return UringSocketChannel.class;
        }
        if (type == ServerSocketChannel.class) {
            return UringServerSocketChannel.class;
        }
        if (type == DatagramChannel.class) {
            return UringDatagramChannel.class;
        }
        if (type == DomainSocketChannel.class) {
            return UringDomainSocketChannel.class;
        }
        if (type == ServerDomainSocketChannel.class) {
            return UringServerDomainSocketChannel.class;
        }
        throw noSuch(type);
    }

    private static IllegalArgumentException noSuch(Class<?> type) {
        return new IllegalArgumentException("no channel on io_uring is a " + type.getName());
    }

    private static boolean isUring(EventLoopGroup group) {
        EventLoopGroup loops = group;
        if (loops instanceof Supplier<?> colocated
                && colocated.get() instanceof EventLoopGroup inner) {
            loops = inner;
        }
        return loops instanceof IoEventLoopGroup io && io.isIoType(UringIoHandler.class);
    }

    @Override
    public boolean isDisposed() {
        return workers.isShuttingDown();
    }

    @Override
    public Mono<Void> disposeLater(Duration quietPeriod, Duration timeout) {
        return Mono.defer(() -> {
            long quiet = quietPeriod.toMillis();
            long limit = timeout.toMillis();
            Future<?> accepting = selectors.shutdownGracefully(quiet, limit, TimeUnit.MILLISECONDS);
            Future<?> working = workers.shutdownGracefully(quiet, limit, TimeUnit.MILLISECONDS);
            return Mono.when(ended(accepting), ended(working));
        });
    }

    @SuppressWarnings({"unchecked", "rawtypes"}) // the value of a termination means nothing
    private static Mono<Void> ended(Future<?> termination) {
        return FutureMono.from((Future) termination);
    }

    @Override
    public String toString() {
        return "UringLoopResources{" + workers + "}";
    }
}
