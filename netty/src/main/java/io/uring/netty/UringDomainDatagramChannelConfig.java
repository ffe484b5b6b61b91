package io.uring.netty;

import io.netty.channel.ChannelOption;
import io.netty.channel.unix.DomainDatagramChannelConfig;
import io.uring.net.SocketOption;
import java.util.Map;

/** The options of a unix datagram channel. */
final class UringDomainDatagramChannelConfig extends PacketConfig<UringDomainDatagramChannelConfig>
        implements DomainDatagramChannelConfig {
    private static final Map<ChannelOption<?>, SocketOption<?>> SOCKET_OPTIONS =
            Map.of(
                    ChannelOption.SO_RCVBUF, SocketOption.SO_RCVBUF,
                    ChannelOption.SO_SNDBUF, SocketOption.SO_SNDBUF);

    UringDomainDatagramChannelConfig(UringDomainDatagramChannel channel) {
        super(channel, SOCKET_OPTIONS);
    }

    @Override
    public int getSendBufferSize() {
        return socket().option(SocketOption.SO_SNDBUF);
    }

    @Override
    public UringDomainDatagramChannelConfig setSendBufferSize(int bytes) {
        socket().option(SocketOption.SO_SNDBUF, bytes);
        return this;
    }
}
