package io.uring.netty;

import io.netty.channel.ChannelOption;
import io.netty.channel.ServerChannelRecvByteBufAllocator;
import io.netty.util.NetUtil;
import io.uring.net.SocketOption;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The options that all listening channels have.
 *
 * @param <C> the class itself
 */
abstract class UringServerConfig<C extends UringServerConfig<C>> extends UringChannelConfig<C> {
    private volatile int backlog = NetUtil.SOMAXCONN;

    UringServerConfig(
            UringServerChannel channel, Map<ChannelOption<?>, SocketOption<?>> socketOptions) {
        super(channel, new ServerChannelRecvByteBufAllocator(), socketOptions);
    }

    /** How many connections wait to be accepted, as listen(2) takes it. */
    public int getBacklog() {
        return backlog;
    }

    final void backlog(int connections) {
        if (connections < 0) {
            throw new IllegalArgumentException("backlog of " + connections);
        }
        backlog = connections;
    }

    @Override
    public Map<ChannelOption<?>, Object> getOptions() {
        return getOptions(super.getOptions(), ChannelOption.SO_BACKLOG);
    }

    @SuppressWarnings("unchecked")
    @Override
    public <T> @Nullable T getOption(ChannelOption<T> option) {
        if (option == ChannelOption.SO_BACKLOG) {
            return (T) Integer.valueOf(backlog);
        }
        return super.getOption(option);
    }

    @Override
    public <T> boolean setOption(ChannelOption<T> option, T value) {
        validate(option, value);
        if (option == ChannelOption.SO_BACKLOG) {
            backlog((Integer) value);
            return true;
        }
        return super.setOption(option, value);
    }
}
