package io.uring.netty;

import io.netty.channel.ChannelOption;
import io.netty.channel.socket.DuplexChannelConfig;
import io.netty.channel.unix.DomainSocketChannelConfig;
import io.netty.channel.unix.DomainSocketReadMode;
import io.netty.channel.unix.UnixChannelOption;
import io.uring.net.SocketOption;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** The options of a connected unix socket. */
final class UringDomainSocketChannelConfig extends UringStreamConfig<UringDomainSocketChannelConfig>
        implements DomainSocketChannelConfig, DuplexChannelConfig {
    private static final Map<ChannelOption<?>, SocketOption<?>> SOCKET_OPTIONS =
            Map.of(
                    ChannelOption.SO_RCVBUF, SocketOption.SO_RCVBUF,
                    ChannelOption.SO_SNDBUF, SocketOption.SO_SNDBUF,
                    ChannelOption.SO_REUSEADDR, SocketOption.SO_REUSEADDR);

    private volatile DomainSocketReadMode readMode = DomainSocketReadMode.BYTES;

    UringDomainSocketChannelConfig(UringDomainSocketChannel channel) {
        super(channel, SOCKET_OPTIONS);
    }

    @Override
    public Map<ChannelOption<?>, Object> getOptions() {
        return getOptions(super.getOptions(), UnixChannelOption.DOMAIN_SOCKET_READ_MODE);
    }

    @SuppressWarnings("unchecked")
    @Override
    public <T> @Nullable T getOption(ChannelOption<T> option) {
        if (option == UnixChannelOption.DOMAIN_SOCKET_READ_MODE) {
            return (T) readMode;
        }
        return super.getOption(option);
    }

    @Override
    public <T> boolean setOption(ChannelOption<T> option, T value) {
        validate(option, value);
        if (option == UnixChannelOption.DOMAIN_SOCKET_READ_MODE) {
            setReadMode((DomainSocketReadMode) value);
            return true;
        }
        return super.setOption(option, value);
    }

    @Override
    public DomainSocketReadMode getReadMode() {
        return readMode;
    }

    /** For what the kernel hands out from now on; what was received before comes as it was. */
    @Override
    public UringDomainSocketChannelConfig setReadMode(DomainSocketReadMode mode) {
        if (readMode != Objects.requireNonNull(mode, "mode")) {
            readMode = mode;
            ((UringDomainSocketChannel) channel).readModeChanged();
        }
        return this;
    }

    @Override
    public UringDomainSocketChannelConfig setAllowHalfClosure(boolean on) {
        allowHalfClosure(on);
        return this;
    }
}
