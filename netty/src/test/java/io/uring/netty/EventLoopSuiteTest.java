package io.uring.netty;

import io.netty.channel.Channel;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.testsuite.transport.AbstractSingleThreadEventLoopTest;
import org.jspecify.annotations.Nullable;

/** Netty's own tests of event loops. */
class EventLoopSuiteTest extends AbstractSingleThreadEventLoopTest {
    @Override
    protected EventLoopGroup newEventLoopGroup() {
        return new MultiThreadIoEventLoopGroup(1, UringIoHandler.newFactory());
    }

    /** A ring belongs to the thread that enabled it, so loops do not move to another one. */
    @Override
    protected @Nullable EventLoopGroup newAutoScalingEventLoopGroup() {
        return null;
    }

    @Override
    protected Channel newChannel() {
        return new UringSocketChannel();
    }

    @Override
    protected Class<? extends ServerChannel> serverChannelClass() {
        return UringServerSocketChannel.class;
    }
}
