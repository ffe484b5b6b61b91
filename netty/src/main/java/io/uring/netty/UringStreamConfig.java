package io.uring.netty;

import io.netty.channel.ChannelOption;
import io.uring.net.SocketOption;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The options that all stream channels have.
 *
 * @param <C> the class itself
 */
abstract class UringStreamConfig<C extends UringStreamConfig<C>> extends UringChannelConfig<C> {
    private volatile boolean allowHalfClosure;
    private volatile int zeroCopyBytes = -1;

    UringStreamConfig(
            UringStreamChannel channel, Map<ChannelOption<?>, SocketOption<?>> socketOptions) {
        super(channel, socketOptions);
    }

    public boolean isAllowHalfClosure() {
        return allowHalfClosure;
    }

    final void allowHalfClosure(boolean on) {
        allowHalfClosure = on;
    }

    /** From how many bytes on a message is sent without a copy; -1 for never. */
    final int zeroCopyBytes() {
        return zeroCopyBytes;
    }

    /** Whether closing may have to wait. */
    boolean lingers() {
        return false;
    }

    /** Whether the first message goes with the SYN. */
    boolean isFastOpenConnect() {
        return false;
    }

    @Override
    public Map<ChannelOption<?>, Object> getOptions() {
        return getOptions(
                super.getOptions(),
                ChannelOption.ALLOW_HALF_CLOSURE,
                UringChannelOption.ZERO_COPY_BYTES);
    }

    @SuppressWarnings("unchecked")
    @Override
    public <T> @Nullable T getOption(ChannelOption<T> option) {
        if (option == ChannelOption.ALLOW_HALF_CLOSURE) {
            return (T) Boolean.valueOf(allowHalfClosure);
        }
        if (option == UringChannelOption.ZERO_COPY_BYTES) {
            return (T) Integer.valueOf(zeroCopyBytes);
        }
        return super.getOption(option);
    }

    @Override
    public <T> boolean setOption(ChannelOption<T> option, T value) {
        validate(option, value);
        if (option == ChannelOption.ALLOW_HALF_CLOSURE) {
            allowHalfClosure = (Boolean) value;
        } else if (option == UringChannelOption.ZERO_COPY_BYTES) {
            int bytes = (Integer) value;
            if (bytes < -1) {
                throw new IllegalArgumentException(option + ": " + bytes + ", -1 is for never");
            }
            zeroCopyBytes = bytes;
        } else {
            return super.setOption(option, value);
        }
        return true;
    }
}
