package io.uring.netty;

import io.netty.channel.ChannelOption;
import io.uring.net.SocketOption;
import java.util.Map;

/** The options of a listening unix socket. */
final class UringServerDomainSocketChannelConfig
        extends UringServerConfig<UringServerDomainSocketChannelConfig> {
    private static final Map<ChannelOption<?>, SocketOption<?>> SOCKET_OPTIONS =
            Map.of(
                    ChannelOption.SO_RCVBUF, SocketOption.SO_RCVBUF,
                    ChannelOption.SO_REUSEADDR, SocketOption.SO_REUSEADDR);

    UringServerDomainSocketChannelConfig(UringServerDomainSocketChannel channel) {
        super(channel, SOCKET_OPTIONS);
    }
}
