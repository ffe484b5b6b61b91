package io.uring.netty;

import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.ChannelException;
import io.netty.channel.ChannelOption;
import io.netty.channel.DefaultChannelConfig;
import io.netty.channel.MessageSizeEstimator;
import io.netty.channel.RecvByteBufAllocator;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.unix.IntegerUnixChannelOption;
import io.netty.channel.unix.RawUnixChannelOption;
import io.uring.net.SocketOption;
import io.uring.ring.internal.SocketCalls;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The options of a channel: those of Netty, and those of the kernel, which are asked for and set
 * directly. Any thread.
 *
 * @param <C> the class itself
 */
abstract class UringChannelConfig<C extends UringChannelConfig<C>> extends DefaultChannelConfig {
    private final SocketFd socket;
    private final Map<ChannelOption<?>, SocketOption<?>> socketOptions;

    UringChannelConfig(UringChannel channel, Map<ChannelOption<?>, SocketOption<?>> socketOptions) {
        super(channel);
        this.socket = channel.socket;
        this.socketOptions = socketOptions;
    }

    UringChannelConfig(
            UringChannel channel,
            RecvByteBufAllocator allocator,
            Map<ChannelOption<?>, SocketOption<?>> socketOptions) {
        super(channel, allocator);
        this.socket = channel.socket;
        this.socketOptions = socketOptions;
    }

    final SocketFd socket() {
        return socket;
    }

    @Override
    public Map<ChannelOption<?>, Object> getOptions() {
        return getOptions(
                super.getOptions(), socketOptions.keySet().toArray(ChannelOption<?>[]::new));
    }

    @SuppressWarnings("unchecked")
    @Override
    public <T> @Nullable T getOption(ChannelOption<T> option) {
        SocketOption<?> kernels = socketOptions.get(option);
        if (kernels != null) {
            return (T) socket.option(kernels);
        }
        try {
            if (option instanceof IntegerUnixChannelOption number) {
                return (T) Integer.valueOf(raw(number.level(), number.optname(), 4).getInt());
            }
            if (option instanceof RawUnixChannelOption bytes) {
                return (T) raw(bytes.level(), bytes.optname(), bytes.length());
            }
        } catch (IOException e) {
            throw new ChannelException(e);
        }
        return super.getOption(option);
    }

    private ByteBuffer raw(int level, int name, int length) throws IOException {
        byte[] value = new byte[length];
        int count =
                socket.call(
                        "getsockopt %d, %d".formatted(level, name),
                        fd -> SocketCalls.getOption(fd, level, name, value));
        return ByteBuffer.wrap(value, 0, count).order(java.nio.ByteOrder.nativeOrder());
    }

    @Override
    public <T> boolean setOption(ChannelOption<T> option, T value) {
        validate(option, value);
        SocketOption<?> kernels = socketOptions.get(option);
        try {
            if (kernels != null) {
                set(kernels, value);
            } else if (option instanceof IntegerUnixChannelOption number) {
                byte[] encoded = new byte[Integer.BYTES];
                ByteBuffer.wrap(encoded)
                        .order(java.nio.ByteOrder.nativeOrder())
                        .putInt((Integer) value);
                set(number.level(), number.optname(), encoded);
            } else if (option instanceof RawUnixChannelOption raw) {
                ByteBuffer given = ((ByteBuffer) value).duplicate();
                byte[] encoded = new byte[given.remaining()];
                given.get(encoded);
                set(raw.level(), raw.optname(), encoded);
            } else {
                return super.setOption(option, value);
            }
        } catch (IOException e) {
            throw new ChannelException(e);
        }
        return true;
    }

    private void set(SocketOption<?> option, Object value) throws IOException {
        socket.call("setsockopt " + option, fd -> option.setObject(fd, value));
    }

    private void set(int level, int name, byte[] value) throws IOException {
        socket.call(
                "setsockopt %d, %d".formatted(level, name),
                fd -> SocketCalls.setOption(fd, level, name, value));
    }

    @Override
    protected void autoReadCleared() {
        ((UringChannel) channel).autoReadCleared();
    }

    // What is set returns the type of the configuration itself, as Netty's interfaces want it.

    @SuppressWarnings("unchecked")
    private C self() {
        return (C) this;
    }

    @Override
    public C setConnectTimeoutMillis(int millis) {
        super.setConnectTimeoutMillis(millis);
        return self();
    }

    @Deprecated
    @Override
    public C setMaxMessagesPerRead(int count) {
        super.setMaxMessagesPerRead(count);
        return self();
    }

    @Override
    public C setWriteSpinCount(int count) {
        super.setWriteSpinCount(count);
        return self();
    }

    @Override
    public C setAllocator(ByteBufAllocator allocator) {
        super.setAllocator(allocator);
        return self();
    }

    @Override
    public C setRecvByteBufAllocator(RecvByteBufAllocator allocator) {
        super.setRecvByteBufAllocator(allocator);
        return self();
    }

    @Override
    public C setAutoRead(boolean on) {
        super.setAutoRead(on);
        return self();
    }

    @Override
    public C setAutoClose(boolean on) {
        super.setAutoClose(on);
        return self();
    }

    @Deprecated
    @Override
    public C setWriteBufferHighWaterMark(int bytes) {
        super.setWriteBufferHighWaterMark(bytes);
        return self();
    }

    @Deprecated
    @Override
    public C setWriteBufferLowWaterMark(int bytes) {
        super.setWriteBufferLowWaterMark(bytes);
        return self();
    }

    @Override
    public C setWriteBufferWaterMark(WriteBufferWaterMark marks) {
        super.setWriteBufferWaterMark(marks);
        return self();
    }

    @Override
    public C setMessageSizeEstimator(MessageSizeEstimator estimator) {
        super.setMessageSizeEstimator(estimator);
        return self();
    }
}
