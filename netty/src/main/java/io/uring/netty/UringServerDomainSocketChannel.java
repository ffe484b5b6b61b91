package io.uring.netty;

import io.netty.channel.Channel;
import io.netty.channel.ChannelConfig;
import io.netty.channel.unix.DomainSocketAddress;
import io.netty.channel.unix.ServerDomainSocketChannel;
import io.netty.util.internal.logging.InternalLogger;
import io.netty.util.internal.logging.InternalLoggerFactory;
import io.uring.ring.internal.SocketCalls;
import java.io.IOException;
import java.net.SocketAddress;
import org.jspecify.annotations.Nullable;

/**
 * A listening unix socket. Addresses are paths of at most 107 bytes, or abstract names, which start
 * with NUL and need no file. A bind replaces the file of a socket that is already there; the close
 * deletes it. Kernel 5.7.
 *
 * <pre>{@code
 * new ServerBootstrap()
 *         .group(new MultiThreadIoEventLoopGroup(UringIoHandler.newFactory()))
 *         .channel(UringServerDomainSocketChannel.class)
 *         .childHandler(new MyInitializer())
 *         .bind(new DomainSocketAddress("/run/my.socket"));
 * }</pre>
 */
public final class UringServerDomainSocketChannel extends UringServerChannel
        implements ServerDomainSocketChannel {
    private static final InternalLogger LOGGER =
            InternalLoggerFactory.getInstance(UringServerDomainSocketChannel.class);

    private final UringServerDomainSocketChannelConfig config;
    private @Nullable SocketFile file;

    public UringServerDomainSocketChannel() {
        super(SocketFd.stream(SocketCalls.AF_UNIX));
        config = new UringServerDomainSocketChannelConfig(this);
    }

    @Override
    public ChannelConfig config() {
        return config;
    }

    @Override
    int backlog() {
        return config.getBacklog();
    }

    @Override
    Channel accepted(SocketFd connection) {
        return new UringDomainSocketChannel(this, connection, true);
    }

    @Override
    protected void doBind(SocketAddress address) throws Exception {
        SocketFile.clear(address);
        super.doBind(address);
        file = SocketFile.of(address);
    }

    @Override
    void onClosed() {
        super.onClosed();
        SocketFile bound = file;
        if (bound == null) {
            return;
        }
        file = null;
        try {
            bound.delete();
        } catch (IOException e) {
            LOGGER.debug("cannot delete the file of a closed unix socket: {}", bound.path(), e);
        }
    }

    @Override
    public @Nullable DomainSocketAddress localAddress() {
        return Addresses.domain(super.localAddress());
    }

    @Override
    public @Nullable DomainSocketAddress remoteAddress() {
        return null;
    }
}
