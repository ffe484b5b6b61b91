package io.uring.netty;

import io.netty.channel.ChannelOption;
import io.netty.channel.FixedRecvByteBufAllocator;
import io.uring.net.SocketOption;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What channels for datagrams have in common: when they are active, and an allocator of which only
 * the number of messages per read is used.
 *
 * @param <C> the class itself
 */
@SuppressWarnings("deprecation") // DATAGRAM_CHANNEL_ACTIVE_ON_REGISTRATION
abstract class PacketConfig<C extends PacketConfig<C>> extends UringChannelConfig<C> {
    private volatile boolean activeOnRegistration;

    PacketConfig(UringPacketChannel channel, Map<ChannelOption<?>, SocketOption<?>> socketOptions) {
        super(channel, new FixedRecvByteBufAllocator(2048), socketOptions);
    }

    /** Whether it is active without an address of its own or a peer. */
    final boolean isActiveOnRegistration() {
        return activeOnRegistration;
    }

    @Override
    public Map<ChannelOption<?>, Object> getOptions() {
        return getOptions(
                super.getOptions(), ChannelOption.DATAGRAM_CHANNEL_ACTIVE_ON_REGISTRATION);
    }

    @SuppressWarnings("unchecked")
    @Override
    public <T> @Nullable T getOption(ChannelOption<T> option) {
        return option == ChannelOption.DATAGRAM_CHANNEL_ACTIVE_ON_REGISTRATION
                ? (T) Boolean.valueOf(activeOnRegistration)
                : super.getOption(option);
    }

    @Override
    public <T> boolean setOption(ChannelOption<T> option, T value) {
        if (option != ChannelOption.DATAGRAM_CHANNEL_ACTIVE_ON_REGISTRATION) {
            return super.setOption(option, value);
        }
        validate(option, value);
        if (channel.isRegistered()) {
            throw new IllegalStateException(
                    "DATAGRAM_CHANNEL_ACTIVE_ON_REGISTRATION of " + channel + ": it is registered");
        }
        activeOnRegistration = (Boolean) value;
        return true;
    }
}
